import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { crc32 } from "./crc32.ts";
import { decodeSlot, encodeSlot, type Progress } from "./progress.ts";
import { ProgressFile } from "./progress-file.ts";
import { FakeFileSystem, systemError } from "./testing/fake-file-system.ts";
import { seeded, settle } from "./testing/harness.ts";

const path = "/data/events/progress/hook";

/**
 * Offsets near `low` and far above, indices in runs and alone, in any order and without repeats.
 */
const progress: fc.Arbitrary<Progress> = fc
  .record({
    low: fc.oneof(
      fc.nat({ max: 1000 }),
      fc.maxSafeNat().map((value) => Math.floor(value / 2)),
    ),
    pairs: fc.uniqueArray(fc.tuple(fc.oneof(fc.nat({ max: 5 }), fc.nat()), fc.nat({ max: 300 })), {
      selector: ([offset, index]) => `${offset} ${index}`,
      maxLength: 60,
    }),
  })
  .map(({ low, pairs }) => ({ low, finished: pairs.map(([distance, index]) => [low + distance, index] as const) }));

function inOrder({ low, finished }: Progress): Progress {
  return {
    low,
    finished: finished.toSorted((a, b) => a[0] - b[0] || a[1] - b[1]).map(([offset, index]) => [offset, index]),
  };
}

test("every progress comes back as it was, whatever lies behind it in the file", () => {
  fc.assert(
    fc.property(progress, fc.maxSafeNat(), fc.uint8Array({ maxLength: 50 }), (value, number, rest) => {
      const bytes = Buffer.concat([encodeSlot({ number, progress: value }), rest]);
      assert.deepEqual(decodeSlot(bytes, "f"), { number, progress: inOrder(value) });
    }),
  );
});

test("a slot that is cut, torn or rotten is no slot", () => {
  fc.assert(
    fc.property(progress, fc.nat(), fc.boolean(), (value, place, cut) => {
      const bytes = encodeSlot({ number: 1, progress: value });
      const at = place % bytes.byteLength;
      if (!cut) bytes[at]! ^= 1 << (place & 7);
      assert.equal(decodeSlot(cut ? bytes.subarray(0, at) : bytes, "f"), undefined);
    }),
  );
});

test("ranges of ten thousand finished events take a few bytes", () => {
  const finished = Array.from({ length: 10_000 }, (_, index) => [7 + Math.floor(index / 100), index % 100] as const);
  assert.ok(encodeSlot({ number: 1, progress: { low: 7, finished } }).byteLength < 400);
});

test("a newer format is refused by name", async () => {
  const fs = new FakeFileSystem();
  await fs.makeDirectory("/data/events/progress");
  const bytes = encodeSlot({ number: 1, progress: { low: 1, finished: [] } });
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  view.setUint16(8, 2, true);
  view.setUint32(44, crc32(bytes, 0, 44), true);
  fs.put(`${path}.b`, bytes);
  await assert.rejects(ProgressFile.open(path, { fs }), /hook\.b has format version 2/);
});

type Step =
  | { readonly do: "save"; readonly values: Progress[]; readonly passed: number }
  | { readonly do: "flush" }
  | { readonly do: "fail"; readonly kind: "write" | "sync" }
  | { readonly do: "end"; readonly kill: boolean; readonly seed: number; readonly after: number };

const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("save" as const),
      values: fc.array(progress, { minLength: 1, maxLength: 4 }),
      passed: fc.nat({ max: 4000 }),
    }),
  },
  fc.record({ do: fc.constant("flush" as const) }),
  fc.record({ do: fc.constant("fail" as const), kind: fc.constantFrom("write" as const, "sync" as const) }),
  fc.record({ do: fc.constant("end" as const), kill: fc.boolean(), seed: fc.integer(), after: fc.nat({ max: 6 }) }),
);

test("after any crash there is a state that was saved, none older than what was durable, and never none again", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(steps, { minLength: 1, maxLength: 20 }), async (sequence) => {
      const fs = new FakeFileSystem();
      let now = 0;
      const open = (): Promise<ProgressFile> =>
        ProgressFile.open(path, { fs: fs.process(), now: () => now, syncEvery: 5000 });
      let file = await open();
      /** Everything saved, oldest first, as text. */
      const saved: string[] = [];
      /** How many of these are durable at least, and written at least. */
      let durable = 0;
      for (const step of sequence) {
        if (step.do === "save") {
          for (const value of step.values) {
            saved.push(JSON.stringify(inOrder(value)));
            file.save(value);
            assert.equal(file.load(), value);
          }
          now += step.passed;
          await settle();
        } else if (step.do === "flush") {
          await file.flush();
          durable = saved.length;
        } else if (step.do === "fail") {
          fs.interference = ({ kind }) => {
            if (kind === step.kind) throw systemError("EIO", kind);
          };
          const value = { low: saved.length, finished: [] };
          saved.push(JSON.stringify(value));
          file.save(value);
          await settle();
          fs.interference = () => {};
        } else {
          let left = step.after;
          const random = seeded(step.seed);
          const end = (): void => (step.kill ? fs.kill() : fs.crash(random));
          fs.interference = () => {
            if (left-- > 0) return;
            fs.interference = () => {};
            end();
          };
          const value = { low: saved.length, finished: [[saved.length, 3]] as [number, number][] };
          saved.push(JSON.stringify(value));
          file.save(value);
          await settle();
          if (left >= 0) end();
          fs.interference = () => {};
          file = await open();
          const found = file.load();
          if (found === undefined) {
            assert.equal(durable, 0, "the consumer has lost its place");
            saved.length = 0;
          } else {
            const index = saved.lastIndexOf(JSON.stringify(found));
            assert.ok(index >= 0, "that was never saved");
            assert.ok(index + 1 >= durable, "what was durable is gone");
            saved.length = index + 1;
            // Opening has synced what it found.
            durable = index + 1;
          }
        }
      }
      await file.close();
    }),
    {
      includeErrorInReport: true,
      // What a failed sync has left, below what a later one has made durable; a first save that a
      // crash took back, and a flush of nothing after it.
      examples: [
        [
          [
            { do: "fail", kind: "sync" },
            { do: "save", values: [{ low: 0, finished: [[0, 0]] }], passed: 0 },
            { do: "flush" },
            { do: "end", kill: false, seed: -889164249, after: 0 },
            { do: "end", kill: false, seed: 0, after: 0 },
          ],
        ],
        [
          [
            { do: "end", kill: false, seed: 0, after: 0 },
            { do: "flush" },
            { do: "end", kill: false, seed: 0, after: 0 },
            { do: "save", values: [{ low: 0, finished: [] }], passed: 0 },
          ],
        ],
      ],
    },
  );
});

test("a save that is torn by a crash leaves the one that was synced, however often that happens", async () => {
  const fs = new FakeFileSystem();
  let now = 0;
  const open = (): Promise<ProgressFile> => ProgressFile.open(path, { fs: fs.process(), now: () => now });
  let file = await open();
  let durable = 0;
  for (let low = 1; low < 40; low++) {
    now += low % 3 === 0 ? 5000 : 0;
    const before = fs.operations.length;
    file.save({ low, finished: [[low, 3]] });
    await settle();
    if (fs.operations.slice(before).some(({ kind }) => kind === "sync")) durable = low;
    if (low % 4 > 1) continue;
    // Only the first bytes survive of each write that was not synced.
    const fates = [0.5, 0.05, 0.6];
    let fate = 0;
    fs.crash(() => fates[fate++ % fates.length]!);
    file = await open();
    assert.ok((file.load()?.low ?? -1) >= durable, `after ${low}, of which ${durable} was durable`);
  }
});

test("the first save is synced, those after it are not until five seconds have passed", async () => {
  const fs = new FakeFileSystem();
  let now = 0;
  const file = await ProgressFile.open(path, { fs, now: () => now });
  const syncs = async (low: number): Promise<number> => {
    const before = fs.operations.length;
    file.save({ low, finished: [] });
    await settle();
    return fs.operations.slice(before).filter(({ kind }) => kind === "sync").length;
  };
  assert.equal(await syncs(1), 1);
  for (let low = 2; low < 10; low++) assert.equal(await syncs(low), 0);
  now += 5000;
  assert.equal(await syncs(10), 1);
  assert.equal(await syncs(11), 0);
});

test("saves that come while one is being written are merged", async () => {
  const fs = new FakeFileSystem();
  const file = await ProgressFile.open(path, { fs, now: () => 0 });
  const before = fs.operations.length;
  for (let low = 0; low < 100; low++) file.save({ low, finished: [] });
  await file.flush();
  const writes = fs.operations.slice(before).filter(({ kind }) => kind === "write").length;
  assert.ok(writes <= 2, `${writes} writes`);
  await file.close();
  assert.equal((await ProgressFile.open(path, { fs })).load()?.low, 99);
});

test("a save that could not be written is told, and is written with the next one or by flush", async () => {
  const fs = new FakeFileSystem();
  const errors: unknown[] = [];
  const file = await ProgressFile.open(path, { fs, onError: (error) => errors.push(error) });
  fs.interference = ({ kind }) => {
    if (kind === "write") throw systemError("ENOSPC", "write");
  };
  file.save({ low: 5, finished: [] });
  await settle();
  assert.equal(errors.length, 1);
  await assert.rejects(file.flush(), { code: "ENOSPC" });
  fs.interference = () => {};
  await file.flush();
  fs.crash();
  assert.deepEqual((await ProgressFile.open(path, { fs })).load(), { low: 5, finished: [] });
});

test("saves that cannot be written are told once, and so is that they can be again", async () => {
  const fs = new FakeFileSystem();
  const told: string[] = [];
  const file = await ProgressFile.open(path, {
    fs,
    onError: () => told.push("failing"),
    onMended: () => told.push("mended"),
  });
  const save = async (low: number) => {
    file.save({ low, finished: [] });
    await settle();
  };
  await save(1);
  for (const low of [2, 10]) {
    fs.interference = ({ kind }) => {
      if (kind === "write") throw systemError("ENOSPC", "write");
    };
    for (let at = 0; at < 5; at++) await save(low + at);
    fs.interference = () => {};
    await save(low + 5);
    await save(low + 6);
  }
  assert.deepEqual(told, ["failing", "mended", "failing", "mended"]);
});
