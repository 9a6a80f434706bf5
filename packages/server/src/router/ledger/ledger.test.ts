import assert from "node:assert/strict";
import { test } from "node:test";
import type { Progress } from "@pintle/log";
import fc from "fast-check";
import { MemoryBudget } from "../memory/budget.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import { Counters } from "./counters.ts";
import { delivered, type Ending, filtered, parked } from "./ending.ts";
import { Ledger } from "./ledger.ts";
import { newPartitionState, type PartitionState } from "./partition.ts";
import { Problems } from "./problems.ts";
import { Tap } from "./tap.ts";
import type { TrackedEvent } from "./tracked-event.ts";

const endings: readonly Ending[] = [delivered, filtered("only"), { kind: "dead", reason: "x" }, parked];

/** A ledger with one partition, of which `events` were read. */
function opened(events: number) {
  const clock = new FakeClock();
  const saved: Progress[] = [];
  const share = new MemoryBudget(1e9, () => 0).join(() => {});
  const logger = { debug() {}, info() {}, warn() {}, error() {} };
  const ledger = new Ledger({
    ...{ clock, share, saveInterval: 100, wake() {}, id: "d", tap: new Tap() },
    counters: new Counters(),
    problems: new Problems({ name: "d", clock, logger, redact: (text) => text }),
  });
  const source = {
    ...{ topic: "events", partition: 0, progress: undefined, start: () => 0, end: () => 1 },
    read: async (from: number) => ({ records: [], next: from }),
    wait: async () => {},
    save: (progress: Progress) => void saved.push(progress),
  };
  const partition = newPartitionState(source, 0);
  ledger.add(partition);
  ledger.start();
  const record = partition.window.add(0, clock.wall(), events);
  const entries = Array.from({ length: events }, (_, index) => entryOf(partition, record, index));
  return { ledger, partition, entries, share, clock, saved };
}

function entryOf(partition: PartitionState, record: TrackedEvent["record"], index: number): TrackedEvent {
  return {
    ...{ partition, record, index, origin: undefined, sourceId: "s", bytes: 10, cost: 100, weight: 1 },
    event: { messageId: `m${index}` } as unknown as TrackedEvent["event"],
    ...{ attempts: 0, firstAttempt: undefined, isOut: false },
  };
}

test("whatever events go through, the sums are those of the events that are open", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(9), fc.nat(3)), { maxLength: 200 }), (steps) => {
      const { ledger, partition, entries, share } = opened(10);
      entries[0]!.record.shared = 1000;
      const where = entries.map(() => "unread" as "unread" | "waiting" | "out" | "ended");
      let ended = 0;
      for (const [at, choice] of steps) {
        const entry = entries[at]!;
        if (where[at] === "ended") continue;
        if (where[at] === "unread") {
          ledger.enter(entry);
          where[at] = "waiting";
        } else if (choice === 0) {
          ledger.end(entry, endings[at % endings.length]!);
          where[at] = "ended";
          ended++;
        } else if (where[at] === "waiting") {
          ledger.begin(entry);
          assert.throws(() => ledger.begin(entry), /on its way already/);
          where[at] = "out";
        } else {
          ledger.back(entry);
          where[at] = "waiting";
        }
        const open = where.filter((state) => state === "waiting" || state === "out").length;
        assert.deepEqual(
          [ledger.events, ledger.bytes, share.held],
          [open, 10 * open, 100 * open + (open > 0 ? 1000 : 0)],
        );
        assert.equal(partition.pending, where.filter((state) => state === "out").length);
        assert.deepEqual([partition.ended, partition.window.unfinished], [ended, 10 - ended]);
      }
    }),
  );
});

test("an ending is counted once, under its kind; what is parked has not ended", () => {
  const { ledger, entries } = opened(4);
  for (const [at, entry] of entries.entries()) {
    ledger.enter(entry);
    ledger.end(entry, endings[at]!);
  }
  const { delivered: all, filtered: some, dead } = ledger.counters.toJSON();
  assert.deepEqual([all, some, dead], [1, { only: 1 }, { x: 1 }]);
});

test("progress is saved a while after it moved, and at the end", async () => {
  const { ledger, entries, clock, saved } = opened(2);
  for (const entry of entries) ledger.enter(entry);
  ledger.end(entries[1]!, delivered);
  assert.deepEqual(saved, []);
  await clock.advance(100);
  assert.deepEqual(saved, [{ low: 0, finished: [[0, 1]] }]);
  ledger.end(entries[0]!, delivered);
  ledger.stop();
  await clock.advance(1000);
  assert.equal(saved.length, 1, "after the stop only the end saves");
  ledger.close();
  assert.deepEqual(saved.at(-1), { low: 1, finished: [] });
});

test("it is drained once nothing is on its way", async () => {
  const { ledger, entries } = opened(2);
  for (const entry of entries) {
    ledger.enter(entry);
    ledger.begin(entry);
  }
  let isDrained = false;
  const drained = ledger.drain().then(() => {
    isDrained = true;
  });
  assert.equal(ledger.isStopping, true);
  ledger.back(entries[0]!);
  await Promise.resolve();
  assert.equal(isDrained, false);
  ledger.end(entries[1]!, delivered);
  await drained;
});
