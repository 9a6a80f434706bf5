import { boundedWait } from "./bounded-wait.ts";
import type { Enrich } from "./config.ts";
import type { MessageCounters } from "./counters.ts";
import type { Environment } from "./environment.ts";
import { PintleError } from "./errors.ts";
import { askForeign, describeThrown } from "./foreign.ts";
import type { Accepted } from "./outbox/outbox.ts";
import { Transit } from "./outbox/transit.ts";
import { type Dropped, dropped } from "./outcome.ts";
import type { Signal } from "./signal.ts";
import { WakeUp } from "./wake-up.ts";
import type { WritableMessage } from "./writable-message.ts";

/**
 * Messages that are enriched at one time. More would be as many queries at once as a program makes
 * calls.
 */
const mostAtOnce = 64;

/** Gives messages to be enriched, and takes them back. */
export interface EnrichmentHost {
  /** What is to be sent for `result`. Throws where it is no message. */
  encode(result: unknown, original: string, more: string): { readonly json: string; readonly lane: number };
  /** Queues it. */
  accept(json: string, lane: number): Accepted | "too_large" | "queue_full";
  /** A message has been counted as pending. */
  busy(): void;
  /** A message was given up here, since there was no room for it any more. */
  dropped(json: string, outcome: Dropped): void;
  problem(error: PintleError): void;
}

/** What is known of a message. */
interface Encoded {
  readonly json: string;
  /** The end of it that no function of the program's sees: fields that the model does not know. */
  readonly more: string;
  readonly bytes: number;
  readonly lane: number;
}

/** A message on its way through `enrich`. */
class EnrichedMessage extends Transit {
  readonly seq: number;
  readonly json: string;
  readonly more: string;
  readonly bytes: number;
  readonly lane: number;
  readonly deadline: number;
  /** What is sent, as soon as that is known. */
  ready: { readonly json: string; readonly lane: number } | undefined;

  constructor(seq: number, { json, more, bytes, lane }: Encoded, deadline: number) {
    super();
    this.seq = seq;
    this.json = json;
    this.more = more;
    this.bytes = bytes;
    this.lane = lane;
    this.deadline = deadline;
  }
}

/**
 * Messages that have been accepted, and wait for `enrich` before they are queued. Those of one user
 * leave in the order in which they came; a message whose enrichment throws, gives no message, or
 * takes too long is sent as it was at the call. Their bytes count as those of the queue, which
 * bounds them.
 */
export class Enrichment {
  readonly #enrich: Enrich;
  readonly #timeout: number;
  readonly #environment: Environment;
  readonly #counters: MessageCounters;
  readonly #host: EnrichmentHost;
  readonly #wakeUp: WakeUp;
  #seq = 0;
  /**
   * All messages in it, oldest first. Sets, because taking away the first of a long list moves all
   * others.
   */
  readonly #items = new Set<EnrichedMessage>();
  /** Messages by user, oldest first. */
  readonly #lanes = new Map<number, Set<EnrichedMessage>>();
  readonly #waiting = new Set<EnrichedMessage>();
  #running = 0;
  readonly #waiters = new Set<{ readonly mark: number; left: number; readonly done: () => void }>();

  constructor(
    enrich: Enrich,
    timeout: number,
    environment: Environment,
    counters: MessageCounters,
    host: EnrichmentHost,
  ) {
    this.#enrich = enrich;
    this.#timeout = timeout;
    this.#environment = environment;
    this.#counters = counters;
    this.#host = host;
    this.#wakeUp = new WakeUp(environment, () => this.#expire());
  }

  /** Takes an encoded message for which there is room. */
  add(encoded: Encoded): Accepted {
    const now = this.#environment.monotonic();
    const { bytes, lane } = encoded;
    const item = new EnrichedMessage(++this.#seq, encoded, now + this.#timeout);
    this.#counters.stage(bytes);
    this.#items.add(item);
    const others = this.#lanes.get(lane);
    if (others === undefined) this.#lanes.set(lane, new Set([item]));
    else others.add(item);
    this.#waiting.add(item);
    this.#wakeUp.at(item.deadline, now);
    this.#host.busy();
    this.#start();
    return item;
  }

  /**
   * Resolves when every message that is here now has left, after so many milliseconds, or with the
   * signal.
   */
  async settled(timeout: number, signal?: Signal): Promise<void> {
    const left = this.#items.size;
    if (left === 0) return;
    await boundedWait(this.#environment, timeout, signal, (done) => {
      const waiter = { mark: this.#seq, left, done };
      this.#waiters.add(waiter);
      return () => this.#waiters.delete(waiter);
    });
  }

  /** Waits no longer: what is still here is sent as it was at the call. */
  release(): void {
    this.#waiting.clear();
    for (const item of [...this.#items]) this.#ready(item, undefined);
    this.#wakeUp.cancel();
  }

  #start(): void {
    for (const item of this.#waiting) {
      if (this.#running >= mostAtOnce) return;
      this.#waiting.delete(item);
      if (item.ready !== undefined) continue;
      this.#running++;
      const message = JSON.parse(`${item.json}}`) as WritableMessage;
      const end = (ready?: EnrichedMessage["ready"]): void => {
        this.#running--;
        this.#ready(item, ready);
        this.#start();
      };
      askForeign(() => this.#enrich(message))
        .then((result) => this.#host.encode(result ?? message, item.json, item.more))
        .then(end, (thrown: unknown) => {
          // For one that took too long, that has been told already.
          if (item.ready === undefined) this.#problem(describeThrown(thrown), thrown);
          end();
        });
    }
  }

  #expire(): void {
    const now = this.#environment.monotonic();
    const late: EnrichedMessage[] = [];
    for (const item of this.#items) {
      if (item.deadline > now) break;
      if (item.ready === undefined) late.push(item);
    }
    if (late.length > 0) this.#problem(`it took longer than ${this.#timeout} ms`);
    for (const item of late) this.#ready(item, undefined);
    for (const item of this.#items) {
      if (item.ready !== undefined) continue;
      this.#wakeUp.at(item.deadline, now);
      break;
    }
  }

  #problem(why: string, cause?: unknown): void {
    const what = `enrich failed, and the message is sent as it was at the call: ${why}`;
    this.#host.problem(new PintleError("PINTLE_OPTION_FAILED", what, cause === undefined ? {} : { cause }));
  }

  /**
   * Lets a message leave, now that it is known what is sent, as soon as the earlier ones of its
   * user have left.
   */
  #ready(item: EnrichedMessage, ready: EnrichedMessage["ready"]): void {
    if (item.ready !== undefined) return;
    item.ready = ready ?? item;
    const lane = this.#lanes.get(item.lane);
    for (const first of lane ?? []) {
      if (first.ready === undefined) break;
      lane?.delete(first);
      this.#items.delete(first);
      this.#leave(first);
    }
    if (lane?.size === 0) this.#lanes.delete(item.lane);
    if (this.#items.size === 0) this.#wakeUp.cancel();
  }

  #leave(item: EnrichedMessage): void {
    const { json, lane } = item.ready!;
    this.#counters.unstage(item.bytes);
    let entry = this.#host.accept(json, lane);
    if (typeof entry === "string" && json !== item.json) {
      if (entry === "too_large") this.#problem("the message is over maxMessageBytes with it");
      entry = this.#host.accept(item.json, item.lane);
    }
    if (typeof entry === "string") {
      // Only where others have taken the room: on disk, in durable mode.
      const why = new PintleError("PINTLE_MESSAGE_EVICTED", "the queue was full when the message had been enriched");
      this.#counters.stage(item.bytes);
      this.#counters.unstage(item.bytes, "evicted");
      const outcome = dropped("evicted", why);
      item.end(outcome);
      this.#host.dropped(item.json, outcome);
    } else {
      item.end(entry);
    }
    for (const waiter of this.#waiters) if (item.seq <= waiter.mark && --waiter.left === 0) waiter.done();
  }
}
