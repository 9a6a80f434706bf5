import type { HistogramCounts } from "./histogram.ts";

/** Whether a destination is called: see `Breaker`. */
export type BreakerState = "closed" | "open" | "half-open";

/** How a destination stands. Counts run from the start of the router. */
export interface DestinationStatus {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  /**
   * `stopped`: it has come upon something that this version cannot read, and waits for a newer one.
   */
  readonly state: BreakerState | "stopped";
  readonly delivered: number;
  /**
   * What was shortened or left out of events that were delivered, since their service would not
   * have taken it: how often, by reason.
   */
  readonly adjusted: Readonly<Record<string, number>>;
  /** Events that were not for it, by reason. */
  readonly filtered: Readonly<Record<string, number>>;
  /** Events that their client had sent before. */
  readonly duplicate: number;
  /** Events given up, by reason: each is in the topic `dead.<id>`. */
  readonly dead: Readonly<Record<string, number>>;
  /** Attempts that failed and are made again. */
  readonly retried: number;
  /** Events that were given to it once more, on top of those that were accepted for it. */
  readonly replayed: number;
  /**
   * Events accepted for it and not finished: what is in memory, what is parked, and what is unread.
   */
  readonly waiting: number;
  /** Events on their way now. */
  readonly inFlight: number;
  /**
   * RFC 3339. When it is tried again, while it is in trouble; else when the first of the events is
   * that wait for another attempt. Absent when nothing waits for one, or one is under way.
   */
  readonly nextAttempt?: string;
  /** User keys that wait for another attempt while others go on. */
  readonly lanesWaiting: number;
  /** User keys whose events wait in the topic `retry.<id>`. */
  readonly lanesParked: number;
  /** Bytes of memory that its events are charged with. */
  readonly memory: number;
  readonly lag: {
    /**
     * Records of the log with an event that is not finished, about: from the low-water mark to the
     * end.
     */
    readonly records: number;
    /** The same as `waiting`. */
    readonly events: number;
    /**
     * Age of the oldest event that is not finished, as far as it was read; 0 when nothing waits.
     */
    readonly seconds: number;
  };
  /**
   * `false`: there is more unread than could be counted in the time of one call; `waiting` will be
   * higher.
   */
  readonly counted: boolean;
  /** Events with an `integrations` that means nothing; it was taken as absent. */
  readonly malformedIntegrations: number;
  /** Seconds from the acceptance of an event to its delivery, of those that were delivered. */
  readonly latency: HistogramCounts;
  /** The latest trouble; secrets are redacted. It stays after a recovery: see `state`. */
  readonly problem?: Problem;
}

/** What was tried again because somebody asked for it. */
export interface Retried {
  /**
   * How the destination stood. While it was not `closed`, one event goes out, and the rest once
   * that one gets through.
   */
  readonly state: DestinationStatus["state"];
  /** User keys that waited, each for a reason of its own. */
  readonly lanes: number;
}

export interface Problem {
  /** RFC 3339. */
  readonly at: string;
  /** `http_503`, `timeout`, `connect`, ... */
  readonly reason: string;
  readonly message: string;
}

export interface RouterStatus {
  /** Bytes that the events of all destinations are charged with, and what they may be. */
  readonly memory: { readonly held: number; readonly bytes: number };
  readonly destinations: readonly DestinationStatus[];
}
