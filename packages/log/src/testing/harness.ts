import assert from "node:assert/strict";
import type { Damage } from "../damage.ts";
import type { FileSystem } from "../file-system.ts";
import type { Log } from "../log.ts";
import { LogReader } from "../log-reader.ts";
import type { LogRecord } from "../record.ts";
import type { RandomNumber } from "./fake-file-system.ts";

/** Lets everything run that is ready to run. */
export async function settle(turns = 3): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** A generator of numbers for one seed (mulberry32). */
export function seeded(seed: number): RandomNumber {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Distinct, never 0, the same in each run. */
export function epochs(): () => number {
  let count = 0;
  return () => ((++count * 2654435761) >>> 0) | 1;
}

/**
 * A payload that names its append and has `size` bytes at least; the bytes depend on the number.
 */
export function payloadOf(number: number, size: number): Uint8Array {
  const bytes = Buffer.alloc(Math.max(8, size), number & 255);
  bytes.writeDoubleLE(number, 0);
  return bytes;
}

export function numberOf(record: LogRecord): number {
  const bytes = Buffer.from(record.payload);
  const number = bytes.readDoubleLE(0);
  assert.deepEqual(
    bytes,
    payloadOf(number, bytes.byteLength),
    `the payload at offset ${record.offset} is not one that was appended`,
  );
  return number;
}

export interface Everything {
  readonly records: LogRecord[];
  readonly damage: Damage[];
}

/** Reads a log from `from` to its end with a reader, in pieces of `maxBytes`. */
export async function readAll(
  source: { readonly directory: string; readonly end: number } | Log,
  fs: FileSystem,
  { from = 0, maxBytes = 8192, reader }: { from?: number; maxBytes?: number; reader?: LogReader } = {},
): Promise<Everything> {
  const { end } = source;
  const used = reader ?? (await LogReader.open(source.directory, { fs }));
  const records: LogRecord[] = [];
  const damage: Damage[] = [];
  for (let at = from; at < end; ) {
    const result = await used.read(at, { end, maxBytes });
    assert.ok(result.next > at || result.records.length > 0, `read(${at}, end ${end}) did not get on`);
    for (const record of result.records) {
      assert.ok(record.offset >= at && record.offset < end && record.offset < result.next);
      assert.ok(record.offset > (records.at(-1)?.offset ?? -1), "offsets ascend");
      records.push(record);
    }
    damage.push(...result.damage);
    at = result.next;
  }
  if (reader === undefined) await used.close();
  return { records, damage };
}
