import assert from "node:assert/strict";
import { test } from "node:test";
import { runInNewContext } from "node:vm";
import { checkMessage } from "./check-message.ts";
import { plainId, plainTime } from "./plain-values.ts";

test("an id is what the program means by it", () => {
  class ObjectId {
    toJSON() {
      return "507f1f77bcf86cd799439011";
    }
  }
  assert.equal(plainId(new ObjectId()), "507f1f77bcf86cd799439011");
  assert.equal(plainId(9007199254740993n), "9007199254740993");
  const unknown = { id: 1 };
  for (const value of ["1", 1, undefined, null, true, unknown]) assert.equal(plainId(value), value);
  const throwing = {
    toJSON() {
      throw new Error("mine");
    },
  };
  assert.equal(plainId(throwing), throwing);
});

test("a time is a Date of any realm, or what has one of the two methods that give a text", () => {
  const iso = "2026-11-23T09:30:00.000Z";
  const foreign = runInNewContext(`new Date("${iso}")`) as Date;
  assert.ok(!(foreign instanceof Date));
  for (const date of [foreign, structuredClone(new Date(iso))]) {
    const own = plainTime(date);
    assert.ok(own instanceof Date);
    assert.equal(own.toISOString(), iso);
  }
  assert.equal(plainTime({ toISOString: () => iso }), iso);
  assert.equal(plainTime({ toJSON: () => iso }), iso);
  assert.equal(Number.isNaN(Number(plainTime(runInNewContext("new Date(NaN)")))), true);
  const invalid = {
    toISOString() {
      throw new RangeError("Invalid time value");
    },
    toJSON: () => null,
  };
  assert.equal(plainTime(invalid), invalid);
});

test("what is none is refused by the name of its class", () => {
  class Timestamp {
    readonly seconds = 1;
  }
  const error = checkMessage({ type: "track", userId: "1", event: "e", timestamp: new Timestamp() });
  assert.match(error?.message ?? "", /^track: timestamp is a Timestamp \{"seconds":1\}, expected a valid Date/);
  assert.match(checkMessage({ type: "track", userId: new Map(), event: "e" })?.message ?? "", /userId is a Map /);
});

test("what JSON makes a text of is no object, of whatever realm", () => {
  const dates = [new Date(0), runInNewContext("new Date(0)"), new URL("https://example.com"), { toJSON: () => "text" }];
  for (const value of dates) {
    for (const field of ["properties", "context", "integrations"]) {
      const error = checkMessage({ type: "track", userId: "1", event: "e", [field]: value });
      assert.deepEqual([error?.code, error?.field], ["PINTLE_EVENT_FIELD_TYPE", field]);
    }
  }
  assert.equal(
    checkMessage({ type: "track", userId: "1", event: "e", properties: { toJSON: () => ({ a: 1 }) } }),
    undefined,
  );
});

test("a whole number that is not exact is no id, and the message says so", () => {
  for (const id of [2 ** 53, 2 ** 53 + 2, -(2 ** 60), 1e300]) {
    for (const message of [
      { type: "track", userId: id, event: "e" },
      { type: "track", anonymousId: id, event: "e" },
      { type: "group", userId: "1", groupId: id },
      { type: "alias", userId: "1", previousId: id },
    ]) {
      const error = checkMessage(message);
      assert.equal(error?.code, "PINTLE_EVENT_ID_INEXACT");
      assert.match(error?.message ?? "", /give it as a string/);
    }
  }
  for (const id of [2 ** 53 - 1, 0, -1, 1.5])
    assert.equal(checkMessage({ type: "track", userId: id, event: "e" }), undefined);
});

test("an id that nobody sees is none, as for the gateway", () => {
  for (const id of ["", " ", "\t\n", "\u00a0", "\u200b", "\ufeff \u2800", "\u3164"]) {
    assert.equal(
      checkMessage({ type: "track", userId: id, event: "e" })?.code,
      "PINTLE_EVENT_WITHOUT_ID",
      JSON.stringify(id),
    );
    assert.equal(checkMessage({ type: "group", userId: "1", groupId: id })?.code, "PINTLE_EVENT_FIELD_MISSING");
    assert.equal(checkMessage({ type: "alias", userId: "1", previousId: id })?.code, "PINTLE_EVENT_FIELD_MISSING");
    assert.equal(checkMessage({ type: "track", userId: id, anonymousId: "a", event: "e" }), undefined);
  }
});

test("a Date that the data plane could not store is refused", () => {
  for (const date of [new Date(8.64e15), new Date(-8.64e15), new Date(Number.NaN)]) {
    assert.equal(checkMessage({ type: "track", userId: "1", event: "e", timestamp: date })?.field, "timestamp");
  }
});
