import type { QueueEntry } from "../store/entry.ts";

/** `dueAt` of a batch that waits until it is known how many nodes there are. */
export const untilRegrouped: number = Number.POSITIVE_INFINITY;

/** What goes into one request. */
export interface RequestPart {
  readonly entries: QueueEntry[];
  /** The node of RudderStack's proxy that the messages belong to. */
  readonly node: number;
  /** How it was refused, in a way that may have been the server's fault. Halves inherit it. */
  readonly refusal?: PartRefusal;
}

export interface PartRefusal {
  /** Whether it is about one message alone. */
  readonly alone: boolean;
  /**
   * Requests of the client that had succeeded by then. Refused again after further successes, it is
   * its own fault.
   */
  readonly successes: number;
  readonly status: number;
  /** The server's. */
  readonly words: string;
  /**
   * Where a message alone was refused as a body that is not understood: whether it is known,
   * because others were accepted since it was first refused, that something in it is the reason, or
   * open.
   */
  readonly misread?: "known" | "open";
}

/**
 * Messages that were taken from the queue together, and travel together until the last of them has
 * ended. A batch begins as one part. A refusal splits the part at the front in halves, other nodes
 * divide it anew (`batch-parts.ts`); parts are sent one after the other, in order, so the order of
 * messages within a lane never changes.
 */
export class MessageBatch {
  /** The parts, in the order in which they are sent; the first is the one under way. */
  parts: RequestPart[];
  /**
   * Messages that were refused alone, while it is open whether that was their fault. They count as
   * first in order.
   */
  suspects: RequestPart[] = [];
  /**
   * Times that it was held because a message alone was not understood. With each one more message
   * is tried.
   */
  probes = 0;
  /** How many nodes the parts were divided for. */
  nodes = 1;
  /** Failures in a row of the part at the front. */
  failures = 0;
  /** Holds in a row. */
  holds = 0;
  /** Answers in a row that asked to divide anew. */
  regroups = 0;
  /** When the part at the front may be sent: milliseconds on the client's clock. */
  dueAt = 0;

  constructor(entries: QueueEntry[]) {
    this.parts = [{ entries, node: 0 }];
  }

  get front(): RequestPart | undefined {
    return this.parts[0];
  }

  /** Messages that have not ended. */
  *entries(): Generator<QueueEntry> {
    for (const part of this.suspects) yield* part.entries;
    for (const part of this.parts) yield* part.entries;
  }

  get isEmpty(): boolean {
    return this.parts.length === 0 && this.suspects.length === 0;
  }

  /** The oldest message that has not ended. */
  get oldest(): QueueEntry | undefined {
    let oldest: QueueEntry | undefined;
    for (const { entries } of [...this.suspects, ...this.parts]) {
      // Parts are sorted by age; so is each group of nodes.
      const first = entries[0];
      if (first !== undefined && (oldest === undefined || first.seq < oldest.seq)) oldest = first;
    }
    return oldest;
  }

  /** Whether the part at the front has been sent in vain. */
  get hasFailed(): boolean {
    return this.failures + this.holds + this.regroups > 0;
  }

  forgetFailures(): void {
    this.failures = 0;
    this.holds = 0;
    this.regroups = 0;
  }

  /**
   * Whether it is sent before another batch that is due: the one that has failed less often goes
   * first, then the older one.
   */
  comesBefore(other: MessageBatch): boolean {
    const more = this.failures + this.holds - (other.failures + other.holds);
    return more === 0 ? this.oldest!.seq < other.oldest!.seq : more < 0;
  }

  /**
   * Removes the part at the front, whose messages are about to end, and whatever counts its
   * failures.
   */
  shift(): RequestPart | undefined {
    this.forgetFailures();
    return this.parts.shift();
  }

  /** What was set aside goes to the front again, in order. */
  restoreSuspects(): void {
    this.parts.unshift(...this.suspects.splice(0));
  }

  /** Removes the messages for which the function says so, and returns them. */
  remove(isGone: (entry: QueueEntry) => boolean): QueueEntry[] {
    const gone: QueueEntry[] = [];
    const keep = (part: RequestPart): RequestPart => {
      const entries = part.entries.filter((entry) => !isGone(entry) || gone.push(entry) === 0);
      return entries.length === part.entries.length ? part : { ...part, entries };
    };
    this.suspects = this.suspects.map(keep).filter((part) => part.entries.length > 0);
    this.parts = this.parts.map(keep).filter((part) => part.entries.length > 0);
    if (this.parts.length === 0) this.restoreSuspects();
    return gone;
  }
}
