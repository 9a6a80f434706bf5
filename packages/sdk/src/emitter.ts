import { callForeign } from "./foreign.ts";

export type Listener<Payload> = (payload: Payload) => unknown;

/** Where what is emitted goes besides the listeners. */
export interface Relay<Payloads> {
  has(event: keyof Payloads): boolean;
  publish<Name extends keyof Payloads>(event: Name, payload: Payloads[Name]): void;
}

/**
 * Events for the program. Not node:events, which does not exist everywhere and throws for an
 * `error` without a listener. A listener that throws, or returns a promise that rejects, disturbs
 * neither the client nor the other listeners.
 */
export class Emitter<Payloads extends object> {
  readonly #listeners = new Map<keyof Payloads, readonly Listener<never>[]>();
  /** What `once` was given, by what listens in its place. */
  readonly #once = new WeakMap<Listener<never>, Listener<never>>();
  readonly #onFailure: (event: keyof Payloads, error: unknown) => void;
  readonly #relay: Relay<Payloads>;

  constructor(onFailure: (event: keyof Payloads, error: unknown) => void, relay: Relay<Payloads>) {
    this.#onFailure = onFailure;
    this.#relay = relay;
  }

  on<Name extends keyof Payloads>(event: Name, listener: Listener<Payloads[Name]>): void {
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener]);
  }

  /** The same for the next one alone. */
  once<Name extends keyof Payloads>(event: Name, listener: Listener<Payloads[Name]>): void {
    const once: Listener<Payloads[Name]> = (payload) => {
      this.off(event, once);
      return listener(payload);
    };
    this.#once.set(once, listener);
    this.on(event, once);
  }

  /** Takes back one `on` or `once` of this listener. */
  off<Name extends keyof Payloads>(event: Name, listener: Listener<Payloads[Name]>): void {
    const listeners = this.#listeners.get(event) ?? [];
    const at = listeners.findIndex((each) => each === listener || this.#once.get(each) === listener);
    if (at >= 0) this.#listeners.set(event, listeners.toSpliced(at, 1));
  }

  /** Whether anybody listens: what an event would carry need not be made otherwise. */
  has(event: keyof Payloads): boolean {
    return (this.#listeners.get(event)?.length ?? 0) > 0 || this.#relay.has(event);
  }

  emit<Name extends keyof Payloads>(event: Name, payload: Payloads[Name]): void {
    for (const listener of this.#listeners.get(event) ?? []) {
      callForeign(
        () => (listener as Listener<Payloads[Name]>)(payload),
        (error) => this.#onFailure(event, error),
      );
    }
    this.#relay.publish(event, payload);
  }
}
