import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { NewRecord } from "../engine/engine.ts";
import { EngineError } from "../engine/engine-error.ts";
import { partitionOf } from "../engine/partition-of.ts";
import { type EventRecordFacts, eventsOf } from "../records/event-record.ts";
import { EventLog } from "./event-log.ts";
import { readEvents } from "./read-events.ts";

const id = fc.stringMatching(/^[a-z]{1,3}$/);
const event = fc.record(
  {
    type: fc.constant("track"),
    userId: id,
    messageId: fc.uuid(),
    event: fc.string({ unit: "binary" }),
    properties: fc.dictionary(fc.string(), fc.jsonValue(), { noNullPrototype: true }),
  },
  { noNullPrototype: true },
);
/**
 * What a client sends: as it should, with white space, or in a way that the scan leaves to
 * JSON.parse.
 */
const body = fc
  .tuple(fc.array(event, { minLength: 1, maxLength: 20 }), fc.constantFrom("plain", "spaced", "escaped"))
  .map(([batch, how]) => {
    const sentAt = "2026-01-01T00:00:00.000Z";
    if (how === "plain") return JSON.stringify({ batch, sentAt });
    if (how === "spaced") return JSON.stringify({ sentAt, context: { a: [1] }, batch }, null, "\t ");
    return JSON.stringify({ sentAt, batch }).replace('"batch"', '"b\\u0061tch"');
  });

function factsOf(text: string, wantsRanges: boolean) {
  const read = readEvents(Buffer.from(text), "batch", 1000, () => "made", wantsRanges);
  assert.ok(!("status" in read));
  const { events, payload } = read;
  const { messageIds, keyHashes, batchSentAt, ranges } = events;
  const given = { receivedAt: 1_767_225_600_000, sourceId: "shop", requestIp: "192.0.2.1" };
  const facts: EventRecordFacts = { ...given, endpoint: "batch", messageIds, keyHashes, batchSentAt };
  return { facts, payload, ranges };
}

async function appended(partitions: number, text: string): Promise<NewRecord[]> {
  const records: NewRecord[] = [];
  const log = new EventLog({
    partitions: () => partitions,
    async append(topic, record) {
      assert.equal(topic, "events");
      records.push(record);
      return { partition: record.partition ?? 0, offset: 0 };
    },
  });
  const { facts, payload, ranges } = factsOf(text, log.isDivided);
  await log.append(facts, payload, ranges);
  return records;
}

const read = ({ header, payload }: NewRecord) => eventsOf({ offset: 0, header, payload });

test("one partition has the body as it came", async () => {
  await fc.assert(
    fc.asyncProperty(body, async (text) => {
      const [record, ...others] = await appended(1, text);
      assert.equal(others.length, 0);
      assert.equal(Buffer.from(record!.payload).toString(), text);
    }),
  );
});

test("several have all events between them, those of a user in one of them and in their order", async () => {
  await fc.assert(
    fc.asyncProperty(body, fc.integer({ min: 2, max: 7 }), async (text, partitions) => {
      const [whole] = await appended(1, text);
      const { events, keyHashes } = read(whole!);
      const records = await appended(partitions, text);
      assert.equal(new Set(records.map(({ partition }) => partition)).size, records.length, "one record for each");
      for (const record of records) {
        const mine = (hash: number): boolean => partitionOf(hash, partitions) === record.partition;
        const part = read(record);
        assert.deepEqual(
          part.events,
          events.filter((_, at) => mine(keyHashes[at]!)),
        );
        assert.deepEqual(part.keyHashes, keyHashes.filter(mine));
      }
      assert.equal(
        records.map((record) => read(record).events.length).reduce((sum, count) => sum + count),
        events.length,
      );
    }),
  );
});

test("a request of which one part is not stored is refused", async () => {
  const full = new EngineError("PINTLE_STORAGE_FULL", "no room");
  const log = new EventLog({
    partitions: () => 4,
    append: async (_, { partition = 0 }) => (partition === 2 ? Promise.reject(full) : { partition, offset: 0 }),
  });
  const users = Array.from({ length: 40 }, (_, n) => ({ type: "track", userId: `u${n}`, event: "x" }));
  const { facts, payload, ranges } = factsOf(JSON.stringify({ batch: users }), true);
  await assert.rejects(log.append(facts, payload, ranges), full);
});
