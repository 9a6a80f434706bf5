import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { ConfigError, redact, rename, sample, type WritableMessage } from "../exports.ts";
import { startVirtualClient as start } from "../simulation/virtual-client.ts";

function track(fields: object = {}): WritableMessage {
  return { type: "track", userId: "1", event: "Paid", ...fields };
}

describe("beforeSend as a list", () => {
  test("each gets what the one before returned; null ends it", async () => {
    const seen: unknown[] = [];
    const { client, environment, messages } = start({
      beforeSend: [
        (message) => ({ ...message, properties: { step: 1 } }),
        (message) => {
          seen.push(message.type === "track" && message.properties);
          return message.userId === "2"
            ? null
            : ({ ...message, properties: { ...(message as { properties?: object }).properties, two: true } } as never);
        },
        (message) => {
          seen.push(message.userId);
          return message;
        },
      ],
    });
    client.track({ userId: "1", event: "e" });
    assert.equal(
      client.track({ userId: "2", event: "e" }).error?.message,
      "beforeSend[1] returned null; nothing to do if that was meant",
    );
    await environment.until(client.close());
    assert.deepEqual(
      messages.map(({ properties }) => properties),
      [{ step: 1, two: true }],
    );
    assert.deepEqual(seen, [{ step: 1 }, "1", { step: 1 }]);
  });

  test("the one that fails is named; an empty list is none; what is no function is no option", () => {
    const keep = (message: WritableMessage) => message;
    const boom = () => {
      throw new Error("mine");
    };
    const errors = [
      [keep, boom],
      [keep, (async () => null) as never, keep],
      [(() => undefined) as never, boom],
    ].map((beforeSend) => start({ beforeSend }).client.track({ userId: "1", event: "e" }).error?.message ?? "");
    assert.match(errors[0] ?? "", /^beforeSend\[1\] threw: mine/);
    assert.match(errors[1] ?? "", /^beforeSend\[1\] returned a promise/);
    assert.match(errors[2] ?? "", /^event is (?:undefined|missing)/);
    assert.ok(start({ beforeSend: [] }).client.track({ userId: "1", event: "e" }).accepted);
    assert.throws(() => start({ beforeSend: [keep, 5 as never] }), ConfigError);
  });
});

describe("what the ready-made ones are given", () => {
  const wrong: readonly [name: string, make: () => unknown, told: RegExp][] = [
    ["a rate that is a text", () => sample("0.5" as never), /^sample is /],
    ["no options", () => sample(0.5, null as never), /^sample is null, allowed is an object/],
    ["one event in the place of a list", () => sample(0.5, { events: "Paid" as never }), /^sample\.events is "Paid"/],
    ["a list of something else", () => sample(0.5, { events: [5] as never }), /^sample\.events is \[5\]/],
    ["no function", () => sample(0.5, { by: "userId" as never }), /^sample\.by is "userId"/],
    ["a misspelt option", () => sample(0.5, { event: ["Paid"] } as never), /^sample\.event is no option/],
    ["neither path nor pattern", () => redact(5 as never), /^redact is 5, allowed is a path or a regular expression/],
    ["nothing", () => redact(null as never), /^redact is null/],
    ["no names", () => rename(undefined as never), /^rename is (undefined|missing), allowed is an object/],
    ["a misspelt part", () => rename({ event: {} } as never), /^rename\.event is no option/],
    ["a new name that is none", () => rename({ events: { Paid: 5 as never } }), /^rename\.events\["Paid"\] is 5/],
    ["an empty name", () => rename({ traits: { a: "" } }), /^rename\.traits\["a"\] is /],
  ];
  for (const [name, make, told] of wrong) {
    test(`${name} is refused where it is given`, () => {
      assert.throws(make, (error) => error instanceof ConfigError && told.test(error.message));
    });
  }

  test("a pattern is looked for everywhere, whatever its flags", () => {
    for (const flags of ["", "g", "y", "gy", "i"]) {
      const message = redact(new RegExp("tok_x", flags))(track({ properties: { note: "a tok_x, tok_x" } }));
      assert.deepEqual(message, track({ properties: { note: "a [redacted], [redacted]" } }), flags);
    }
  });
});

describe("sample", () => {
  test("takes about so many users, always the same ones, and more of them at a higher rate", () => {
    const kept = (rate: number) => {
      const pass = sample(rate);
      return Array.from({ length: 10_000 }, (_, i) => `user-${i}`).filter((userId) => pass(track({ userId })) !== null);
    };
    const [few, many] = [kept(0.1), kept(0.5)];
    assert.ok(Math.abs(few.length - 1_000) < 120, String(few.length));
    assert.ok(Math.abs(many.length - 5_000) < 250, String(many.length));
    assert.deepEqual(kept(0.1), few);
    assert.ok(few.every((user) => many.includes(user)));
    assert.deepEqual([kept(0).length, kept(1).length], [0, 10_000]);
  });

  test("by another key, and of some events alone", () => {
    const pass = sample(0, { events: ["Heartbeat"] });
    assert.equal(pass(track({ event: "Heartbeat" })), null);
    for (const message of [track(), { type: "identify", userId: "1" } as const]) assert.equal(pass(message), message);
    const byAccount = sample(0.5, { by: ({ context }) => context?.account });
    const ends = new Set(
      Array.from({ length: 50 }, (_, i) => byAccount(track({ userId: i, context: { account: "a" } })) === null),
    );
    assert.equal(ends.size, 1);
    for (const rate of [-0.1, 1.1, Number.NaN, "0.5"]) assert.throws(() => sample(rate as number), ConfigError);
  });
});

describe("redact", () => {
  test("paths, with stars, and patterns", () => {
    const message = track({
      userId: "a@example.com",
      context: { ip: "192.0.2.1", traits: { password: "p" } },
      properties: {
        card: { number: 4111, holder: "A" },
        items: [{ password: "q" }, { name: "b@example.com c@example.com" }],
      },
    });
    assert.deepEqual(redact("context.ip", "properties.card.*", "**.password", /\S+@example\.com/)(message), {
      type: "track",
      userId: "a@example.com",
      event: "Paid",
      context: { ip: "[redacted]", traits: { password: "[redacted]" } },
      properties: {
        card: { number: "[redacted]", holder: "[redacted]" },
        items: [{ password: "[redacted]" }, { name: "[redacted] [redacted]" }],
      },
    });
    assert.deepEqual(redact("properties", "*.a.0")(track({ properties: { a: 1 }, context: { a: ["b", "c"] } })), {
      ...track(),
      properties: {},
      context: { a: ["[redacted]", "c"] },
    });
    const hostile = JSON.parse('{"__proto__":{"password":"p"}}');
    assert.equal(
      JSON.stringify(redact("**.password")(track({ properties: hostile })).context ?? hostile),
      '{"__proto__":{"password":"[redacted]"}}',
    );
  });

  test("a path that leads nowhere is no path", () => {
    for (const path of ["", "userId", "password", "properties..a", "properties.", ".context"])
      assert.throws(() => redact(path), ConfigError, path);
  });

  test("nothing that a pattern matches is left in a text, and texts without it are as they were", () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.oneof(fc.stringMatching(/^[a-c7]{0,6}$/), fc.jsonValue())),
        (properties) => {
          const text = JSON.stringify(redact(/7+/)(track({ properties: structuredClone(properties) })));
          const wanted = JSON.stringify(properties, (_, value) =>
            typeof value === "string" ? value.replace(/7+/g, "[redacted]") : value,
          );
          assert.equal(text, JSON.stringify(track({ properties: JSON.parse(wanted) })));
        },
      ),
    );
  });
});

describe("rename", () => {
  test("events, properties and traits; a renamed field goes before one that had the name", () => {
    const pass = rename({
      events: { Paid: "Purchase", toString: "x" },
      properties: { total: "revenue" },
      traits: { mail: "email" },
    });
    assert.deepEqual(pass(track({ properties: { total: 1, revenue: 2, a: 3 } })), {
      ...track({ event: "Purchase" }),
      properties: { revenue: 1, a: 3 },
    });
    assert.deepEqual(pass(track({ event: "constructor" })), track({ event: "constructor" }));
    assert.deepEqual(pass({ type: "identify", userId: "1", traits: { mail: "m" } }), {
      type: "identify",
      userId: "1",
      traits: { email: "m" },
    });
    const hostile = JSON.parse('{"__proto__":1}');
    const renamed = rename({ properties: JSON.parse('{"__proto__":"constructor"}') })(track({ properties: hostile }));
    assert.equal(JSON.stringify((renamed as { properties?: unknown }).properties), '{"constructor":1}');
  });
});
