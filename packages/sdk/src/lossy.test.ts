import assert from "node:assert/strict";
import { test } from "node:test";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { lossesOf } from "./lossy.ts";
import { startVirtualClient as start } from "./simulation/virtual-client.ts";

function found(fields: object): string[] {
  const message = { type: "track", userId: "1", event: "e", properties: fields } as const;
  return [...lossesOf(message)].map(({ text }) => text.slice("track: properties.".length));
}

test("what JSON drops or changes, by path", () => {
  class Money {
    readonly cents = 5;
  }
  const fields = "sent as what JSON makes of its fields";
  const table: readonly (readonly [unknown, string])[] = [
    [new Map([["a", 1]]), `x is a Map, ${fields}`],
    [new Set([1]), `x is a Set, ${fields}`],
    [new TypeError("mine"), `x is an Error, ${fields}`],
    [Object.assign(new Error("mine"), { code: 5 }), `x is an Error, ${fields}`],
    [runInNewContext("new Map([[1, 2]])"), `x is a Map, ${fields}`],
    [/a/, `x is a RegExp, ${fields}`],
    [new Uint8Array(2), `x is an Uint8Array, ${fields}`],
    [new URLSearchParams("a=1"), `x is an URLSearchParams, ${fields}`],
    [Promise.resolve(), `x is a Promise, ${fields}`],
    [Number.NaN, "x is NaN, sent as null"],
    [-Infinity, "x is -Infinity, sent as null"],
    [new Date(Number.NaN), `x is an invalid Date, sent as null`],
    [() => {}, "x is a function, left out"],
    [Symbol("s"), "x is a symbol, left out"],
    [[1, undefined], "x[1] is undefined, sent as null"],
    // biome-ignore lint/suspicious/noSparseArray: a hole is what is tested
    [[1, , 2], "x[1] is undefined, sent as null"],
    [[() => {}], "x[0] is a function, sent as null"],
    [{ deep: [{ m: new Map() }] }, `x.deep[0].m is a Map, ${fields}`],
    [{ toJSON: () => ({ inner: Number.NaN }) }, "x.inner is NaN, sent as null"],
    [{ [Symbol("s")]: 1 }, "x[Symbol(s)] is named by a symbol, left out"],
  ];
  for (const [x, loss] of table) assert.deepEqual(found({ x }), [loss]);
  const kept = [
    undefined,
    null,
    0,
    -0,
    "",
    false,
    new Date(0),
    new URL("http://a.example"),
    Buffer.from("a"),
    new Money(),
  ];
  const more = [
    [],
    {},
    Object.create(null),
    new String("s"),
    new Number(1),
    { a: undefined },
    runInNewContext("({a:[1]})"),
  ];
  for (const x of [...kept, ...more]) assert.deepEqual(found({ x }), []);
});

test("whatever JSON gives back as it was is no loss", () => {
  fc.assert(fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (fields) => assert.deepEqual(found(fields), [])));
});

test("verbose tells each kind once, strict refuses by path, and otherwise nobody looks", () => {
  const lines: string[] = [];
  const logger = { debug() {}, info() {}, warn: (text: string) => void lines.push(text), error() {} };
  const message = {
    userId: "1",
    event: "e",
    properties: { a: new Map([["k", "secret"]]), b: new Map(), c: [Number.NaN] },
    request_ip: "192.0.2.1",
  } as never;
  const { client } = start({ verbose: true, logger });
  for (let i = 0; i < 2; i++) assert.ok(client.track(message).accepted);
  assert.deepEqual(lines, [
    "pintle: track: request_ip is no field of a message, left out",
    "pintle: track: properties.a is a Map, sent as what JSON makes of its fields",
    "pintle: track: properties.c[0] is NaN, sent as null",
  ]);

  const strict = start({ strict: true }).client;
  assert.throws(() => strict.track(message), {
    code: "PINTLE_MESSAGE_LOSSY",
    message: /^track: request_ip is no field/,
  });
  assert.throws(() => strict.track({ userId: "1", event: "e", properties: { at: [{ x: Infinity }] } }), {
    message: /^track: properties\.at\[0\]\.x is Infinity, sent as null; /,
  });
  assert.equal(strict.stats().refused.invalid, 2);

  let reads = 0;
  const properties = {
    get a() {
      reads++;
      return 1;
    },
  };
  start().client.track({ userId: "1", event: "e", properties });
  assert.equal(reads, 1);
});

test("what beforeSend adds is looked at, too; what the SDK has put there is no unknown field", () => {
  const { client } = start({ strict: true, beforeSend: (message) => message });
  assert.ok(client.track({ userId: "1", event: "e" }).accepted);
  const adding = start({
    strict: true,
    beforeSend: (message) => ({ ...message, context: { ...message.context, seen: new Set() } }),
  });
  assert.throws(() => adding.client.track({ userId: "1", event: "e" }), /context\.seen is a Set/);
});
