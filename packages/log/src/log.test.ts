import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Log } from "./log.ts";
import { LogReader } from "./log-reader.ts";

const bytes = (text: string): Uint8Array => Buffer.from(text);
const text = (value: Uint8Array): string => Buffer.from(value).toString();

test("appends, reads back and reopens on the real file system", async (t) => {
  const directory = await mkdtemp(join(tmpdir(), "pintle-log-"));
  t.after(() => rm(directory, { recursive: true }));
  const options = { segmentBytes: 16 * 1024, firstSegmentBytes: 4096 };
  let log = await Log.open(directory, options);
  const reader = await LogReader.open(directory);
  t.after(() => reader.close());
  const expected: string[] = [];
  for (let round = 0; round < 3; round++) {
    for (let group = 0; group < 20; group++) {
      const appends = Array.from({ length: 10 }, (_, index) => {
        const payload = `${round}/${group}/${index} ${"x".repeat((group * 37 + index * 101) % 700)}`;
        expected.push(payload);
        return log.append(bytes("h"), bytes(payload));
      });
      const offsets = await Promise.all(appends);
      assert.deepEqual(
        offsets,
        offsets.map((_, index) => expected.length - 10 + index),
      );
      assert.equal(log.end, expected.length);
    }
    const found: string[] = [];
    for (let from = 0; from < log.end; ) {
      const { records, next, damage } = await reader.read(from, { end: log.end, maxBytes: 5000 });
      assert.deepEqual(damage, []);
      found.push(...records.map((record) => text(record.payload)));
      from = next;
    }
    assert.deepEqual(found, expected);
    await log.close();
    log = await Log.open(directory, options);
    assert.deepEqual(log.damage, []);
    assert.equal(log.end, expected.length);
  }
  await log.close();
});
