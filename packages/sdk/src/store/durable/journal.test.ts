import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeFileSystem } from "@pintle/log/testing";
import fc from "fast-check";
import { settled, VirtualEnvironment } from "../../simulation/virtual-environment.ts";
import { ByteStore } from "../memory/byte-store.ts";
import { Journal } from "./journal.ts";
import { RecordBatch } from "./record-batch.ts";
import { StoredEntry } from "./stored-entry.ts";

const segmentBytes = 4096;
const maxBytes = 1024 * 1024;

/** A journal on a disk that outlives it. */
class Desk {
  readonly fs: FakeFileSystem = new FakeFileSystem();
  readonly environment: VirtualEnvironment = new VirtualEnvironment(() => Promise.reject(new Error("no network")));
  readonly problems: string[] = [];
  releases = 0;
  readonly #bytes = new ByteStore();

  async open(): Promise<Journal> {
    const { now, after, hold } = this.environment;
    const release = async (): Promise<void> => {
      this.releases++;
    };
    return Journal.open(
      { number: 1, directory: "/slot-1", release },
      { fs: this.fs, segmentBytes, maxBytes, sync: 1, now, after, hold, epoch: () => 0 },
      { settled: () => {}, changed: () => {}, problem: (error) => this.problems.push(error.message) },
    );
  }

  write(journal: Journal, text: string): StoredEntry {
    const entry = new StoredEntry(1, 0);
    assert.ok(this.#bytes.write(entry, text, 2_000));
    const batch = new RecordBatch(1);
    journal.write(batch);
    batch.add(entry);
    journal.grew(entry.length);
    return entry;
  }

  async pass(milliseconds = 2): Promise<void> {
    for (let turn = 0; turn < 5; turn++) {
      await this.environment.advance(milliseconds);
      for (let each = 0; each < 10; each++) await settled();
    }
  }

  /** Bytes of its files. */
  async size(): Promise<number> {
    let size = 0;
    for (const name of await this.fs.list("/slot-1")) {
      const file = await this.fs.open(`/slot-1/${name}`, "read");
      size += await file.size();
      await file.close();
    }
    return size;
  }
}

test("a journal that is closed before it is known what is in it keeps everything, however often that happens", async () => {
  const desk = new Desk();
  const journal = await desk.open();
  await journal.recover();
  journal.recovered();
  desk.write(journal, "kept");
  await desk.pass();
  await desk.environment.until(Promise.all([journal.close(), journal.close()]));
  assert.equal(desk.releases, 1);
  for (let count = 0; count < 3; count++) {
    const again = await desk.open();
    assert.equal(again.low, 0);
    assert.equal(again.isEmpty, false);
    await desk.environment.until(again.close());
  }
  const { range, moved } = await (await desk.open()).recover();
  assert.deepEqual([range.count, range.bytes, moved.length], [1, 4, 0]);
  assert.deepEqual(desk.problems, []);
});

test("one in which everything has ended is left with nothing to read", async () => {
  const desk = new Desk();
  const journal = await desk.open();
  await journal.recover();
  journal.recovered();
  const entries = Array.from({ length: 50 }, (_, n) => desk.write(journal, `${n} `.repeat(100)));
  await desk.pass();
  assert.ok(journal.room < maxBytes);
  assert.equal(journal.isEmpty, false);
  journal.acknowledge(entries, () => {});
  await desk.pass();
  assert.ok(journal.isEmpty);
  await desk.environment.until(journal.close());
  assert.ok((await desk.size()) <= 2 * segmentBytes);
  const { range } = await (await desk.open()).recover();
  assert.equal(range.count, 0);
});

test("messages that wait for long are moved out of the way, and found where they are", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(fc.integer({ min: 0, max: 199 }), { maxLength: 6 }), async (waiting) => {
      const desk = new Desk();
      const journal = await desk.open();
      await journal.recover();
      journal.recovered();
      for (let n = 0; n < 200; n++) {
        const entry = desk.write(journal, `${n}`.padEnd(200));
        await desk.environment.advance(1);
        await settled();
        if (waiting.includes(n)) continue;
        entry.record!.whenSettled(() => journal.acknowledge([entry], () => {}));
      }
      await desk.pass();
      // 200 messages take up ten segments or more.
      assert.ok((await desk.size()) <= 8 * segmentBytes, `${await desk.size()} bytes`);
      await desk.environment.until(journal.close());
      const again = await desk.open();
      const { moved, range } = await again.recover();
      const found = moved.map(({ bytes }) => Number(new TextDecoder().decode(bytes)));
      if (range.count > 0) {
        let next = range.from;
        while (next < range.to) {
          const part = await again.read({ ...range, from: next }, 1e6);
          for (const { messages } of part.records)
            for (const { bytes } of messages) found.push(Number(new TextDecoder().decode(bytes)));
          next = part.next;
        }
      }
      assert.deepEqual(
        found.sort((a, b) => a - b),
        waiting.toSorted((a, b) => a - b),
      );
      assert.deepEqual(desk.problems, []);
    }),
    { numRuns: 20 },
  );
});
