import type { DeliveredEvent } from "@pintle/events/gateway";
import { type Entry, newEntry } from "../lanes/entry.ts";
import type { PartitionState } from "../ledger/partition.ts";
import { type Concerns, eventsConcerned } from "./unread.ts";

const pieceBytes = 1 << 20;

/**
 * Moves a partition over records that are gone before they were read. How many events were in them
 * is known as far as they were counted before, which each look at the status does; of what nobody
 * has counted, each record counts as one event, which is the least that it can have had.
 *
 * @returns an entry that stands for all of them, and the offset that they ended before; `undefined`
 * where there is no gap
 */
export async function takeGap(
  partition: PartitionState,
  concerns: Concerns,
  wall: number,
): Promise<{ entry: Entry; to: number } | undefined> {
  const { source, window } = partition;
  const from = window.position;
  let to = source.start();
  if (from >= to) return undefined;

  // What was counted and is still there. While it is read, others may count on, and more may go.
  let still = 0;
  let at = to;
  while (at < partition.countedTo || to < source.start()) {
    if (to < source.start()) {
      to = source.start();
      at = to;
      still = 0;
      continue;
    }
    const { records, next } = await source.read(at, pieceBytes);
    if (next === at) break;
    const counted = records.filter(({ offset }) => offset < partition.countedTo);
    for (const record of counted) still += eventsConcerned(record, partition, concerns);
    at = counted.length === records.length ? next : partition.countedTo;
  }
  if (partition.revoked) return undefined;

  const counted = Math.max(from, partition.countedTo);
  const events = partition.unread - still + Math.max(0, to - counted);
  partition.unread = still;
  partition.countedTo = Math.max(to, partition.countedTo);
  partition.finishedBefore.dropBelow(to);
  const event = { messageId: "" } as unknown as DeliveredEvent;
  const record = window.add(from, wall, 1);
  window.skipTo(to);
  return {
    entry: newEntry(partition, record, {
      index: 0,
      event,
      sourceId: "",
      keyHash: 0,
      bytes: 0,
      cost: 0,
      weight: events,
    }),
    to,
  };
}
