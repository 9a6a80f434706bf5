import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import fc from "fast-check";
import { Log } from "./log.ts";
import { LogReader } from "./log-reader.ts";
import { FakeFileSystem } from "./testing/fake-file-system.ts";
import { numberOf, payloadOf } from "./testing/harness.ts";

const directory = "/data/events";
const none = new Uint8Array(0);

async function filled(count: number, sizeOf: (number: number) => number): Promise<{ fs: FakeFileSystem; log: Log }> {
  const fs = new FakeFileSystem();
  let now = 0;
  const log = await Log.open(directory, { fs, now: () => now, segmentBytes: 512 * 1024, firstSegmentBytes: 4096 });
  for (let first = 0; first < count; first += 50) {
    const numbers = Array.from({ length: Math.min(50, count - first) }, (_, index) => first + index);
    await Promise.all(numbers.map((number) => log.append(none, payloadOf(number, sizeOf(number)))));
    now += 1000;
  }
  return { fs, log };
}

test("a bound of any number of bytes gives all records, however the reads have grown and shrunk before", async (t) => {
  const count = 400;
  const folder = await mkdtemp(join(tmpdir(), "pintle-reader-"));
  const log = await Log.open(folder, {});
  t.after(async () => {
    await log.close();
    await rm(folder, { recursive: true, force: true });
  });
  for (let number = 0; number < count; number++) await log.append(none, payloadOf(number, 20_000));
  const bound = fc.oneof(fc.integer({ min: 1, max: 2_000_000 }), fc.constant(968_750));
  await fc.assert(
    fc.asyncProperty(bound, fc.nat({ max: 5 }), async (maxBytes, small) => {
      const reader = await LogReader.open(folder);
      const readAll = async (): Promise<void> => {
        for (let at = 0; at < count; ) {
          const { records, next, damage } = await reader.read(at, { end: count, maxBytes });
          assert.deepEqual(damage, []);
          assert.deepEqual(
            records.map(numberOf),
            records.map((_, index) => at + index),
          );
          assert.equal(next, at + records.length);
          at = next;
        }
      };
      await readAll();
      for (let at = 0; at < small; at++) await reader.read(at, { end: at + 1, maxBytes });
      await readAll();
      await reader.close();
    }),
    { numRuns: 40, includeErrorInReport: true },
  );
});

test("a read from any offset up to any end gives exactly what is there, in pieces of any size", async () => {
  const count = 2500;
  const { fs, log } = await filled(count, (number) => (number % 97 === 0 ? 20_000 : 200 + (number % 300)));
  const shared = await LogReader.open(directory, { fs });
  const offset = fc.nat({ max: count });
  await fc.assert(
    fc.asyncProperty(
      offset,
      offset,
      fc.integer({ min: 1, max: 100_000 }),
      fc.boolean(),
      async (a, b, maxBytes, fresh) => {
        const [from, end] = a < b ? [a, b] : [b, a];
        const reader = fresh ? await LogReader.open(directory, { fs }) : shared;
        const { records, next, damage } = await reader.read(from, { end, maxBytes });
        assert.deepEqual(damage, []);
        assert.equal(records.length > 0, from < end);
        assert.equal(next, from + records.length);
        for (const [index, record] of records.entries()) {
          assert.equal(record.offset, from + index);
          assert.equal(numberOf(record), from + index);
        }
        const bytes = records.reduce((sum, { payload }) => sum + payload.byteLength, 0);
        assert.ok(records.length === 1 || bytes <= Math.max(4096, maxBytes));
        if (fresh) await reader.close();
      },
    ),
    { includeErrorInReport: true },
  );
  assert.equal(log.end, count);
});

test("a seek into a large sealed segment reads little of it", async () => {
  const { fs } = await filled(4000, () => 400);
  const reads = async (from: number): Promise<number> => {
    const reader = await LogReader.open(directory, { fs });
    const before = fs.operations.length;
    const { records } = await reader.read(from, { end: 4000, maxBytes: 4096 });
    assert.equal(records[0]!.offset, from);
    return fs.operations.slice(before).filter(({ kind }) => kind === "read").length;
  };
  for (const from of [1500, 1999, 2300]) assert.ok((await reads(from)) <= 40);
});

test("header and payload are views into one buffer", async () => {
  const fs = new FakeFileSystem();
  const log = await Log.open(directory, { fs });
  await Promise.all([1, 2, 3].map((number) => log.append(payloadOf(number, 20), payloadOf(number, 100))));
  const reader = await LogReader.open(directory, { fs });
  const { records } = await reader.read(0, { end: 3 });
  const buffers = new Set(records.flatMap(({ header, payload }) => [header.buffer, payload.buffer]));
  assert.equal(buffers.size, 1);
});

test("a thread of its own reads while the log is written, through every roll", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "pintle-read-"));
  t.after(() => rm(folder, { recursive: true }));
  const total = 6000;
  const thread = new Worker(fileURLToPath(new URL("./testing/reader-thread.js", import.meta.url)), {
    workerData: { directory: folder, total, maxBytes: 20_000 },
  });
  t.after(() => thread.terminate());
  const done = once(thread, "message");
  const log = await Log.open(folder, {
    segmentBytes: 64 * 1024,
    firstSegmentBytes: 4096,
    onDurable: (end) => thread.postMessage(end),
  });
  for (let first = 0; first < total; first += 60) {
    const numbers = Array.from({ length: 60 }, (_, index) => first + index);
    await Promise.all(numbers.map((number) => log.append(none, payloadOf(number, (number * 31) % 900))));
  }
  const [read] = await Promise.race([done, once(thread, "error").then(([error]) => Promise.reject(error))]);
  assert.equal(read, total);
  await log.close();
});

test("a closed reader refuses, and a folder that is not there yet is read once it is", async () => {
  const fs = new FakeFileSystem();
  const reader = await LogReader.open(directory, { fs });
  assert.deepEqual(await reader.read(0, { end: 0 }), { records: [], next: 0, damage: [] });
  const log = await Log.open(directory, { fs });
  await log.append(none, payloadOf(0, 10));
  assert.equal((await reader.read(0, { end: 1 })).records.length, 1);
  await reader.close();
  await assert.rejects(reader.read(0, { end: 1 }), { code: "PINTLE_LOG_CLOSED" });
});
