import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Damage } from "./damage.ts";
import { verifyLog } from "./inspect.ts";
import { Log } from "./log.ts";
import { FakeFileSystem } from "./testing/fake-file-system.ts";
import { epochs, numberOf, payloadOf, readAll } from "./testing/harness.ts";

const directory = "/data/events";
const none = new Uint8Array(0);

async function filled(lengths: readonly number[]): Promise<{ fs: FakeFileSystem; log: Log }> {
  const fs = new FakeFileSystem();
  const log = await openLog(fs);
  // In groups of three, so that there are several groups in a segment.
  for (let first = 0; first < lengths.length; first += 3) {
    await Promise.all(
      lengths.slice(first, first + 3).map((length, index) => log.append(none, payloadOf(first + index, length))),
    );
  }
  return { fs, log };
}

function openLog(fs: FakeFileSystem): Promise<Log> {
  return Log.open(directory, {
    fs,
    now: () => 1000,
    random: epochs(),
    segmentBytes: 16 * 1024,
    firstSegmentBytes: 4096,
  });
}

function covered(damage: readonly Damage[], offset: number): boolean {
  return damage.some(({ from, to }) => from <= offset && offset < to);
}

const lengths = fc.array(
  fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 8, max: 400 }) }, fc.integer({ min: 400, max: 9000 })),
  {
    minLength: 1,
    maxLength: 60,
  },
);
const flips = fc.array(
  fc.record({
    file: fc.nat(),
    position: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    bit: fc.nat({ max: 7 }),
  }),
  {
    minLength: 1,
    maxLength: 6,
  },
);

test("rotten bits cost the records that they are in and no other, and each loss is reported with its offset", async () => {
  await fc.assert(
    fc.asyncProperty(lengths, flips, async (sizes, rot) => {
      const { fs, log } = await filled(sizes);
      const paths = fs.paths.filter((path) => fs.contentOf(path).some((byte) => byte !== 0));
      for (const { file, position, bit } of rot) {
        const path = paths[file % paths.length]!;
        fs.flipBit(path, Math.floor(fs.contentOf(path).byteLength * position), bit);
      }
      const { records, damage } = await readAll(log, fs);
      for (const record of records) assert.equal(numberOf(record), record.offset);
      const found = new Set(records.map(({ offset }) => offset));
      const missing = sizes.map((_, offset) => offset).filter((offset) => !found.has(offset));
      assert.ok(missing.length <= rot.length, `${rot.length} flips have cost ${missing.length} records`);
      for (const offset of missing) assert.ok(covered(damage, offset), `the loss of ${offset} is not reported`);

      const verified = await verifyLog(directory, { fs });
      for (const offset of missing)
        assert.ok(covered(verified.damage, offset), `verify does not report the loss of ${offset}`);
      const counted = verified.segments.reduce((sum, segment) => sum + segment.records!, 0);
      assert.equal(counted, records.length);

      // Opened again it goes on behind all of that.
      await log.close();
      const again = await openLog(fs);
      const offset = await again.append(none, payloadOf(1000, 10));
      assert.ok(offset >= sizes.length, `offset ${offset} is given again`);
      const after = await readAll(again, fs);
      assert.deepEqual(after.records.map(numberOf), [...records.map(numberOf), 1000]);
    }),
    {
      includeErrorInReport: true,
      // The header of the only segment and its only, or first, record.
      examples: [
        [
          [89, 321, 129, 400],
          [
            { file: 0, position: 0.10256410256410256, bit: 0 },
            { file: 0, position: 0, bit: 0 },
          ],
        ],
        [
          [185],
          [
            { file: 0, position: 0.35555555555555557, bit: 0 },
            { file: 0, position: 0, bit: 0 },
          ],
        ],
      ],
    },
  );
});

test("a damaged body has an exact offset, and what is certain is told from what is not", async () => {
  const { fs } = await filled([50, 50, 50, 50, 50, 50]);
  const [path] = fs.paths as [string];
  const record = 40 + 56;
  fs.flipBit(path, 128 + record + 60, 3);
  fs.flipBit(path, 128 + 4 * record + 60, 3);
  const { damage } = await verifyLog(directory, { fs });
  assert.deepEqual(
    damage.map(({ kind, position, bytes, from, to, acknowledged }) => ({
      kind,
      position,
      bytes,
      from,
      to,
      acknowledged,
    })),
    [
      { kind: "record", position: 128 + record, bytes: record, from: 1, to: 2, acknowledged: true },
      { kind: "record", position: 128 + 4 * record, bytes: record, from: 4, to: 5, acknowledged: false },
    ],
  );
});

test("a segment that is gone is reported as the range of its records", async () => {
  const { fs, log } = await filled(Array.from({ length: 90 }, () => 300));
  await log.close();
  const whole = await verifyLog(directory, { fs });
  assert.deepEqual(whole.damage, []);
  assert.ok(whole.segments.length >= 3);
  const { file, base, next } = whole.segments[1]!;
  await fs.remove(`${directory}/${file}`);
  const { damage } = await verifyLog(directory, { fs });
  assert.deepEqual(
    damage.map(({ kind, from, to }) => ({ kind, from, to })),
    [{ kind: "missing", from: base, to: next }],
  );
  const read = await readAll(log, fs);
  assert.deepEqual(
    read.damage.map(({ kind, from, to }) => ({ kind, from, to })),
    [{ kind: "missing", from: base, to: next }],
  );
  assert.equal(read.records.length, 90 - (next - base));
});

test("a payload that looks like a record is not taken for one, wherever it is searched from", async () => {
  const source = new FakeFileSystem();
  const other = await openLog(source);
  await other.append(none, payloadOf(7, 100));
  const image = source.contentOf(source.paths[0]!).slice(128);
  const fs = new FakeFileSystem();
  let count = 100;
  const log = await Log.open(directory, { fs, random: () => ++count });
  await log.append(none, image);
  await log.append(none, image);
  fs.flipBit(fs.paths[0]!, 128 + 5, 0);
  const { records, damage } = await readAll(log, fs);
  assert.deepEqual(
    records.map(({ offset }) => offset),
    [1],
  );
  assert.deepEqual(
    damage.map(({ from, to }) => [from, to]),
    [[0, 1]],
  );
});
