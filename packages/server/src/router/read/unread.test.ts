import assert from "node:assert/strict";
import { test } from "node:test";
import type { EngineRecord } from "../../engine/engine.ts";
import { newPartitionState, type PartitionState } from "../ledger/partition.ts";
import { eventRecord } from "../testing/event-records.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import { countedAsUnread, countUnread } from "./unread.ts";

const clock = new FakeClock();
const all = () => true;

/** A log of records with the given numbers of events; each read waits until `answer` is called. */
function partitionOf(sizes: number[], progress?: { low: number; finished: [number, number][] }) {
  const records: EngineRecord[] = sizes.map((size, offset) => ({
    partition: 0,
    offset,
    time: 0,
    ...eventRecord(Array.from({ length: size }, (_, n) => ({ messageId: `m${n}` }))),
  }));
  const answers: (() => void)[] = [];
  const partition: PartitionState = newPartitionState(
    {
      topic: "events",
      partition: 0,
      progress,
      start: () => 0,
      end: () => records.length,
      read: (from) =>
        new Promise((resolve) => {
          answers.push(() => resolve({ records: records.slice(from), next: records.length }));
        }),
      wait: async () => {},
      save: () => {},
    },
    progress?.low ?? 0,
  );
  const read = (offset: number) => {
    partition.unread -= countedAsUnread(records[offset]!, partition, all);
    partition.window.add(offset, 0, sizes[offset]!);
  };
  return { partition, records, answers, read };
}

test("unread events are counted once, and taken off when they are read", async () => {
  const { partition, answers, read } = partitionOf([2, 3, 5]);
  const counting = countUnread(partition, all, clock, 1000);
  answers[0]?.();
  assert.equal(await counting, true);
  assert.equal(partition.unread, 10);
  read(0);
  read(1);
  assert.equal(partition.unread, 5);
  assert.equal(await countUnread(partition, all, clock, 1000), true);
  assert.equal(answers.length, 1, "nothing is read twice");
});

test("what the consumer reads while it is being counted is not counted", async () => {
  const { partition, answers, read } = partitionOf([2, 3, 5]);
  const counting = countUnread(partition, all, clock, 1000);
  read(0);
  read(1);
  answers[0]?.();
  await counting;
  assert.equal(partition.unread, 5);
  read(2);
  assert.equal(partition.unread, 0);
});

test("two that count at a time count no event twice", async () => {
  const { partition, answers } = partitionOf([2, 3, 5]);
  const counting = [countUnread(partition, all, clock, 1000), countUnread(partition, all, clock, 1000)];
  for (const answer of answers) answer();
  await Promise.all(counting);
  assert.equal(partition.unread, 10);
});

test("what an earlier run finished, and what is not for this destination, does not count", async () => {
  const { partition, answers } = partitionOf([2, 3, 5], {
    low: 0,
    finished: [
      [0, 1],
      [2, 0],
      [2, 4],
    ],
  });
  const counting = countUnread(partition, (_source, offset) => offset !== 1, clock, 1000);
  answers[0]?.();
  await counting;
  assert.equal(partition.unread, 1 + 3);
});

test("counting ends when its time is over", async () => {
  const { partition, answers } = partitionOf([2]);
  assert.equal(await countUnread(partition, all, clock, clock.now()), false);
  assert.equal(answers.length, 0);
});
