import assert from "node:assert/strict";
import { test } from "node:test";
import { LogError } from "./errors.ts";
import { Log } from "./log.ts";
import { LogReader } from "./log-reader.ts";
import type { LogOptions } from "./options.ts";
import { FakeFileSystem, type OperationKind, systemError } from "./testing/fake-file-system.ts";
import { numberOf, payloadOf, readAll, settle } from "./testing/harness.ts";

const directory = "/data/events";
const none = new Uint8Array(0);

function open(fs: FakeFileSystem, options: LogOptions = {}): Promise<Log> {
  return Log.open(directory, {
    fs: fs.process(),
    now: () => 1000,
    segmentBytes: 64 * 1024,
    firstSegmentBytes: 8192,
    ...options,
  });
}

/** Lets operations of one kind wait until they are let go. */
function hold(fs: FakeFileSystem, held: OperationKind): () => void {
  let letGo = (): void => {};
  const gate = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  fs.interference = ({ kind }) => (kind === held ? gate : undefined);
  return () => {
    fs.interference = () => {};
    letGo();
  };
}

function failOnce(fs: FakeFileSystem, failing: OperationKind, code = "EIO"): void {
  fs.interference = ({ kind, path }) => {
    if (kind !== failing) return;
    fs.interference = () => {};
    throw systemError(code, `${kind} ${path}`);
  };
}

const rejected = (code: string, cause: string) => (error: unknown) =>
  error instanceof LogError &&
  error.code === code &&
  error.retryable &&
  (error.cause as { code: string }).code === cause;

test("an append is answered after its sync and not before; what comes meanwhile shares the next one", async () => {
  const fs = new FakeFileSystem();
  const log = await open(fs);
  const told: number[] = [];
  const letGo = hold(fs, "sync");
  const before = fs.operations.length;
  const first = log.append(none, payloadOf(0, 10)).then((offset) => told.push(offset));
  await settle();
  const others = [1, 2, 3].map((number) => log.append(none, payloadOf(number, 10)).then((offset) => told.push(offset)));
  await settle();
  assert.deepEqual(told, []);
  assert.equal(log.end, 0);
  const { records } = await readAll(log, fs);
  assert.deepEqual(records, [], "what is written but not synced is not shown");
  letGo();
  await Promise.all([first, ...others]);
  assert.deepEqual(told, [0, 1, 2, 3]);
  const syncs = fs.operations.slice(before).filter(({ kind }) => kind === "sync");
  assert.equal(syncs.length, 2);
  fs.crash();
  assert.equal((await open(fs)).end, 4);
});

test("an idle log does nothing, and a small one takes little room", async () => {
  const fs = new FakeFileSystem();
  const log = await open(fs, { segmentBytes: 64 * 1024 * 1024, firstSegmentBytes: 256 * 1024 });
  await log.append(none, payloadOf(0, 100));
  const before = fs.operations.length;
  await settle(20);
  assert.equal(fs.operations.length, before);
  assert.ok(fs.used < 400, `${fs.used} bytes`);
});

for (const kind of ["write", "sync"] as const) {
  test(`a failed ${kind} rejects its group and nothing else, and its offsets are never given again`, async () => {
    const fs = new FakeFileSystem();
    const log = await open(fs);
    const reader = await LogReader.open(directory, { fs });
    assert.equal(await log.append(none, payloadOf(0, 10)), 0);
    failOnce(fs, kind);
    const group = [1, 2].map((number) => log.append(none, payloadOf(number, 10)));
    for (const append of group) await assert.rejects(append, rejected("PINTLE_LOG_APPEND_FAILED", "EIO"));
    assert.equal(log.end, 1);
    assert.equal((log.failure as { code: string }).code, "EIO");
    assert.equal(await log.append(none, payloadOf(3, 10)), 3);
    assert.equal(log.failure, undefined);
    for (const all of [await readAll(log, fs, { reader }), await readAll(log, fs)]) {
      assert.deepEqual(all.records.map(numberOf), [0, 3]);
      assert.deepEqual(all.damage, []);
    }
    fs.crash();
    const again = await open(fs);
    assert.deepEqual(again.damage, []);
    assert.deepEqual((await readAll(again, fs)).records.map(numberOf), [0, 3]);
  });
}

test("appends that were encoded for a segment that could not be started are not in the next group", async () => {
  const fs = new FakeFileSystem();
  let now = 0;
  const log = await open(fs, { now: () => now, segmentAge: 1000 });
  const letGo = hold(fs, "sync");
  const first = log.append(none, payloadOf(0, 10));
  await settle();
  const waiting = [1, 2].map((number) => log.append(none, payloadOf(number, 10)));
  now = 2000;
  letGo();
  failOnce(fs, "open");
  await first;
  for (const append of waiting) await assert.rejects(append, rejected("PINTLE_LOG_UNAVAILABLE", "EIO"));
  await log.append(none, payloadOf(3, 10));
  assert.deepEqual((await readAll(log, fs)).records.map(numberOf), [0, 3]);
});

test("a sync that failed is not tried again on the same file", async () => {
  const fs = new FakeFileSystem();
  const log = await open(fs);
  await log.append(none, payloadOf(0, 10));
  failOnce(fs, "sync");
  await assert.rejects(log.append(none, payloadOf(1, 10)));
  const before = fs.operations.length;
  await log.append(none, payloadOf(2, 10));
  const synced = fs.operations.slice(before).filter(({ kind }) => kind === "sync");
  assert.ok(synced.every(({ path }) => path.endsWith("0000000002.seg")));
});

test("a full disk refuses, loses nothing, and service comes back with room", async () => {
  const fs = new FakeFileSystem();
  let now = 0;
  const log = await open(fs, { now: () => now });
  await log.append(none, payloadOf(0, 1000));
  fs.capacity = fs.used + 500;
  await assert.rejects(log.append(none, payloadOf(1, 3000)), rejected("PINTLE_LOG_APPEND_FAILED", "ENOSPC"));
  // There is room for a fresh segment, but not for what shall go into it.
  await assert.rejects(log.append(none, payloadOf(2, 3000)), rejected("PINTLE_LOG_APPEND_FAILED", "ENOSPC"));
  const operations = fs.operations.length;
  await assert.rejects(log.append(none, payloadOf(3, 10)), rejected("PINTLE_LOG_UNAVAILABLE", "ENOSPC"));
  assert.equal(fs.operations.length, operations, "within a second nothing is tried again");
  for (let attempt = 0; attempt < 5; attempt++) {
    now += 1000;
    await assert.rejects(log.append(none, payloadOf(4, 3000)), (error: LogError) => error.retryable);
    assert.ok(fs.paths.length <= 2, "attempts leave no files behind");
  }
  fs.capacity = Number.POSITIVE_INFINITY;
  now += 1000;
  await log.append(none, payloadOf(5, 3000));
  assert.deepEqual((await readAll(log, fs)).records.map(numberOf), [0, 5]);
  fs.crash();
  assert.deepEqual((await readAll(await open(fs), fs)).records.map(numberOf), [0, 5]);
});

test("records of a process that died before its sync are durable once they have been read", async () => {
  const fs = new FakeFileSystem();
  const first = await open(fs);
  await first.append(none, payloadOf(0, 10));
  hold(fs, "sync");
  void first.append(none, payloadOf(1, 10));
  await settle();
  fs.kill();
  fs.interference = () => {};
  const second = await open(fs);
  assert.deepEqual((await readAll(second, fs)).records.map(numberOf), [0, 1]);
  fs.crash();
  assert.deepEqual((await readAll(await open(fs), fs)).records.map(numberOf), [0, 1]);
});

test("a segment whose name was not durable when its process died is so before it is appended to", async () => {
  const fs = new FakeFileSystem();
  hold(fs, "syncDirectory");
  void open(fs);
  await settle();
  assert.equal(fs.paths.length, 1);
  fs.kill();
  fs.interference = () => {};
  const second = await open(fs);
  await second.append(none, payloadOf(0, 10));
  fs.crash();
  assert.deepEqual((await readAll(await open(fs), fs)).records.map(numberOf), [0]);
});

test("close writes what waits, then refuses; an error of closing is told, and costs nothing", async () => {
  const fs = new FakeFileSystem();
  const log = await open(fs);
  const waiting = Promise.all([0, 1, 2].map((number) => log.append(none, payloadOf(number, 5000))));
  failOnce(fs, "close");
  const closing = log.close();
  assert.equal(log.close(), closing);
  await assert.rejects(log.append(none, none), (error: LogError) => error.code === "PINTLE_LOG_CLOSED");
  assert.deepEqual(await waiting, [0, 1, 2]);
  await closing.catch((error: { code: string }) => assert.equal(error.code, "EIO"));
  fs.crash();
  assert.deepEqual((await readAll(await open(fs), fs)).records.map(numberOf), [0, 1, 2]);
});

test("too large a record and senseless options are refused by name", async () => {
  const fs = new FakeFileSystem();
  const log = await open(fs, { maxRecordBytes: 100 });
  await assert.rejects(
    log.append(new Uint8Array(50), new Uint8Array(51)),
    /101 bytes is larger than maxRecordBytes, 100/,
  );
  assert.equal(await log.append(new Uint8Array(50), new Uint8Array(50)), 0);
  await assert.rejects(open(fs, { segmentBytes: 10 }), /segmentBytes is 10; give a number from 4096/);
  await assert.rejects(open(fs, { retention: { minFree: 7 } }), /retention.minFree is 7/);
});

test("a record larger than a segment has one of its own", async () => {
  const fs = new FakeFileSystem();
  const log = await open(fs, { segmentBytes: 8192 });
  const lengths = [100, 200_000, 100, 20_000, 20_000];
  await Promise.all(lengths.map((length, number) => log.append(none, payloadOf(number, length))));
  const { records } = await readAll(log, fs, { maxBytes: 4096 });
  assert.deepEqual(
    records.map((record) => record.payload.byteLength),
    lengths,
  );
  await log.close();
  assert.equal((await open(fs, { segmentBytes: 8192 })).end, 5);
});

test("opening reads one segment, however large the log", async () => {
  const fs = new FakeFileSystem();
  const log = await open(fs, { segmentBytes: 16 * 1024 });
  for (let number = 0; number < 300; number++) await log.append(none, payloadOf(number, 4000));
  await log.close();
  const segments = fs.paths.length;
  assert.ok(segments > 50);
  const before = fs.operations.length;
  await open(fs);
  const reads = new Map<string, number>();
  for (const { kind, path } of fs.operations.slice(before))
    if (kind === "read") reads.set(path, (reads.get(path) ?? 0) + 1);
  const beyondHeader = [...reads.values()].filter((count) => count > 1);
  assert.equal(beyondHeader.length, 1, "only the last segment is read behind its header");
});
