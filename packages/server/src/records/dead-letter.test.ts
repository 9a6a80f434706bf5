import assert from "node:assert/strict";
import { test } from "node:test";
import type { DeliveredEvent } from "@pintle/events/gateway";
import { type DeadLetter, decodeDeadLetter, encodeDeadLetter } from "./dead-letter.ts";

const letter: DeadLetter = {
  reason: "http_400",
  sourceId: "shop",
  offset: 17,
  partition: 0,
  index: 3,
  at: 1_767_225_600_000,
  attempts: 2,
  firstAttempt: 1_767_225_590_000,
  event: { type: "track", messageId: "m-1", event: "Ä", ["__proto__"]: 1 } as unknown as DeliveredEvent,
  answer: { status: 400, headers: { a: "b" }, body: "no" },
  detail: "the destination answered 400",
};

test("a dead letter is read as it was written", () => {
  const { answer: _answer, detail: _detail, firstAttempt: _first, ...least } = letter;
  for (const one of [letter, least]) assert.deepEqual(decodeDeadLetter({ offset: 0, ...encodeDeadLetter(one) }), one);
});

test("digits of whole numbers stay", () => {
  const event = { type: 157963456373623803n, messageId: "m", properties: { n: [-9223372036854775808n] } };
  const one: DeadLetter = { ...letter, event: event as unknown as DeliveredEvent };
  assert.deepEqual(decodeDeadLetter({ offset: 0, ...encodeDeadLetter(one) }), one);
});

test("its header alone says what a list and a count need", () => {
  const header = JSON.parse(Buffer.from(encodeDeadLetter(letter).header).toString()) as object;
  assert.deepEqual(header, {
    v: 1,
    kind: "letter",
    reason: "http_400",
    sourceId: "shop",
    offset: 17,
    partition: 0,
    index: 3,
    at: 1_767_225_600_000,
    attempts: 2,
    firstAttempt: 1_767_225_590_000,
    messageId: "m-1",
    type: "track",
    status: 400,
  });
});

test("other kinds are passed over, newer formats and nonsense refused", () => {
  const record = (header: string) => ({ offset: 5, header: Buffer.from(header), payload: Buffer.from("{}") });
  assert.equal(decodeDeadLetter(record('{"v":1,"kind":"verdict"}')), undefined);
  assert.throws(() => decodeDeadLetter(record('{"v":2,"kind":"letter"}')), { code: "PINTLE_RECORD_TOO_NEW" });
  for (const header of ["", "7", "null", "{"]) {
    assert.throws(() => decodeDeadLetter(record(header)), { code: "PINTLE_RECORD_INVALID" });
  }
});
