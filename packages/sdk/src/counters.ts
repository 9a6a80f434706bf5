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
  /**
   * Messages that were taken; in durable mode also those that an earlier client has left on disk.
   */
  readonly accepted: number;
  /** Messages that were not taken, by reason. */
  readonly refused: Readonly<Record<RefusalReason, number>>;
  /** Messages that the data plane has confirmed. */
  readonly delivered: number;
  /** Messages that were taken and given up, by reason. */
  readonly dropped: Readonly<Record<DropReason, number>>;
  /**
   * Messages neither delivered nor dropped yet; in durable mode also those that are only on disk.
   */
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
 * Counts messages and requests. A message is counted once where it comes in and once where it ends;
 * `pending` is counted by itself, not computed from the others, so that a message that is lost
 * track of shows.
 */
export class MessageCounters {
  readonly #counts = {
    offered: 0,
    accepted: 0,
    refused: zeros(refusalReasons),
    delivered: 0,
    dropped: zeros(dropReasons),
    pending: 0,
    bytes: 0,
    inFlight: 0,
    requests: 0,
    retries: 0,
  };
  #staged = 0;
  #stagedBytes = 0;

  get pending(): number {
    return this.#counts.pending;
  }

  /** Pending messages that are in the queue, or beyond it. */
  get queued(): number {
    return this.#counts.pending - this.#staged;
  }

  /** Bytes of the pending messages that are not in the queue yet. */
  get stagedBytes(): number {
    return this.#stagedBytes;
  }

  get delivered(): number {
    return this.#counts.delivered;
  }

  get dropped(): number {
    return Object.values(this.#counts.dropped).reduce((sum, count) => sum + count, 0);
  }

  refused(reason: RefusalReason): void {
    this.#counts.offered++;
    this.#counts.refused[reason]++;
  }

  /**
   * Messages were taken: one from the program, or those that an earlier client has left on disk.
   */
  accepted(bytes: number, count = 1): void {
    const counts = this.#counts;
    counts.offered += count;
    counts.accepted += count;
    counts.pending += count;
    counts.bytes += bytes;
  }

  /** A message was taken that is not queued yet. */
  stage(bytes: number): void {
    this.accepted(bytes);
    this.#staged++;
    this.#stagedBytes += bytes;
  }

  /**
   * Counts off a message that was given up, or that is about to be queued and counted there, in the
   * same step.
   */
  unstage(bytes: number, reason?: DropReason): void {
    this.#staged--;
    this.#stagedBytes -= bytes;
    if (reason === undefined) this.accepted(-bytes, -1);
    else this.drop(reason, bytes);
  }

  deliver(bytes: number): void {
    this.#counts.delivered++;
    this.#end(bytes, 1);
  }

  drop(reason: DropReason, bytes: number, count = 1): void {
    this.#counts.dropped[reason] += count;
    this.#end(bytes, count);
  }

  #end(bytes: number, count: number): void {
    this.#counts.pending -= count;
    this.#counts.bytes -= bytes;
  }

  requestBegun(isRetry: boolean): void {
    this.#counts.requests++;
    this.#counts.inFlight++;
    if (isRetry) this.#counts.retries++;
  }

  requestEnded(): void {
    this.#counts.inFlight--;
  }

  stats(): Stats {
    const counts = this.#counts;
    return { ...counts, refused: { ...counts.refused }, dropped: { ...counts.dropped } };
  }
}

function zeros<Reason extends string>(reasons: readonly Reason[]): Record<Reason, number> {
  return Object.fromEntries(reasons.map((reason) => [reason, 0])) as Record<Reason, number>;
}
