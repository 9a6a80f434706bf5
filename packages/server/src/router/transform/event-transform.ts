import type { DeliveredEvent } from "@pintle/events/gateway";
import type { EventSource } from "@pintle/kit";
import type { DeadEnding, FilteredEnding } from "../ledger/ending.ts";

/** What a transformation makes of one event. */
export type Transformed =
  /**
   * The events that go out in its place, in this order, at least one: it has ended when all of them
   * have.
   */
  | {
      readonly kind: "deliver";
      readonly events: readonly DeliveredEvent[];
      /** Bytes that each of them takes, as JSON or on the heap. @default as small as the event */
      readonly sizes?: readonly number[];
    }
  | FilteredEnding
  /** Dead: the letter holds the event as it came in. */
  | (DeadEnding & { readonly detail: string });

/**
 * What happens to the events of one destination after the filter and before they go out: its
 * transformation.
 *
 * It is called while the events' lanes are busy, so however long it takes, no event of a user
 * overtakes another; the calls of different batches overlap. What it gave for an event is kept for
 * further attempts, as long as the event is in memory. What is parked, and what is replayed, goes
 * through the transformation as it is then.
 */
export interface EventTransform {
  /**
   * One result for each event, in the order of the events, or for the first of them, at least one:
   * large results are taken from it bit by bit, and the rest is to be asked for again. A rejection
   * is this batch's trouble: it is tried again.
   */
  run(events: readonly DeliveredEvent[], sources: readonly EventSource[]): Promise<readonly Transformed[]>;
  /** Gives back so many bytes of what it gave, by their `sizes`: they are no longer held. */
  release?(bytes: number): void;
  /** Called when no event is in it any more, or nobody waits for what is. */
  close(): Promise<void>;
}

/** What the transformation could not be run with is given up. */
export function givenUp(detail: string): Transformed {
  return { kind: "dead", reason: "transformation", detail };
}

/** Bytes of what goes out in place of an event, as far as they are known. */
export function sizeOf(transformed: Transformed): number {
  return transformed.kind === "deliver" ? (transformed.sizes ?? []).reduce((sum, size) => sum + size, 0) : 0;
}

/** Bytes of the results that there are already. */
export function sizeOfAll(transformed: readonly (Transformed | undefined)[]): number {
  return transformed.reduce((sum, each) => sum + (each === undefined ? 0 : sizeOf(each)), 0);
}

/**
 * A limit to what goes out to one destination: a bucket that may run into debt, so that a batch
 * need not be cut to what is left.
 */
export interface Throttle {
  /**
   * The time, in the clock's `now`, from which something may go out. At or below `now`: at once.
   */
  next(now: number): number;
  /** Notes that so many events go out now. */
  took(events: number, now: number): void;
}
