import type { AssignedPartition } from "../../engine/engine.ts";

/**
 * The offset of the first record that was appended at `time` or later, by halving: a log of 50 GB is not read for it. Where the system's clock
 * was set back in between, one of those where that holds.
 *
 * @param time milliseconds since the epoch
 */
export async function offsetAt(
  source: Pick<AssignedPartition, "start" | "end" | "read">,
  time: number,
): Promise<number> {
  let low = source.start();
  let high = source.end();
  while (low < high) {
    const middle = low + Math.floor((high - low) / 2);
    const [record] = (await source.read(middle, 1)).records;
    if (record === undefined || record.offset >= high) high = middle;
    else if (record.time >= time) high = middle;
    else low = record.offset + 1;
  }
  return low;
}
