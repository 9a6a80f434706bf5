import type { BatchLimits, Commit, PlacedPosition } from "@pintle/kit";
import type { DeadLetterWriter } from "../dead/dead-letter-writer.ts";
import type { Entry, Lane } from "../lanes/entry.ts";
import type { Lanes } from "../lanes/lanes.ts";
import { deadEnding, delivered } from "../ledger/ending.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Loan, MemoryShare } from "../memory/budget.ts";
import { BatchWatch } from "./batch-watch.ts";
import type { Positions } from "./positions.ts";

/** Events that go out in one call of `deliver`. */
export interface Batch {
  readonly entries: readonly Entry[];
  readonly lanes: readonly Lane[];
  readonly bytes: number;
  /** The memory for those of its events that are held as JSON, and parsed to go out. */
  readonly loans: readonly Loan[];
  readonly isProbe: boolean;
  /** What it commits besides its events. */
  readonly positions: readonly PlacedPosition[];
  /** Events whose dead letters were written before the commit. */
  readonly written: Set<Entry>;
  /** The watch that hears what happens, while somebody watches. */
  readonly watch: BatchWatch | undefined;
}

export interface TakeOptions {
  readonly share: MemoryShare;
  /**
   * Events have a transformation before them, and are there a second time when they are through it.
   */
  readonly transform?: object | undefined;
  /** Positions, where the destination commits its position with the events. */
  readonly positions?: Positions | undefined;
  readonly ledger: Ledger;
}

/**
 * Takes the next batch out of the lanes that are ready; they are busy from then on. Of each lane it
 * takes one event, or, where batches are delivered as a whole, as many as there are.
 */
export function takeBatch(
  ready: Lanes,
  { events: most, bytes: mostBytes, whole }: BatchLimits,
  isProbe: boolean,
  { share, transform, positions, ledger }: TakeOptions,
): Batch | undefined {
  const entries: Entry[] = [];
  const loans: Loan[] = [];
  const admits = (entry: Entry | undefined): boolean => {
    if (entry === undefined || entry.unpacked === 0) return true;
    const needed = entry.unpacked * (transform === undefined ? 1 : 2);
    // Only the first of a batch may be more than there is room for.
    const loan = entries.length === 0 || share.fits(needed) ? share.borrow(needed) : undefined;
    if (loan !== undefined) loans.push(loan);
    return loan !== undefined;
  };
  const lanes: Lane[] = [];
  let bytes = 0;
  while (entries.length < most && (entries.length === 0 || bytes < mostBytes)) {
    if (!admits(ready.peek(isProbe))) break;
    const lane = ready.take(isProbe);
    if (lane === undefined) break;
    let taken = 0;
    do {
      const entry = ready.shift(lane);
      if (entry === undefined) break;
      if (entry.partition.revoked) {
        ledger.park(entry);
        continue;
      }
      if (positions?.takeCommitted(entry) === true) {
        ledger.end(entry, delivered);
        continue;
      }
      entries.push(entry);
      bytes += entry.bytes;
      taken++;
    } while (taken === 0 || (whole && entries.length < most && bytes < mostBytes && admits(lane.head)));
    if (taken === 0) ready.release(lane);
    else lanes.push(lane);
  }
  if (entries.length === 0) {
    for (const loan of loans) loan.giveBack();
    return undefined;
  }
  // Lanes keep the order within a user; a file is nicer to read in the order of the log.
  if (whole && entries.length > 1) entries.sort(inLogOrder);
  const watch = ledger.isWatched ? new BatchWatch(ledger, entries) : undefined;
  const commits = positions?.takeOff(entries) ?? [];
  return { entries, lanes, bytes, loans, isProbe, positions: commits, written: new Set(), watch };
}

/** The memory for what was parsed to go out is somebody else's. */
export function returnLoans({ loans }: Batch): void {
  for (const loan of loans) loan.giveBack();
}

/** What a transactional destination does with a batch beside delivering it. */
export function commitOf({ entries, positions, written }: Batch, deadLetters: DeadLetterWriter): Commit {
  return {
    positions,
    writeLetters: async (dead) => {
      await Promise.all(
        [...dead].map(async ([index, outcome]) => {
          const entry = entries[index]!;
          // An attempt that was made again within the same call has written it already.
          if (written.has(entry)) return;
          await deadLetters.writeBeforeCommit(entry, deadEnding(outcome));
          written.add(entry);
        }),
      );
    },
  };
}

function inLogOrder(a: Entry, b: Entry): number {
  return (
    a.partition.source.partition - b.partition.source.partition ||
    a.record.offset - b.record.offset ||
    a.index - b.index
  );
}
