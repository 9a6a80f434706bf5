import type { Progress } from "@pintle/log";
import type { AssignedPartition } from "../../engine/engine.ts";
import type { ScannedRecord } from "../../records/raw/scan-record.ts";
import { FinishedBefore } from "./finished-before.ts";
import { Window, type WindowRecord } from "./window.ts";

/** What is known of a partition that is read. What is open in it, the ledger alone changes. */
export interface PartitionState {
  readonly source: AssignedPartition;
  readonly window: Window;
  /** Finished events at or above the low-water mark of an earlier run. */
  readonly finishedBefore: FinishedBefore;
  /**
   * Where the log ended when this consumer began. What lies below may have been accepted under
   * another configuration.
   */
  readonly endAtStart: number;
  /** Ends reading and waiting when the partition is taken away. */
  readonly abort: AbortController;
  /**
   * The record that was read last, while not all of it is taken: there was no room for the rest.
   */
  part: RecordPart | undefined;
  /** Events in memory, and bytes of their records' payloads. */
  events: number;
  bytes: number;
  /** Events that ended. */
  ended: number;
  /** Events on their way to the destination or to the dead letters. */
  pending: number;
  /** Called when `pending` falls to 0. */
  onIdle: (() => void) | undefined;
  /** Whether progress has moved since it was saved. */
  dirty: boolean;
  /** The partition is being taken away: nothing of it is begun any more. */
  revoked: boolean;
  /**
   * Whether it was taken away: what ends after that comes up again for whoever has it now, and
   * counts there.
   */
  isGone: boolean;
  /**
   * The offset up to which unread events were counted, and how many there are: see `countUnread`.
   */
  countedTo: number;
  unread: number;
}

/** How far a record is taken. */
export interface RecordPart {
  readonly record: WindowRecord;
  /**
   * Position of the first event that is not taken, and how many events from there on have not
   * ended.
   */
  readonly next: number;
  readonly left: number;
  /** The record's events as bytes; each one that is taken holds on to all of them. */
  readonly scanned: ScannedRecord | undefined;
}

/** A partition of which nothing was read yet. */
export function newPartitionState(
  source: AssignedPartition,
  from: number,
  finished: Progress["finished"] = source.progress?.finished ?? [],
): PartitionState {
  return {
    source,
    window: new Window(from),
    finishedBefore: new FinishedBefore(finished),
    endAtStart: source.end(),
    abort: new AbortController(),
    part: undefined,
    events: 0,
    bytes: 0,
    ended: 0,
    pending: 0,
    onIdle: undefined,
    dirty: false,
    revoked: false,
    isGone: false,
    countedTo: from,
    unread: 0,
  };
}

/**
 * Where a consumer stands, once `events` are finished, too. With what an earlier run has finished
 * in records that were not read yet.
 */
export function progressOf(
  { window, finishedBefore }: PartitionState,
  events: readonly { readonly record: WindowRecord; readonly index: number }[] = [],
): Progress {
  const { low, finished } = window.progressAfter(events);
  if (finishedBefore.size === 0) return { low, finished };
  return { low, finished: [...finished, ...finishedBefore] };
}
