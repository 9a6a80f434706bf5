import { builtin } from "../builtin.ts";
import type { Relay } from "../emitter.ts";
import { eventNames, type PintleEvents } from "../pintle-events.ts";

/** The part of a channel of `node:diagnostics_channel` that is used. */
export interface Channel {
  readonly hasSubscribers: boolean;
  publish(message: unknown): void;
}

/** What is published on `pintle:request` when a request has ended. */
export interface RequestEnded {
  readonly method: "GET" | "POST";
  readonly url: string;
  /** Bytes of the body on the wire, compressed where it was. */
  readonly bytes: number;
  /** Milliseconds from its beginning to the end of the answer. */
  readonly milliseconds: number;
  /** The status of the answer; absent where none was complete. */
  readonly status?: number;
  /** Why there was no complete answer. */
  readonly error?: Error;
}

const none: Channel = { hasSubscribers: false, publish() {} };

/**
 * The channel `pintle:NAME`, on which every client of the process publishes: for tools that watch a
 * program without its help. One that nobody subscribes to, where the runtime has none.
 */
export function channel(name: keyof PintleEvents | "request"): Channel {
  return builtin("node:diagnostics_channel")?.channel(`pintle:${name}`) ?? none;
}

/** Publishes what a client tells its listeners, with the client itself as one field more. */
export class ChannelRelay implements Relay<PintleEvents> {
  readonly #client: object;
  readonly #channels: { readonly [Name in keyof PintleEvents]: Channel };

  constructor(client: object) {
    this.#client = client;
    this.#channels = Object.fromEntries(eventNames.map((name) => [name, channel(name)])) as Record<
      keyof PintleEvents,
      Channel
    >;
  }

  has(event: keyof PintleEvents): boolean {
    return this.#channels[event].hasSubscribers;
  }

  publish<Name extends keyof PintleEvents>(event: Name, payload: PintleEvents[Name]): void {
    const { hasSubscribers } = this.#channels[event];
    if (!hasSubscribers) return;
    const client = this.#client;
    this.#channels[event].publish(payload instanceof Error ? { client, error: payload } : { client, ...payload });
  }
}
