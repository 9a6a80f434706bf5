import { glanceAtRecord } from "../../records/event-record.ts";
import type { PartitionState } from "../ledger/partition.ts";
import type { Clock } from "../time/clock.ts";

/** Whether the events of a source at an offset of the log are for a destination, or were. */
export type Concerns = (sourceId: string, offset: number) => boolean;

/**
 * The events of sources that are connected, and all that were accepted before this start: their
 * sources may have been connected then.
 */
export function concernsOf(
  sources: { has(sourceId: string): boolean },
  ledger: { readonly partitions: readonly PartitionState[] },
): Concerns {
  return (sourceId, offset) =>
    sourceId === "" || sources.has(sourceId) || ledger.partitions.some(({ endAtStart }) => offset < endAtStart);
}

/** Records are read in pieces of this many bytes. */
const pieceBytes = 1 << 20;

/**
 * Brings `partition.unread` up to date: the events in the log that the consumer has not read yet
 * and that concern it. Costs nothing for what it has read already, and each record is counted once:
 * from then on, reading it takes it off again.
 *
 * @returns whether it got to the end of the log before `deadline`
 */
export async function countUnread(
  partition: PartitionState,
  concerns: Concerns,
  clock: Clock,
  deadline: number,
): Promise<boolean> {
  const end = partition.source.end();
  while (!partition.revoked) {
    const from = Math.max(partition.countedTo, partition.window.position);
    if (from >= end) return true;
    if (clock.now() >= deadline) return false;
    const { records, next } = await partition.source.read(from, pieceBytes);
    if (next <= from) return true;
    // Someone else counted it meanwhile.
    if (Math.max(partition.countedTo, partition.window.position) > from && partition.countedTo >= next) continue;
    for (const record of records) {
      // The consumer read on while this read was under way.
      if (record.offset < partition.window.position || record.offset < partition.countedTo) continue;
      partition.unread += eventsConcerned(record, partition, concerns);
    }
    partition.countedTo = Math.max(partition.countedTo, next);
  }
  return true;
}

/** How much of `partition.unread` a record is that the consumer is about to read. */
export function countedAsUnread(
  record: { offset: number; header: Uint8Array },
  partition: PartitionState,
  concerns: Concerns,
): number {
  return record.offset < partition.countedTo ? eventsConcerned(record, partition, concerns) : 0;
}

/** Events of a record that are not finished and are, or were, for the destination. */
export function eventsConcerned(
  record: { offset: number; header: Uint8Array },
  partition: PartitionState,
  concerns: Concerns,
): number {
  const { sourceId, events } = countEvents(record.header);
  if (!concerns(sourceId, record.offset)) return 0;
  return events - partition.finishedBefore.countOf(record.offset);
}

/**
 * A record whose header cannot be read counts as one event, which is what it becomes: one dead
 * letter.
 */
export function countEvents(header: Uint8Array): { sourceId: string; events: number } {
  try {
    const { sourceId, count } = glanceAtRecord(header);
    return { sourceId, events: count };
  } catch {
    return { sourceId: "", events: 1 };
  }
}
