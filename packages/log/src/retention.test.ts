import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Log } from "./log.ts";
import { LogReader } from "./log-reader.ts";
import { planRetention, type RetainedSegment, type RetentionReport, type RetentionRules } from "./retention.ts";
import { FakeFileSystem, systemError } from "./testing/fake-file-system.ts";
import { numberOf, payloadOf, readAll, settle } from "./testing/harness.ts";

const directory = "/data/events";
const none = new Uint8Array(0);

/** Sealed segments of 100 records and 1000 bytes each, one a second; the active one after them. */
function state(count: number, now: number, free = 1_000_000) {
  const segment = (index: number): RetainedSegment => ({
    base: index * 100,
    next: index * 100 + 100,
    bytes: 1000,
    time: index * 1000,
  });
  const sealed = Array.from({ length: count }, (_, index) => segment(index));
  return { sealed, active: segment(count), now, space: { free, total: 1_000_000 } };
}

const nobody = { neededFrom: () => Number.POSITIVE_INFINITY };

const rows: [
  name: string,
  rules: RetentionRules,
  now: number,
  free: number,
  expected: Partial<ReturnType<typeof planRetention>>,
][] = [
  ["no rules keep everything", {}, 1e9, 0, { remove: 0, roll: false }],
  ["age removes what is older, and what is just as old stays", { maxAge: 5000, ...nobody }, 7000, 1e6, { remove: 2 }],
  [
    "age waits for a consumer",
    { maxAge: 5000, neededFrom: () => 150 },
    1e6,
    1e6,
    { remove: 1, forced: undefined, roll: false },
  ],
  ["age waits while nobody knows what is needed", { maxAge: 1, neededFrom: () => undefined }, 1e6, 1e6, { remove: 0 }],
  ["a log that has expired whole is rolled", { maxAge: 5000, ...nobody }, 1e6, 1e6, { remove: 10, roll: true }],
  ["size removes the oldest", { maxBytes: 8500, ...nobody }, 0, 1e6, { remove: 3, forced: undefined }],
  [
    "size takes what a consumer needs, and says so",
    { maxBytes: 8500, neededFrom: () => 150 },
    0,
    1e6,
    {
      remove: 3,
      forced: { from: 150, to: 300 },
      warning: { bytes: 8000, maxBytes: 8500, next: { from: 300, to: 400 } },
    },
  ],
  [
    "nine tenths of the size are a warning for who would lose something",
    { maxBytes: 12_000, neededFrom: () => 50 },
    0,
    1e6,
    { remove: 0, forced: undefined, warning: { bytes: 11_000, maxBytes: 12_000, next: { from: 50, to: 100 } } },
  ],
  ["and none where nobody would", { maxBytes: 12_000, ...nobody }, 0, 1e6, { remove: 0, warning: undefined }],
  ["a full disk removes as many as it takes", { minFree: 0.1, ...nobody }, 0, 97_500, { remove: 3 }],
  ["but nothing that is needed", { minFree: 0.1, neededFrom: () => 100 }, 0, 0, { remove: 1, forced: undefined }],
];
for (const [name, rules, now, free, expected] of rows) {
  test(`retention: ${name}`, () => {
    const plan = planRetention(rules, state(10, now, free));
    for (const [key, value] of Object.entries(expected)) assert.deepEqual(plan[key as keyof typeof plan], value, key);
  });
}

test("nothing that is needed goes but for size, and then no more than size demands", () => {
  const bound = fc.option(fc.nat({ max: 12_000 }), { nil: undefined });
  fc.assert(
    fc.property(bound, bound, fc.nat({ max: 1200 }), fc.nat({ max: 20_000 }), (maxAge, maxBytes, needed, now) => {
      const rules = {
        ...(maxAge === undefined ? {} : { maxAge }),
        ...(maxBytes === undefined ? {} : { maxBytes }),
        neededFrom: () => needed,
      };
      const all = state(10, now);
      const { remove, forced } = planRetention(rules, all);
      const left = (10 - remove + 1) * 1000;
      const lost = all.sealed.slice(0, remove).filter(({ next }) => next > needed);
      assert.equal(forced !== undefined, lost.length > 0);
      if (lost.length > 0) assert.ok(maxBytes !== undefined && left + 1000 > maxBytes);
      if (maxBytes !== undefined) assert.ok(left <= maxBytes || remove === 10);
    }),
  );
});

async function fill(log: Log, from: number, to: number): Promise<void> {
  for (let number = from; number < to; number++) await log.append(none, payloadOf(number, 1000));
}

test("the log stays within its size by itself, reports what a consumer lost, and readers go on at its start", async () => {
  const fs = new FakeFileSystem();
  const reports: RetentionReport[] = [];
  const log = await Log.open(directory, {
    fs,
    segmentBytes: 8192,
    firstSegmentBytes: 8192,
    retention: { maxBytes: 64 * 1024, neededFrom: () => 0 },
    onRetention: (report) => reports.push(report),
  });
  const reader = await LogReader.open(directory, { fs });
  await fill(log, 0, 10);
  assert.equal((await reader.read(0, { end: log.end })).records[0]!.offset, 0);
  await fill(log, 10, 300);
  await settle();
  assert.ok(log.start > 200);
  assert.ok(log.bytes <= 72 * 1024 && fs.used <= 80 * 1024, `${log.bytes} and ${fs.used} bytes`);
  const firstForced = reports.findIndex(({ forced }) => forced !== undefined);
  assert.ok(
    reports.slice(0, firstForced).some(({ warning }) => warning !== undefined),
    "a warning comes before the loss",
  );
  let expected = 0;
  for (const { forced, removed } of reports) {
    if (removed === undefined) continue;
    assert.equal(removed.from, expected);
    assert.deepEqual(forced, removed, "all of it was needed");
    expected = removed.to;
  }
  assert.equal(expected, log.start);
  const { records, damage } = await readAll(log, fs, { reader, from: 50 });
  assert.deepEqual(damage, []);
  assert.deepEqual(
    records.map(numberOf),
    Array.from({ length: 300 - log.start }, (_, index) => log.start + index),
  );
  await log.close();
});

test("age empties a log that nobody appends to, and offsets go on", async () => {
  const fs = new FakeFileSystem();
  let now = 1000;
  const log = await Log.open(directory, { fs, now: () => now, retention: { maxAge: 60_000 } });
  await fill(log, 0, 5);
  now += 60_001;
  const { removed } = await log.retain();
  assert.deepEqual(removed, { from: 0, to: 5 });
  assert.equal(log.start, 5);
  assert.equal(log.end, 5);
  assert.ok(fs.used < 200);
  const idle = await log.retain();
  assert.equal(idle.removed, undefined);
  assert.equal(fs.paths.length, 1, "an empty log is not rolled again");
  await log.close();
  const again = await Log.open(directory, { fs });
  assert.equal(await again.append(none, payloadOf(5, 10)), 5);
});

test("a segment is left when its first record is a day old", async () => {
  const fs = new FakeFileSystem();
  let now = 0;
  const log = await Log.open(directory, { fs, now: () => now });
  await fill(log, 0, 2);
  now += 24 * 60 * 60 * 1000;
  await fill(log, 2, 3);
  assert.equal(fs.paths.length, 2);
  assert.deepEqual((await readAll(log, fs)).records.map(numberOf), [0, 1, 2]);
});

test("an error of removing is told, and the log goes on", async () => {
  const fs = new FakeFileSystem();
  let now = 0;
  const log = await Log.open(directory, { fs, now: () => now, retention: { maxAge: 10 } });
  await fill(log, 0, 2);
  now = 1000;
  fs.interference = ({ kind }) => {
    if (kind === "remove") throw systemError("EACCES", "remove");
  };
  await assert.rejects(log.retain(), { code: "EACCES" });
  fs.interference = () => {};
  assert.equal(await log.append(none, payloadOf(2, 10)), 2);
});
