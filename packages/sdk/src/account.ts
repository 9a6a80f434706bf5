import { type DropReason, dropReasons, type RefusalReason, refusalReasons } from "./outcome.ts";

/**
 * Where every message is, see {@link Pintle.stats}. Two equations hold at every instant:
 *
 * - `offered = accepted + sum of refused`
 * - `accepted = delivered + sum of dropped + pending`
 */
export interface Stats {
  /** Messages that were given to the client. */
  readonly offered: number;
  /** Messages that were taken; in durable mode also those that an earlier client has left on disk. */
  readonly accepted: number;
  /** Messages that were not taken, by reason. */
  readonly refused: Readonly<Record<RefusalReason, number>>;
  /** Messages that the data plane has confirmed. */
  readonly delivered: number;
  /** Messages that were taken and given up, by reason. */
  readonly dropped: Readonly<Record<DropReason, number>>;
  /** Messages neither delivered nor dropped yet; in durable mode also those that are only on disk. */
  readonly pending: number;
  /** Bytes of the pending messages, encoded. */
  readonly bytes: number;
  /** Requests that are under way. */
  readonly inFlight: number;
  /** Requests that were begun, repeats included, those for `/cluster-info` not. */
  readonly requests: number;
  /** Requests that repeated earlier ones. */
  readonly retries: number;
}

/**
 * Counts messages and requests. A message is counted once where it comes in and once where it ends; `pending` is counted
 * by itself, not computed from the others, so that a message that is lost track of shows.
 */
export class Account {
  #offered = 0;
  #accepted = 0;
  #delivered = 0;
  #pending = 0;
  #bytes = 0;
  readonly #refused = zeros(refusalReasons);
  readonly #dropped = zeros(dropReasons);
  #inFlight = 0;
  #requests = 0;
  #retries = 0;

  get pending(): number {
    return this.#pending;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get delivered(): number {
    return this.#delivered;
  }

  get dropped(): number {
    return Object.values(this.#dropped).reduce((sum, count) => sum + count, 0);
  }

  refused(reason: RefusalReason): void {
    this.#offered++;
    this.#refused[reason]++;
  }

  /** Messages were taken: one from the program, or those that an earlier client has left on disk. */
  accepted(bytes: number, count = 1): void {
    this.#offered += count;
    this.#accepted += count;
    this.#pending += count;
    this.#bytes += bytes;
  }

  deliver(bytes: number): void {
    this.#delivered++;
    this.#pending--;
    this.#bytes -= bytes;
  }

  drop(reason: DropReason, bytes: number, count = 1): void {
    this.#dropped[reason] += count;
    this.#pending -= count;
    this.#bytes -= bytes;
  }

  requestBegun(isRetry: boolean): void {
    this.#requests++;
    this.#inFlight++;
    if (isRetry) this.#retries++;
  }

  requestEnded(): void {
    this.#inFlight--;
  }

  stats(): Stats {
    return {
      offered: this.#offered,
      accepted: this.#accepted,
      refused: { ...this.#refused },
      delivered: this.#delivered,
      dropped: { ...this.#dropped },
      pending: this.#pending,
      bytes: this.#bytes,
      inFlight: this.#inFlight,
      requests: this.#requests,
      retries: this.#retries,
    };
  }
}

function zeros<Reason extends string>(reasons: readonly Reason[]): Record<Reason, number> {
  return Object.fromEntries(reasons.map((reason) => [reason, 0])) as Record<Reason, number>;
}
