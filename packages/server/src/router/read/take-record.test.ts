import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { EngineRecord } from "../../engine/engine.ts";
import { openRecord } from "../../records/event-record.ts";
import { scanRecord } from "../../records/raw/scan-record.ts";
import { newPartitionState, progressOf } from "../ledger/partition.ts";
import { eventRecord } from "../testing/event-records.ts";
import { type TakeRules, takeRecord } from "./take-record.ts";

const record = (events: number): EngineRecord => ({
  ...eventRecord(Array.from({ length: events }, (_, n) => ({ messageId: `m${n}`, event: n % 7 === 0 ? "No" : "Yes" }))),
  partition: 0,
  offset: 5,
  time: 0,
});

const source = {
  topic: "events",
  partition: 0,
  progress: undefined,
  start: () => 0,
  end: () => 9,
  read: async (from: number) => ({ records: [], next: from }),
  wait: async () => {},
  save: () => {},
};

const rulesWith = (fits: TakeRules["fits"], isRaw: boolean): TakeRules => ({
  filter: { name: "d", displayName: "D", except: { types: [], events: ["No"] } },
  sources: new Set(["shop"]),
  concerns: () => true,
  open: openRecord,
  scan: isRaw ? scanRecord : undefined,
  copies: 1,
  fits,
});

test("a record for which there is no room is taken in portions, which are the whole: each event once, in its order", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 2000 }),
      fc.integer({ min: 0, max: 2_000_000 }),
      fc.boolean(),
      fc.uniqueArray(fc.integer({ min: 0, max: 1999 }), { maxLength: 50 }),
      fc.uniqueArray(fc.integer({ min: 0, max: 1999 }), { maxLength: 50 }),
      (events, room, isRaw, finished, repeated) => {
        const before = finished.map((index): [number, number] => [5, index]);
        const duplicates = new Uint8Array(events);
        for (const index of repeated) if (index < events) duplicates[index] = 1;
        const whole = newPartitionState(source, 0, before);
        const expected = takeRecord(
          record(events),
          whole,
          rulesWith(() => true, false),
          duplicates,
        );

        const partition = newPartitionState(source, 0, before);
        const ids: string[] = [];
        let filtered = 0;
        let duplicate = 0;
        do {
          const { next = 0 } = partition.part ?? {};
          const rules = rulesWith((bytes) => bytes <= room, isRaw);
          const taken = takeRecord(record(events), partition, rules, duplicates);
          ids.push(...taken.deliver.map(({ event }) => event.messageId));
          filtered += taken.filtered.get("except") ?? 0;
          duplicate += taken.duplicate;
          const cost = taken.deliver.slice(0, -1).reduce((sum, entry) => sum + entry.cost, 0);
          assert.ok(taken.deliver.length <= 256 || cost <= room, "no more than there is room for");
          const { part } = partition;
          if (part === undefined) continue;
          assert.ok(part.next > next);
          assert.equal(partition.window.unfinished, ids.length + part.left, "what is left counts as waiting");
        } while (partition.part !== undefined);
        assert.deepEqual(
          ids,
          expected.deliver.map(({ event }) => event.messageId),
        );
        assert.deepEqual([filtered, duplicate], [expected.filtered.get("except") ?? 0, expected.duplicate]);
        assert.deepEqual(progressOf(partition), progressOf(whole));
      },
    ),
    { numRuns: 50 },
  );
});
