import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { EngineRecord } from "../../engine/engine.ts";
import { eventRecord } from "../testing/event-records.ts";
import { seededRandom } from "../testing/random.ts";
import { Deduper } from "./deduper.ts";

/** A partition in memory; `reads` counts the records that were read from it. */
class Partition {
  readonly records: EngineRecord[] = [];
  reads = 0;
  fault: Error | undefined;
  readonly #perRead: number;
  #next = 0;

  constructor(perRead = 3) {
    this.#perRead = perRead;
  }

  add(ids: readonly string[], sourceId = "shop", gap = 0): void {
    const offset = this.#next + gap;
    this.#next = offset + 1;
    const record = eventRecord(
      ids.map((messageId) => ({ messageId })),
      sourceId,
    );
    this.records.push({ partition: 0, offset, time: 0, ...record });
  }

  start(): number {
    return this.records[0]?.offset ?? 0;
  }

  end(): number {
    return this.#next;
  }

  async read(from: number, _bytes: number): Promise<{ records: EngineRecord[]; next: number }> {
    if (this.fault !== undefined) throw this.fault;
    const found = this.records.filter(({ offset }) => offset >= from).slice(0, this.#perRead);
    this.reads += found.length;
    return { records: found, next: found.length === 0 ? from : found.at(-1)!.offset + 1 };
  }
}

/** By the definition: which events have their like among the `ids` events before them. */
function expected({ records }: Partition, ids: number): Map<number, number[]> {
  const all: string[] = [];
  const found = new Map<number, number[]>();
  for (const { offset, header } of records) {
    const text = Buffer.from(header).toString("latin1");
    const count = Buffer.from(header).readUInt32LE(12);
    const source = text.slice(16 + 4 * count, 16 + 4 * count + header[3]!);
    const messageIds = text.slice(16 + 4 * count + header[3]! + header[4]! + header[5]!).split("\n");
    messageIds.forEach((id, index) => {
      const name = `${source} ${id}`;
      if (all.slice(-ids).includes(name)) found.set(offset, [...(found.get(offset) ?? []), index]);
      all.push(name);
    });
  }
  return found;
}

/** Reads on as a consumer does; gives what it was told. */
async function follow(
  deduper: Deduper,
  partition: Partition,
  from: number,
  to: number,
): Promise<Map<number, number[]>> {
  const told = new Map<number, number[]>();
  for (let at = from; at < to; ) {
    const { records, next } = await partition.read(at, 0);
    if (next === at) break;
    const judgement = await deduper.judge(partition, { from: at, records, next });
    for (const { offset } of records) {
      const duplicates = judgement.of(offset);
      if (duplicates === undefined || offset >= to) continue;
      told.set(
        offset,
        [...duplicates].flatMap((flag, index) => (flag === 1 ? [index] : [])),
      );
    }
    at = next;
  }
  return told;
}

const between = (all: ReadonlyMap<number, number[]>, from: number, to: number) =>
  new Map([...all].filter(([offset]) => offset >= from && offset < to));

test("a duplicate is an event whose source sent the same messageId before", async () => {
  const partition = new Partition();
  partition.add(["a", "b"]);
  partition.add(["b", "c", "b"]);
  partition.add(["a"], "app");
  partition.add(["c", "a"]);
  const told = await follow(new Deduper(100), partition, 0, partition.end());
  assert.deepEqual(
    told,
    new Map([
      [1, [0, 2]],
      [3, [0, 1]],
    ]),
  );
});

test("the log is read once for any number of consumers that keep up, and not at all for the ids", async () => {
  const partition = new Partition();
  for (let n = 0; n < 50; n++) partition.add([`m${n % 20}`]);
  const deduper = new Deduper(100);
  const all = expected(partition, 100);
  for (let consumer = 0; consumer < 5; consumer++)
    assert.deepEqual(await follow(deduper, partition, 0, partition.end()), all);
  assert.equal(partition.reads, 5 * 50, "what the consumers read themselves");
});

test("a consumer that was behind finds its verdicts waiting", async () => {
  const partition = new Partition();
  for (let n = 0; n < 300; n++) partition.add([`m${n}`, `m${n - 1}`]);
  const deduper = new Deduper(10);
  await follow(deduper, partition, 0, partition.end());
  const before = partition.reads;
  assert.deepEqual(await follow(deduper, partition, 100, 150), between(expected(partition, 10), 100, 150));
  assert.equal(partition.reads - before, 51);
});

test("after a restart the window is filled from before the position: nothing is its own repeat", async () => {
  const partition = new Partition();
  for (let n = 0; n < 100; n++) partition.add([`m${n}`, `n${n}`, ...(n % 7 === 0 ? [`m${n - 5}`] : [])]);
  const all = expected(partition, 40);
  for (const from of [0, 1, 30, 63, 99]) {
    assert.deepEqual(await follow(new Deduper(40), partition, from, 100), between(all, from, 100), `from ${from}`);
  }
});

test("a read that fails is told, and the next try finds the same", async () => {
  const partition = new Partition();
  for (let n = 0; n < 60; n++) partition.add([`m${n % 50}`]);
  const deduper = new Deduper(100);
  const { records, next } = await partition.read(40, 0);
  partition.fault = new Error("no disk");
  await assert.rejects(async () => deduper.judge(partition, { from: 40, records, next }), /no disk/);
  partition.fault = undefined;
  assert.deepEqual(await follow(deduper, partition, 40, 60), between(expected(partition, 100), 40, 60));
});

test("wherever consumers stand and however they take turns, all are told what the definition says", async () => {
  const history = fc.record({
    seed: fc.nat(),
    ids: fc.integer({ min: 1, max: 30 }),
    perRead: fc.integer({ min: 1, max: 8 }),
    records: fc.integer({ min: 1, max: 150 }),
    names: fc.constantFrom(3, 30, 300),
    consumers: fc.integer({ min: 1, max: 6 }),
  });
  await fc.assert(
    fc.asyncProperty(history, async ({ seed, ids, perRead, records, names, consumers }) => {
      const random = seededRandom(seed);
      const partition = new Partition(perRead);
      const some = (count: number) => Math.floor(random() * count);
      for (let n = 0; n < records; n++) {
        const messageIds = Array.from({ length: 1 + some(4) }, () => `m${some(names)}`);
        partition.add(messageIds, `s${some(2)}`, some(10) === 0 ? some(5) : 0);
      }
      const deduper = new Deduper(ids);
      const all = expected(partition, ids);
      const end = partition.end();
      await Promise.all(
        Array.from({ length: consumers }, async () => {
          for (let at = some(end); at < end; ) {
            const to = at + 1 + some(end - at);
            const told = await follow(deduper, partition, at, to);
            for (const [offset, duplicates] of between(all, at, to)) assert.deepEqual(told.get(offset), duplicates);
            for (const offset of told.keys()) assert.ok(all.has(offset), `record ${offset} has no duplicate`);
            at = random() < 0.2 ? some(end) : to;
            if (random() < 0.2) break;
          }
        }),
      );
    }),
    { numRuns: 150 },
  );
});
