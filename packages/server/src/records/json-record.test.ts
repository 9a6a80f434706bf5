import assert from "node:assert/strict";
import { test } from "node:test";
import type { DeliveredEvent } from "@pintle/events/gateway";
import { rawEvent } from "@pintle/kit";
import fc from "fast-check";
import { type DeadFact, type DeadLetter, deadRecord, decodeDeadLetter, encodeDeadLetter } from "./dead-letter.ts";
import { type JsonRecord, jsonRecord } from "./json-record.ts";
import { type RegistryFact, registryRecord } from "./registry-record.ts";
import { type ReplayFact, replayRecord } from "./replay-record.ts";
import { decodeEvents, decodeSlice, encodeSlice, type ParkedFacts, type ParkedSlice } from "./retry-record.ts";

const id = fc.string({ minLength: 1 });
const whole = fc.nat(Number.MAX_SAFE_INTEGER);
/** A value that JSON can hold, with whole numbers beyond 2^53. */
const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constant(null),
    fc.boolean(),
    fc.string({ unit: "binary" }),
    fc.integer(),
    fc.bigInt({ min: 2n ** 53n + 1n, max: 2n ** 70n }),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(fc.string(), tie("value"), { maxKeys: 4, noNullPrototype: true }),
  ),
})).value;
const event = fc
  .tuple(fc.dictionary(fc.string(), json, { maxKeys: 5, noNullPrototype: true }), id)
  .map(([fields, messageId]) => ({ ...fields, messageId }) as unknown as DeliveredEvent);
const plain = { noNullPrototype: true };
const absent = { ...plain, requiredKeys: [] as never[] };

const registryFact: fc.Arbitrary<RegistryFact> = fc.oneof(
  fc.record({ kind: fc.constant("began" as const), destinationId: id, partition: whole, from: whole }, plain),
  fc.record({ kind: fc.constant("opened" as const) }, plain),
  fc.record({ kind: fc.constant("log" as const), id }, plain),
  fc.record({ kind: fc.constant("delivered" as const), destinationId: id }, plain),
);
const range = fc.record({ partition: whole, begin: whole, end: whole }, plain);
const replayFact: fc.Arbitrary<ReplayFact> = fc.oneof(
  fc.record(
    {
      kind: fc.constant("started" as const),
      id,
      destinationId: id,
      from: whole,
      rate: whole,
      at: whole,
      ranges: fc.array(range),
    },
    plain,
  ),
  fc.record({ kind: fc.constant("ended" as const), id, at: whole, outcome: fc.constantFrom("done", "stopped") }, plain),
);
const verdict: fc.Arbitrary<DeadFact> = fc
  .tuple(
    fc.record(
      {
        kind: fc.constant("verdict" as const),
        verdict: fc.constantFrom("replayed", "purged", "filtered"),
        at: whole,
        letters: fc.array(whole),
      },
      plain,
    ),
    fc.record({ reason: id }, absent),
  )
  .map(([least, more]) => ({ ...least, ...more }));

/**
 * What was written by hand in each place before there was one codec: bytes on disk do not change.
 */
function byHand(fact: object): Buffer {
  return Buffer.from(JSON.stringify({ v: 1, ...fact }));
}

const topics: readonly (readonly [name: string, JsonRecord<{ readonly kind: string }>, fc.Arbitrary<object>])[] = [
  ["destinations", registryRecord as JsonRecord<{ readonly kind: string }>, registryFact],
  ["replays", replayRecord as JsonRecord<{ readonly kind: string }>, replayFact],
  ["verdicts", deadRecord as JsonRecord<{ readonly kind: string }>, verdict],
];

for (const [name, record, fact] of topics) {
  test(`${name}: a fact is read as it was written, and its bytes are those of format 1`, () => {
    fc.assert(
      fc.property(fact, whole, (given, offset) => {
        const { header, payload } = record.encode(given as { kind: string });
        assert.deepEqual(Buffer.from(header), byHand(given));
        assert.equal(payload.length, 0);
        assert.deepEqual(record.decode({ offset, header }), given);
      }),
    );
  });
}

test("dead letters: one is read as it was written, whatever its event holds", () => {
  const least = { reason: id, sourceId: id, offset: whole, partition: whole, index: whole, at: whole, attempts: whole };
  const answer = fc.record(
    {
      status: fc.nat(599),
      headers: fc.dictionary(id, id, { noNullPrototype: true }),
      body: id,
    },
    plain,
  );
  const more = fc.record({ firstAttempt: whole, answer, detail: id, to: whole, events: whole }, absent);
  const letter: fc.Arbitrary<DeadLetter> = fc
    .tuple(fc.record({ ...least, event }, plain), more)
    .map(([one, other]) => ({ ...one, ...other }));
  fc.assert(
    fc.property(letter, whole, (given, offset) => {
      assert.deepEqual(decodeDeadLetter({ offset, ...encodeDeadLetter(given) }), given);
    }),
  );
});

test("retry topic: a slice is read as it was written, with its events", () => {
  const fact: fc.Arbitrary<ParkedFacts> = fc
    .tuple(
      fc.record(
        {
          partition: whole,
          offset: whole,
          index: whole,
          sourceId: id,
          keyHash: whole,
          time: whole,
          attempts: whole,
        },
        plain,
      ),
      fc.record({ age: whole, only: fc.array(id) }, absent),
    )
    .map(([one, other]) => ({ ...one, ...other }));
  const slice: fc.Arbitrary<ParkedSlice> = fc
    .tuple(
      fc.record({ lane: fc.oneof(whole, id), pass: whole, facts: fc.array(fact) }, plain),
      fc.record({ part: whole, complete: fc.constant(true as const) }, absent),
    )
    .map(([one, other]) => ({ ...one, ...other }));
  fc.assert(
    fc.property(slice, fc.array(event), whole, (given, events, offset) => {
      const record = {
        offset,
        ...encodeSlice(
          given,
          events.map((one) => rawEvent(one as DeliveredEvent)),
        ),
      };
      assert.deepEqual(decodeSlice(record), given);
      const read = decodeEvents(record, events.length);
      assert.deepEqual(
        events.map((_, index) => read.at(index).parsed()),
        events,
      );
      for (const count of [events.length - 1, events.length + 1].filter((other) => other >= 0)) {
        assert.throws(() => decodeEvents(record, count), { code: "PINTLE_RECORD_INVALID" });
      }
      const { facts, ...rest } = given;
      assert.deepEqual(Buffer.from(record.header), byHand({ kind: "events", ...rest, events: facts }));
    }),
  );
});

const each = jsonRecord<{ readonly kind: "known" }>("a topic", 3, ["known"]);

test("other kinds are passed over, other formats and nonsense refused, with the record's place", () => {
  const decode = (header: string) => each.decode({ offset: 5, header: Buffer.from(header) });
  assert.deepEqual(decode('{"v":3,"kind":"known"}'), { kind: "known" });
  for (const header of ['{"v":3,"kind":"other"}', '{"v":3}']) assert.equal(decode(header), undefined);
  const message = "record 5 of a topic has format 4, this version knows 3";
  assert.throws(() => decode('{"v":4,"kind":"other"}'), { code: "PINTLE_RECORD_TOO_NEW", message });
  for (const header of ["", "7", "null", "{", "secret"]) {
    const invalid = "record 5 of a topic: its header is no JSON object";
    assert.throws(() => decode(header), { code: "PINTLE_RECORD_INVALID", message: invalid });
    assert.throws(() => each.payloadOf({ offset: 5, payload: Buffer.from(header) }), { code: "PINTLE_RECORD_INVALID" });
  }
});

test("nothing but the codec's own errors comes of any bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array(), (header) => {
      try {
        each.decode({ offset: 0, header });
      } catch (error) {
        assert.match(String((error as { code?: unknown }).code), /^PINTLE_RECORD_/);
      }
    }),
  );
});
