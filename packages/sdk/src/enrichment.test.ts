import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Config } from "./config.ts";
import { startVirtualClient as start } from "./simulation/virtual-client.ts";
import type { WritableMessage } from "./writable-message.ts";

/** An `enrich` that the test answers, message by message. */
function byHand() {
  const asked: { readonly message: WritableMessage; answer(result?: unknown): void; fail(error: unknown): void }[] = [];
  const enrich = ((message) =>
    new Promise((answer, fail) => void asked.push({ message, answer: answer as () => void, fail }))) as NonNullable<
    Config["enrich"]
  >;
  return { asked, enrich };
}

const never: Config["enrich"] = () => new Promise(() => {});

function balance(client: ReturnType<typeof start>["client"]): void {
  const { offered, accepted, refused, delivered, dropped, pending, bytes } = client.stats();
  const sum = (counts: object) => Object.values(counts).reduce((total: number, count: number) => total + count, 0);
  assert.equal(offered, accepted + sum(refused));
  assert.equal(accepted, delivered + sum(dropped) + pending);
  assert.equal(bytes > 0, pending > 0);
}

describe("enrich", () => {
  test("what it gives, or has written into its copy, is sent; the receipt is there at once, and the call is not waited for", async () => {
    const { asked, enrich } = byHand();
    const { client, environment, messages } = start({ enrich });
    const told: unknown[] = [];
    client.on("accepted", ({ message }) => told.push(message.properties));
    const properties = { a: 1 };
    const receipt = client.track({ userId: "1", event: "Given", properties, messageId: "m" });
    client.track({ userId: "2", event: "Written" });
    assert.ok(receipt.accepted);
    assert.deepEqual(client.stats().pending, 2);
    balance(client);
    assert.deepEqual(told, []);
    asked[0]?.answer({ ...asked[0].message, properties: { ...properties, tier: "gold" }, messageId: "other" });
    (asked[1]!.message as { properties?: object }).properties = { tier: "none" };
    asked[1]?.answer();
    const result = await environment.until(client.flush());
    assert.deepEqual(result, { delivered: 2, dropped: 0, pending: 0 });
    assert.deepEqual(
      messages.map(({ messageId, properties }) => [messageId === "m", properties]),
      [
        [true, { a: 1, tier: "gold" }],
        [false, { tier: "none" }],
      ],
    );
    assert.deepEqual(told, [{ a: 1, tier: "gold" }, { tier: "none" }]);
    assert.equal((await receipt.delivered()).status, "delivered");
    assert.equal(await receipt.stored(), false);
    assert.equal(messages[0]?.originalTimestamp, new Date(environment.wallOffset).toISOString());
    await environment.until(client.close());
    balance(client);
  });

  test("what fails is told, and the message is sent as it was at the call", async () => {
    const faults: readonly (() => unknown)[] = [
      () => {
        throw new Error("mine");
      },
      () => Promise.reject(new Error("mine")),
      async () => "no message",
      async () => ({ type: "track", event: "without id" }),
      async () => 5n,
      async (message = {}) => ({
        ...message,
        userId: "1",
        type: "track",
        event: "big",
        properties: { x: "x".repeat(40_000) },
      }),
      () => 7,
    ];
    for (const fault of faults) {
      const { client, environment, messages } = start({
        enrich: ((message: WritableMessage) => {
          message.context = { spoilt: true };
          return fault();
        }) as never,
      });
      const errors: string[] = [];
      client.on("error", ({ code, message }) => errors.push(`${code} ${message}`));
      client.track({ userId: "1", event: "e" });
      await environment.until(client.close());
      assert.deepEqual(
        messages.map(({ event, context }) => [event, "spoilt" in (context as object)]),
        [["e", false]],
      );
      assert.equal(errors.length, 1, String(fault));
      assert.match(errors[0] ?? "", /^PINTLE_OPTION_FAILED enrich failed, and the message is sent as it was/);
      balance(client);
    }
  });

  test("takes no longer than enrichTimeout; what comes later is not heard", async () => {
    const { asked, enrich } = byHand();
    const { client, environment, messages } = start({ enrich, enrichTimeout: "1s", interval: 0 });
    const errors: string[] = [];
    client.on("error", ({ message }) => errors.push(message));
    client.track({ userId: "1", event: "e" });
    await environment.advance(999);
    assert.equal(messages.length, 0);
    await environment.advance(2);
    assert.equal(messages.length, 1);
    asked[0]?.fail(new Error("late"));
    await environment.advance(10);
    assert.deepEqual(errors.length, 1);
    assert.match(errors[0] ?? "", /it took longer than 1000 ms/);
    await environment.until(client.close());
  });

  test("messages of one user keep their order, those of others do not wait for them", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 150 }),
        fc.infiniteStream(fc.tuple(fc.nat(300), fc.constantFrom("give", "write", "throw", "reject", "hang"))),
        async (users, fates) => {
          const { client, environment, messages } = start({
            enrichTimeout: 250,
            interval: 10,
            enrich: (message) => {
              const [wait, fate] = fates.next().value ?? [0, "give"];
              if (fate === "throw") throw new Error("mine");
              return new Promise((resolve, reject) => {
                environment.after(wait, () => {
                  if (fate === "hang") return;
                  if (fate === "reject") reject(new Error("mine"));
                  else resolve(fate === "give" ? ({ ...message, context: { given: true } } as never) : undefined);
                });
              });
            },
          });
          users.forEach((userId, i) => {
            client.track({ userId, event: String(i) });
            balance(client);
          });
          const flushed = await environment.until(client.flush({ timeout: "1h" }));
          balance(client);
          assert.equal(flushed.pending, 0);
          const all = users.map((userId, i) => `${userId} ${i}`);
          const arrived = messages.map(({ userId, event }) => `${userId} ${event}`);
          assert.deepEqual([...arrived].sort(), [...all].sort());
          for (const user of ["a", "b", "c"]) {
            const of = (list: string[]) => list.filter((each) => each.startsWith(user));
            assert.deepEqual(of(arrived), of(all));
          }
          await environment.until(client.close());
        },
      ),
      { numRuns: 30 },
    );
  });

  test("is bounded by the queue's bytes, and calls no more than 64 at one time", async () => {
    const { asked, enrich } = byHand();
    const { client, environment, messages } = start({ enrich, maxQueueBytes: 50_000, maxMessageBytes: 1_000 });
    const receipts = Array.from({ length: 1_000 }, (_, i) => client.track({ userId: i, event: "e" }));
    const taken = receipts.filter(({ accepted }) => accepted).length;
    assert.equal(asked.length, 64);
    assert.ok(taken > 64 && taken < 1_000);
    assert.equal(client.stats().refused.queue_full, 1_000 - taken);
    assert.ok(client.stats().bytes <= 50_000);
    assert.equal(
      client.track({ userId: 1, event: "e", properties: { x: "x".repeat(1_000) } }).error?.code,
      "PINTLE_MESSAGE_TOO_LARGE",
    );
    balance(client);
    for (let i = 0; i < taken; i++) {
      asked[i]?.answer();
      await environment.advance(0);
    }
    await environment.until(client.close());
    assert.equal(messages.length, taken);
    balance(client);
  });

  test("close waits for it, for half of its time; flush with a signal no longer than that", async () => {
    const { client, environment, messages } = start({ enrich: never!, enrichTimeout: "1h" });
    const controller = new AbortController();
    client.track({ userId: "1", event: "e" });
    const flushed = client.flush({ timeout: "1h", signal: controller.signal });
    controller.abort();
    assert.deepEqual(await environment.until(flushed), { delivered: 0, dropped: 0, pending: 1 });
    const closed = client.close({ timeout: "10s" });
    assert.equal(client.track({ userId: "1", event: "e" }).error?.code, "PINTLE_CLIENT_CLOSED");
    assert.deepEqual(await environment.until(closed), { delivered: 1, dropped: 0, pending: 0 });
    assert.equal(environment.time, 5_000);
    assert.equal(messages.length, 1);
    assert.equal(await client.close(), await closed);
  });

  test("what the runtime is told to wait for includes it, and ends when all is delivered", async () => {
    const waits: Promise<unknown>[] = [];
    const { asked, enrich } = byHand();
    const { client, environment } = start({ enrich, interval: 0, waitUntil: (promise) => waits.push(promise) });
    client.track({ userId: "1", event: "e" });
    assert.equal(waits.length, 1);
    asked[0]?.answer();
    await environment.until(Promise.all(waits));
    assert.equal(client.stats().delivered, 1);
    assert.equal(waits.length, 1);
    await environment.until(client.close());
  });
});
