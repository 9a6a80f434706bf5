import assert, { AssertionError } from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { EventError, type Pintle } from "../index.ts";
import { TestPintle } from "./index.ts";
import { findMismatch } from "./pattern.ts";

/** What an app would have. */
function pay(client: Pintle, userId: string, amount: number): void {
  client.track({ userId, event: "Paid", properties: { amount, items: [{ id: 1 }, { id: 2 }], at: new Date(0) } });
}

function failure(run: () => void): string {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof AssertionError);
    return error.message;
  }
  return assert.fail("it did not fail");
}

describe("TestPintle", () => {
  test("keeps messages as they would have been sent, at the call", () => {
    const client = new TestPintle({ defaultContext: { app: { name: "shop" } } });
    pay(client, "1", 5);
    client.withContext({ ip: "192.0.2.1" }, () => client.page({ userId: 2, name: "Home" }));
    assert.deepEqual(
      client.messages.map(({ type, userId, channel }) => [type, userId, channel]),
      [
        ["track", "1", "server"],
        ["page", "2", "server"],
      ],
    );
    assert.deepEqual(client.messages[0]?.properties, {
      amount: 5,
      items: [{ id: 1 }, { id: 2 }],
      at: "1970-01-01T00:00:00.000Z",
    });
    client.assertSent({ type: "page", context: { ip: "192.0.2.1", app: { name: "shop" } } });
    client.clear();
    assert.deepEqual(client.messages, []);
  });

  test("has every option of a client: beforeSend and plans see what they would", () => {
    const client = new TestPintle({
      strict: false,
      beforeSend: (message) => (message.userId === "robot" ? null : { ...message, context: { hidden: true } }),
    });
    pay(client, "robot", 1);
    pay(client, "1", 1);
    client.assertNotSent({ userId: "robot" });
    client.assertSent({ userId: "1", context: { hidden: true, ip: undefined } });
    assert.deepEqual(
      client.refused.map(({ reason }) => reason),
      ["filtered"],
    );
  });

  test("is strict unless told otherwise, and keeps nothing that was refused", () => {
    const client = new TestPintle();
    assert.throws(() => client.track({ userId: "", event: "Paid" }), EventError);
    client.assertNotSent();
    assert.equal(client.refused.length, 1);
  });

  test("its messages are delivered, so that a program which waits for that goes on", async () => {
    const client = new TestPintle();
    assert.deepEqual(await client.track({ userId: "1", event: "Paid" }).delivered(), { status: "delivered" });
    pay(client, "1", 1);
    assert.deepEqual(await client.close(), { delivered: 1, dropped: 0, pending: 0 });
  });

  test("assertSent returns the message; says how the others differ", () => {
    const client = new TestPintle();
    assert.match(
      failure(() => client.assertSent({ event: "Paid" })),
      /a message like { event: 'Paid' }, found 0; nothing was sent$/,
    );
    pay(client, "1", 5);
    pay(client, "2", 6);
    client.identify({ userId: "1" });
    assert.equal(client.assertSent({ event: "Paid", properties: { amount: 6 } }).userId, "2");
    client.assertSent({ event: "Paid" }, 2);
    assert.equal(
      failure(() => client.assertSent({ event: "Paid", properties: { amount: 7 } })),
      [
        "expected a message like { event: 'Paid', properties: { amount: 7 } }, found 0; 3 sent:",
        '  track "Paid": properties.amount is 5, expected 7',
        '  track "Paid": properties.amount is 6, expected 7',
        "  identify: event is undefined, expected 'Paid'",
      ].join("\n"),
    );
    assert.match(
      failure(() => client.assertSent({ event: "Paid" }, 1)),
      /expected 1 message .* found 2/,
    );
    assert.match(
      failure(() => client.assertNotSent({ event: /^P/ })),
      /expected no message .* found 2/,
    );
    assert.match(
      failure(() => client.assertNotSent()),
      /found 3/,
    );
  });
});

describe("a pattern", () => {
  const message = { type: "track", list: [{ a: 1, b: 2 }, 3], at: "1970-01-01T00:00:00.000Z", none: null };

  test("names what matters; anything else may be there", () => {
    for (const pattern of [
      {},
      { type: "track" },
      { type: /^tr/ },
      { list: [{ a: 1 }, 3] },
      { at: new Date(0), none: null, missing: undefined },
      { list: (value: unknown) => Array.isArray(value) },
    ]) {
      assert.equal(findMismatch(message, pattern), undefined);
    }
  });

  test("finds the first place that differs", () => {
    for (const [pattern, path] of [
      [{ type: "page" }, "type"],
      [{ type: /x/ }, "type"],
      [{ list: [{ a: 1 }] }, "list"],
      [{ list: [{ a: 1, b: 3 }, 3] }, "list[0].b"],
      [{ list: { length: 2 } }, "list"],
      [{ at: new Date(1) }, "at"],
      [{ none: undefined }, "none"],
      [{ missing: null }, "missing"],
      [{ toString: "x" }, "toString"],
      [{ none: { deep: 1 } }, "none"],
      [{ at: () => false }, "at"],
    ] as const) {
      assert.equal(findMismatch(message, pattern)?.path, path);
    }
  });

  test("what came out of JSON matches itself, and with a field more it does not match any longer", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const found = JSON.parse(JSON.stringify(value)) as unknown;
        assert.equal(findMismatch(found, JSON.parse(JSON.stringify(value))), undefined);
        assert.notEqual(findMismatch({ found }, { found, more: 1 }), undefined);
      }),
    );
  });
});
