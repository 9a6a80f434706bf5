import assert from "node:assert/strict";
import { test } from "node:test";
import { parseJson } from "@pintle/events";
import { type Connection, delivered, type Outcome, type RawEvent, retry } from "@pintle/kit";
import { scanRecord } from "../records/raw/scan-record.ts";
import { replayedEvent } from "./replay/replayed-event.ts";
import { eventRecord } from "./testing/event-records.ts";
import { settle } from "./testing/fake-clock.ts";
import { destination, FakeDestination } from "./testing/fake-destination.ts";
import { RouterHarness } from "./testing/router-harness.ts";

/** What a client may write, and no parser and writer would give back. */
const odd = '"properties":{"price":1.50,"id":12345678901234567890,"a":1,"a":2, "e":"\\u00e9\\/"}';

/** Appends a record of events that hold this. */
async function accept({ engine }: RouterHarness, ids: readonly string[], userId = "u"): Promise<void> {
  const { header } = eventRecord(ids.map((messageId) => ({ messageId, userId })));
  const events = ids.map((id) => `{"type":"track", "userId":"${userId}","messageId":"${id}",${odd}}`);
  await engine.append("events", { partition: 0, header, payload: Buffer.from(`{"batch":[${events.join(" , ")}]}`) });
  await settle();
}

/** A destination that takes events as bytes, and keeps those of each attempt. */
function rawDestination(answer: (id: string, attempt: number) => Outcome = () => delivered) {
  const attempts: [id: string, json: string][] = [];
  const { type } = new FakeDestination(() => []);
  const deliverRaw: Connection["deliverRaw"] = async (events: readonly RawEvent[]) =>
    events.map(({ messageId, bytes }) => {
      attempts.push([messageId, Buffer.from(bytes).toString()]);
      return answer(messageId, attempts.filter(([id]) => id === messageId).length);
    });
  const deliver: Connection["deliver"] = async () => assert.fail("it was given objects");
  return { attempts, type: { ...type, raw: true, open: async () => ({ deliver, deliverRaw, close: async () => {} }) } };
}

test("an event has the same bytes at each attempt, parked or not, and those are the event that others get", async () => {
  const isBack = (attempt: number) => attempt > 12;
  const raw = rawDestination((id, attempt) =>
    id === "a" && !isBack(attempt) ? retry("event", "http_500") : delivered,
  );
  const others: unknown[] = [];
  const object = new FakeDestination((events) => {
    others.push(...events);
    return events.map(() => delivered);
  });
  const harness = await RouterHarness.open({ destinations: { raw, object } });
  await accept(harness, ["a", "b"]);
  await accept(harness, ["c"], "v");
  await harness.clock.advance(20_000);
  assert.equal((await harness.status("raw")).lanesParked, 1);
  await harness.clock.advance(300_000);
  assert.equal((await harness.status("raw")).delivered, 3);
  const ids = raw.attempts.map(([id]) => id);
  assert.ok(ids.indexOf("b") > ids.lastIndexOf("a"), "in the order of its user");
  assert.equal(new Set(raw.attempts.map(([, json]) => json)).size, 3, "one text for each event");
  for (const [id, json] of raw.attempts) {
    assert.ok(
      json.startsWith(`{"type":"track", "userId":"${id === "c" ? "v" : "u"}","messageId":"${id}",${odd},`),
      json,
    );
    assert.deepEqual(
      parseJson(json),
      others.find((event) => (event as { messageId: string }).messageId === id),
    );
  }
  await harness.close();
});

test("what is replayed from the log has the bytes that it had, behind a restart too", async () => {
  const first = rawDestination();
  const harness = await RouterHarness.open({ destinations: { raw: first } });
  await accept(harness, ["a"]);
  await harness.close();
  const again = rawDestination();
  const { store, clock } = harness;
  const later = await RouterHarness.open({ destinations: { raw: again }, store, clock });
  for await (const record of later.engine.scan("events")) {
    const raw = scanRecord(record).events.at(0);
    const place = { sourceId: "shop", partition: 0, offset: record.offset, index: 0, at: record.time };
    await later.router.replayTarget("raw")?.replay([replayedEvent(raw, place)]);
  }
  await settle();
  assert.deepEqual(again.attempts, first.attempts);
  await later.close();
});

test("where a destination has a transformation it gets objects, and what that gave", async () => {
  const got: string[] = [];
  const { fake } = destination();
  fake.deliver = (events) => {
    for (const { messageId } of events) got.push(messageId);
    return events.map(() => delivered);
  };
  const { type } = fake;
  const raw = { type: { ...type, raw: true } };
  const transform = {
    run: async (events: readonly { readonly messageId: string }[]) =>
      events.map((event) => ({ kind: "deliver" as const, events: [{ ...event, messageId: "made" } as never] })),
    close: async () => {},
  };
  const harness = await RouterHarness.open({ destinations: { raw }, pipelines: { raw: { transform } } });
  await accept(harness, ["a"]);
  assert.deepEqual(got, ["made"]);
  await harness.close();
});

test("memory is charged for a record as long as one of its events is there, and once", async () => {
  let isShut = true;
  const raw = rawDestination((id) => (isShut && id === "m7" ? retry("event", "http_500") : delivered));
  const harness = await RouterHarness.open({ destinations: { raw } });
  const ids = Array.from({ length: 200 }, (_, n) => `m${n}`);
  await accept(harness, ids, "");
  await harness.clock.advance(100);
  const status = await harness.status("raw");
  assert.equal(status.delivered, 199);
  assert.ok(status.memory > 40_000 && status.memory < 150_000, `${status.memory} bytes`);
  isShut = false;
  await harness.clock.advance(60_000);
  const { delivered: all, memory } = await harness.status("raw");
  assert.deepEqual([all, memory], [200, 0]);
  await harness.close();
});
