import type { EngineRecord, PartitionRange } from "./engine.ts";

/**
 * The offset of the first record of a partition that was appended at `time` or later, by halving: a
 * log of 50 GB is not read for it. Where the system's clock was set back in between, one of those
 * where that holds.
 *
 * @param time milliseconds since the epoch
 * @param recordAt the first record at an offset or above it
 */
export async function seek(
  { start, end }: PartitionRange,
  time: number,
  recordAt: (offset: number) => Promise<Pick<EngineRecord, "offset" | "time"> | undefined>,
): Promise<number> {
  let low = start;
  let high = end;
  while (low < high) {
    const middle = low + Math.floor((high - low) / 2);
    const record = await recordAt(middle);
    if (record === undefined || record.offset >= high || record.time >= time) high = middle;
    else low = record.offset + 1;
  }
  return low;
}
