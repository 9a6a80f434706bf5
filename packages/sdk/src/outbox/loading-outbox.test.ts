import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Config } from "../config.ts";
import type { OpenOutbox } from "../environment.ts";
import { startVirtualClient } from "../simulation/virtual-client.ts";
import { settled } from "../simulation/virtual-environment.ts";
import { LoadingOutbox } from "./loading-outbox.ts";
import { Pipeline } from "./pipeline.ts";

const pipeline: OpenOutbox = (...given) => new Pipeline(...given);

/** A client whose code the test loads by hand. */
function start(config: Config = {}) {
  const loads: { arrive(): Promise<void>; fail(): Promise<void> }[] = [];
  const load = (): Promise<OpenOutbox> =>
    new Promise((resolve, reject) => {
      loads.push({
        arrive() {
          resolve(pipeline);
          return settled();
        },
        fail() {
          reject(new Error("404"));
          return settled();
        },
      });
    });
  const started = startVirtualClient(config, undefined, (...given) => new LoadingOutbox(...given, load));
  const told: string[] = [];
  started.client.on("error", ({ code }) => told.push(code));
  started.client.on("dropped", ({ message, reason }) => told.push(`${message.messageId} ${reason}`));
  return { ...started, loads, told };
}

function message(messageId: string) {
  return { userId: "1", event: "e", messageId };
}

describe("an outbox whose code is loaded with the first message", () => {
  test("answers calls meanwhile, and hands the messages over in order", async () => {
    const { client, environment, messages, loads } = start();
    const accepted: string[] = [];
    client.on("accepted", ({ message }) => accepted.push(message.messageId));
    assert.equal(loads.length, 0);
    const receipts = ["a", "b", "c"].map((id) => client.track(message(id)));
    assert.deepEqual([client.stats().pending, loads.length, accepted], [3, 1, ["a", "b", "c"]]);
    const flushed = client.flush();
    await loads[0]?.arrive();
    client.track(message("d"));
    assert.deepEqual(await environment.until(flushed), { delivered: 3, dropped: 0, pending: 0 });
    for (const receipt of receipts) assert.deepEqual(await receipt.delivered(), { status: "delivered" });
    assert.equal(await receipts[0]?.stored(), false);
    assert.deepEqual(await environment.until(client.close()), { delivered: 1, dropped: 0, pending: 0 });
    assert.deepEqual(
      messages.map(({ messageId }) => messageId),
      ["a", "b", "c", "d"],
    );
    assert.deepEqual([accepted.length, loads.length, environment.holds, environment.timers], [4, 1, 0, 0]);
  });

  test("refuses by the rules of the queue", () => {
    const { client, told } = start({ maxQueueBytes: 1_000, maxMessageBytes: 500 });
    const long = client.track({ ...message("a"), properties: { text: "x".repeat(500) } });
    assert.equal(long.error?.code, "PINTLE_MESSAGE_TOO_LARGE");
    const codes = Array.from({ length: 10 }, (_, i) => client.track(message(String(i))).error?.code);
    assert.ok(codes.includes(undefined) && codes.at(-1) === "PINTLE_QUEUE_FULL", String(codes));
    assert.deepEqual(told, []);
  });

  test("gives up the oldest message where the program asks for that", async () => {
    const { client, told, loads } = start({ maxQueueBytes: 600, maxMessageBytes: 500, overflow: "drop-oldest" });
    const receipts = ["a", "b", "c"].map((id) => client.track(message(id)));
    assert.deepEqual(told, ["a evicted"]);
    assert.equal((await receipts[0]!.delivered()).status, "dropped");
    await loads[0]?.arrive();
    assert.deepEqual(told, ["a evicted"]);
  });

  test("tells that the code cannot be loaded, and tries again after 1, 2, 4 s, whatever is offered meanwhile", async () => {
    const { client, environment, messages, loads, told } = start();
    client.track(message("a"));
    for (const [failures, wait] of [1_000, 2_000, 4_000].entries()) {
      await loads[failures]?.fail();
      client.track(message(`m${failures}`));
      await environment.advance(wait - 1);
      assert.equal(loads.length, failures + 1);
      await environment.advance(1);
      assert.equal(loads.length, failures + 2);
    }
    await loads[3]?.arrive();
    await environment.until(client.close());
    assert.deepEqual(
      messages.map(({ messageId }) => messageId),
      ["a", "m0", "m1", "m2"],
    );
    assert.deepEqual(told, ["PINTLE_SEND_FAILED", "PINTLE_SEND_FAILED", "PINTLE_SEND_FAILED"]);
  });

  test("without its code expires messages, ends flushes in time, and is closed like any other", async () => {
    const { client, environment, loads, told } = start({ maxAge: "1m" });
    client.track(message("a"));
    await loads[0]?.fail();
    const flushed = client.flush({ timeout: 500 });
    await settled();
    assert.equal(loads.length, 2, "a flush does not wait for the timer");
    assert.deepEqual(await environment.until(flushed), { delivered: 0, dropped: 0, pending: 1 });
    await environment.advance(60_000);
    await loads[1]?.fail();
    assert.deepEqual(told, ["PINTLE_SEND_FAILED", "PINTLE_SEND_FAILED", "a expired"]);
    client.track(message("b"));
    const closed = client.close({ timeout: "5s" });
    assert.deepEqual(await environment.until(closed), { delivered: 0, dropped: 1, pending: 0 });
    assert.equal(told.at(-1), "b abandoned");
    await loads.at(-1)?.arrive();
    assert.deepEqual([environment.timers, environment.holds], [0, 0]);
  });

  test("ready waits for the code, and without it for room", async () => {
    const { client, environment, loads } = start({ maxQueueBytes: 600, maxMessageBytes: 400, maxAge: "1s" });
    let isReady = false;
    const wait = (): Promise<void> => {
      isReady = false;
      return client.ready().then(() => {
        isReady = true;
      });
    };
    const first = wait();
    await loads[0]?.fail();
    await environment.until(first);
    for (const id of ["a", "b"]) client.track(message(id));
    const second = wait();
    await settled();
    assert.equal(isReady, false);
    await environment.advance(1_000);
    await loads.at(-1)?.fail();
    await environment.until(second);
    assert.equal(client.stats().dropped.expired, 2);
    await environment.until(client.close());
  });

  test("loads nothing for a client that sends nothing, and lets its transport go", async () => {
    let closed = 0;
    const transport = Object.assign(async () => ({ status: 200, headers: {}, body: "" }), { close: () => closed++ });
    const { client, environment, loads } = start({ transport });
    assert.deepEqual(await client.flush(), { delivered: 0, dropped: 0, pending: 0 });
    assert.deepEqual(await client.close(), { delivered: 0, dropped: 0, pending: 0 });
    assert.deepEqual([loads.length, closed, environment.timers], [0, 1, 0]);
    assert.equal(client.track(message("a")).error?.code, "PINTLE_CLIENT_CLOSED");
  });

  test("whenever the code comes, nothing is lost, told twice or out of order, and the counts are right", async () => {
    const step = fc.oneof(
      { weight: 5, arbitrary: fc.record({ act: fc.constant("track" as const), user: fc.constantFrom("1", "2") }) },
      fc.record({ act: fc.constantFrom("fail" as const, "arrive" as const, "flush" as const, "ready" as const) }),
      fc.record({ act: fc.constant("advance" as const), by: fc.integer({ min: 0, max: 5_000 }) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), fc.boolean(), async (steps, isEnriching) => {
        const enrich = isEnriching ? async (): Promise<void> => {} : undefined;
        const { client, environment, messages, loads } = start({ maxQueueBytes: 2_000, maxMessageBytes: 500, enrich });
        const ends = new Map<string, string>();
        const sent: string[] = [];
        for (const [at, each] of steps.entries()) {
          if (each.act === "track") {
            const messageId = `${each.user}-${String(at).padStart(2, "0")}`;
            const receipt = client.track({ ...message(messageId), userId: each.user });
            if (receipt.accepted) sent.push(messageId);
            void receipt.delivered().then(({ status }) => {
              assert.ok(!ends.has(messageId));
              ends.set(messageId, status);
            });
          } else if (each.act === "advance") await environment.advance(each.by);
          else if (each.act === "flush") void client.flush({ timeout: 1_000 });
          else if (each.act === "ready") void client.ready();
          else await loads.at(-1)?.[each.act]();
          const { offered, accepted, refused, delivered, dropped, pending, bytes } = client.stats();
          const sum = (counts: object) => Object.values(counts).reduce((total: number, count: number) => total + count);
          assert.equal(offered, accepted + sum(refused));
          assert.equal(accepted, delivered + sum(dropped) + pending);
          assert.equal(bytes > 0, pending > 0);
        }
        const closed = client.close();
        await settled();
        await loads.at(-1)?.arrive();
        await environment.until(closed);
        assert.equal(client.stats().pending, 0);
        await settled();
        const arrived = messages.map(({ messageId }) => String(messageId));
        assert.deepEqual([...arrived].sort(), [...sent].sort());
        for (const user of ["1", "2"]) {
          const own = arrived.filter((id) => id.startsWith(user));
          assert.deepEqual(own, [...own].sort());
        }
        for (const id of sent) assert.equal(ends.get(id), "delivered");
        // Places that `ready` has kept lapse.
        await environment.advance(0);
        assert.deepEqual([environment.holds, environment.timers], [0, 0]);
      }),
      { numRuns: 200 },
    );
  });
});
