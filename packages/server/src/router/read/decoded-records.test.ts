import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { EngineRecord } from "../../engine/engine.ts";
import { eventsOf, openRecord } from "../../records/event-record.ts";
import { eventRecord } from "../testing/event-records.ts";
import { DecodedRecords } from "./decoded-records.ts";

function recordAt(offset: number, partition = 0, padding = ""): EngineRecord {
  const events = Array.from({ length: 3 }, (_, n) => ({
    messageId: `m${partition}-${offset}-${n}`,
    context: { padding },
  }));
  return { partition, offset, time: 0, ...eventRecord(events) };
}

const idsOf = ({ keyHashes, eventAt }: ReturnType<typeof openRecord>) =>
  Array.from(keyHashes, (_, index) => eventAt(index).messageId);

test("a record is parsed once for those who come to it, and each has events of its own", () => {
  const records = new DecodedRecords(1 << 20);
  const record = recordAt(7);
  const one = records.open(record).eventAt(0);
  // Nobody parses this: it would not be JSON.
  const other = records.open({ ...record, payload: Buffer.from("no JSON") }).eventAt(0);
  assert.deepEqual(other, one);
  assert.notEqual(other, one);
  assert.deepEqual(one, eventsOf(record).events[0]);
});

test("whoever asks for whatever record gets that one, and no more than its bytes are kept", () => {
  const asked = fc.array(fc.tuple(fc.nat(6), fc.nat(2), fc.nat(3000)), { maxLength: 60 });
  fc.assert(
    fc.property(asked, fc.integer({ min: 0, max: 20_000 }), (all, most) => {
      const records = new DecodedRecords(most);
      for (const [offset, partition] of all) {
        const padding = "x".repeat((offset * 700 + partition * 300) % 3000);
        const record = recordAt(offset, partition, padding);
        assert.deepEqual(idsOf(records.open(record)), idsOf(openRecord(record)));
        assert.ok(records.held <= most, `${records.held} of ${most}`);
      }
    }),
  );
});

test("a record that cannot be opened is refused each time", () => {
  const records = new DecodedRecords(1 << 20);
  const broken = { ...recordAt(1), payload: Buffer.from("{") };
  for (let time = 0; time < 2; time++) assert.throws(() => records.open(broken), { code: "PINTLE_RECORD_INVALID" });
  assert.equal(records.held, 0);
});
