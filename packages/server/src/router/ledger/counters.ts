import type { Ending } from "./ending.ts";
import { Histogram, latencyBounds } from "./histogram.ts";
import type { DestinationStatus } from "./status.ts";
import { Tally } from "./tally.ts";

/**
 * What became of the events of one destination, in numbers. They run from the start of the router.
 */
export class Counters {
  #delivered = 0;
  #duplicate = 0;
  readonly #filtered: Tally = new Tally();
  readonly #dead: Tally = new Tally();
  readonly #adjusted: Tally = new Tally();
  /** Seconds from the acceptance of an event to its delivery. */
  readonly #latency: Histogram = new Histogram(latencyBounds);
  /** Attempts that failed and are made again. */
  retried = 0;
  /** Dead letters and others that were given to the destination once more. */
  replayed = 0;
  /** Events with an `integrations` that means nothing. */
  malformed = 0;

  get delivered(): number {
    return this.#delivered;
  }

  /**
   * Counts events that ended. One that is parked has not: its way goes on in the retry topic.
   *
   * @param seconds since its acceptance, of one that was delivered
   */
  ended(ending: Ending, events: number, seconds = 0): void {
    switch (ending.kind) {
      case "delivered":
        this.#delivered += events;
        this.#latency.add(seconds);
        return;
      case "duplicate":
        this.#duplicate += events;
        return;
      case "filtered":
        this.#filtered.add(ending.reason, events);
        return;
      case "dead":
        this.#dead.add(ending.reason, events);
        return;
      case "parked":
        return;
    }
  }

  /** Counts what was changed of an event that was delivered. */
  changed(adjustments: readonly { readonly reason: string }[]): void {
    for (const { reason } of adjustments) this.#adjusted.add(reason);
  }

  toJSON(): Pick<
    DestinationStatus,
    | "delivered"
    | "adjusted"
    | "filtered"
    | "duplicate"
    | "dead"
    | "retried"
    | "replayed"
    | "malformedIntegrations"
    | "latency"
  > {
    return {
      delivered: this.#delivered,
      adjusted: this.#adjusted.toJSON(),
      filtered: this.#filtered.toJSON(),
      duplicate: this.#duplicate,
      dead: this.#dead.toJSON(),
      retried: this.retried,
      replayed: this.replayed,
      malformedIntegrations: this.malformed,
      latency: this.#latency.toJSON(),
    };
  }
}
