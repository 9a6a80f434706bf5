import type { AssignedPartition, Progress } from "../engine/engine.ts";
import { Window, type WindowRecord } from "./window.ts";

/** What a consumer knows about a partition that it reads. */
export interface PartitionState {
  readonly source: AssignedPartition;
  readonly window: Window;
  /** Finished events at or above the low-water mark of an earlier run: record offset to indices. */
  readonly finishedBefore: Map<number, Set<number>>;
  /** Where the log ended when this consumer began. What lies below may have been accepted under another configuration. */
  readonly endAtStart: number;
  /** Ends reading and waiting when the partition is taken away. */
  readonly abort: AbortController;
  /** Events on their way to the destination or to the dead letters. */
  pending: number;
  /** Told when `pending` falls to 0. */
  onIdle: (() => void) | undefined;
  /** Whether progress has moved since it was saved. */
  dirty: boolean;
  /** The partition is no longer ours. */
  revoked: boolean;
  /** Up to where unread events were counted, and how many of them there are: see `countUnread`. */
  countedTo: number;
  unread: number;
}

/** An earlier run has finished the event. */
export function addFinishedBefore({ finishedBefore }: PartitionState, offset: number, index: number): void {
  const indices = finishedBefore.get(offset);
  if (indices === undefined) finishedBefore.set(offset, new Set([index]));
  else indices.add(index);
}

/** A partition of which nothing was read yet. */
export function newPartitionState(
  source: AssignedPartition,
  from: number,
  finished: Progress["finished"] = source.progress?.finished ?? [],
): PartitionState {
  const finishedBefore = new Map<number, Set<number>>();
  for (const [offset, index] of finished) {
    const indices = finishedBefore.get(offset);
    if (indices === undefined) finishedBefore.set(offset, new Set([index]));
    else indices.add(index);
  }
  return {
    source,
    window: new Window(from),
    finishedBefore,
    endAtStart: source.end(),
    abort: new AbortController(),
    pending: 0,
    onIdle: undefined,
    dirty: false,
    revoked: false,
    countedTo: from,
    unread: 0,
  };
}

/**
 * Where a consumer stands, once `events` are finished, too. With what an earlier run has finished in records that were not
 * read yet.
 */
export function progressOf(
  { window, finishedBefore }: PartitionState,
  events: readonly { readonly record: WindowRecord; readonly index: number }[] = [],
): Progress {
  const { low, finished } = window.progressAfter(events);
  if (finishedBefore.size === 0) return { low, finished };
  const unread = [...finishedBefore].toSorted(([one], [other]) => one - other);
  const indices = unread.flatMap(([offset, all]) =>
    [...all].toSorted((one, other) => one - other).map((index): [number, number] => [offset, index]),
  );
  return { low, finished: [...finished, ...indices] };
}
