import type { Reason } from "./answer.ts";
import type { Oddity, OddityCounts } from "./oddities.ts";

/**
 * What the gateway has done since it was made. Requests to paths that take no events are not
 * counted.
 */
export interface GatewayStats {
  /**
   * Requests that were answered with `ok`, their events, and the bytes of their bodies after
   * decompression.
   */
  readonly requests: number;
  readonly events: number;
  readonly bytes: number;
  /** Requests that were refused, by reason. */
  readonly refused: Readonly<Partial<Record<Reason, number>>>;
  /** What is odd about what came in, by source. */
  readonly oddities: OddityCounts;
  /**
   * The time from the hand-over to the engine until the events were durable: how often, and
   * milliseconds in all.
   */
  readonly append: { readonly count: number; readonly milliseconds: number };
  /** Bytes of bodies that are being received or wait for the disk now. */
  readonly bytesInFlight: number;
  readonly connections: number;
  readonly state: "ready" | "stopping";
  /** Whether the storage takes events, as far as the last request showed. */
  readonly storage: "open" | "full" | "shut";
}

export class GatewayCounters {
  requests = 0;
  events = 0;
  bytes = 0;
  appends = 0;
  appendMilliseconds = 0;
  readonly refused: Partial<Record<Reason, number>> = {};
  readonly #oddities = new Map<string, Partial<Record<Oddity, number>>>();

  accept(events: number, bytes: number, milliseconds: number): void {
    this.requests++;
    this.events += events;
    this.bytes += bytes;
    this.appends++;
    this.appendMilliseconds += milliseconds;
  }

  refuse(reason: Reason): void {
    this.refused[reason] = (this.refused[reason] ?? 0) + 1;
  }

  odd(sourceId: string, kind: Oddity, times: number): void {
    if (times === 0) return;
    const counts = this.#oddities.get(sourceId) ?? {};
    this.#oddities.set(sourceId, counts);
    counts[kind] = (counts[kind] ?? 0) + times;
  }

  get oddities(): OddityCounts {
    return Object.fromEntries([...this.#oddities].map(([sourceId, counts]) => [sourceId, { ...counts }]));
  }
}
