import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Config } from "../config.ts";
import type { Outcome } from "../outcome.ts";
import { PintleClient } from "../pintle.ts";
import { type Behaviour, ModelServer, type Treatment } from "./model-server.ts";
import { VirtualEnvironment } from "./virtual-environment.ts";

const silent = { debug() {}, info() {}, warn() {}, error() {} };

const status = fc.oneof(
  { weight: 3, arbitrary: fc.constant(200) },
  { weight: 3, arbitrary: fc.constantFrom(429, 500, 502, 503, 504, 408, 425) },
  { weight: 2, arbitrary: fc.constantFrom(201, 204, 301, 304, 400, 401, 403, 404, 405, 410, 413, 415, 451, 501, 505) },
  { weight: 1, arbitrary: fc.integer({ min: 100, max: 999 }) },
);

const behaviour: fc.Arbitrary<Behaviour> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Behaviour>({ do: "judge" }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("answer" as const),
      status,
      body: fc.constantFrom("", "ok", "invalid json\n", "no", '{"nodeCount":3}', '{"nodeCount":1}', '{"nodeCount":0}'),
      headers: fc.oneof(
        fc.constant({}),
        fc.constantFrom("0", "1", "7", "100000", "soon", "Thu, 01 Jan 2026 01:00:00 GMT", "-5").map((value) => ({
          "retry-after": value,
        })),
      ),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom<Behaviour>({ do: "reset" }, { do: "hang" }, { do: "throw" }, { do: "nonsense" }),
  },
);

const treatment: fc.Arbitrary<Treatment> = fc.record({
  behaviour,
  delay: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1_000, max: 20_000 })),
});

type Step =
  | {
      readonly step: "call";
      readonly user: number;
      readonly size: number;
      readonly bad: boolean;
      readonly times: number;
    }
  | { readonly step: "wrong"; readonly which: number }
  | { readonly step: "wait"; readonly milliseconds: number }
  | { readonly step: "clock"; readonly by: number }
  | { readonly step: "flush"; readonly timeout: number }
  | { readonly step: "close"; readonly timeout: number }
  | { readonly step: "ready" }
  | { readonly step: "drain" };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      step: fc.constant("call" as const),
      user: fc.integer({ min: 0, max: 4 }),
      size: fc.oneof(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 900 })),
      bad: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
      times: fc.integer({ min: 1, max: 6 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ step: fc.constant("wrong" as const), which: fc.nat(4) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      step: fc.constant("wait" as const),
      milliseconds: fc.oneof(fc.integer({ min: 0, max: 2_000 }), fc.integer({ min: 10_000, max: 400_000 })),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ step: fc.constant("clock" as const), by: fc.integer({ min: -1e10, max: 1e10 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ step: fc.constant("flush" as const), timeout: fc.integer({ min: 0, max: 30_000 }) }),
  },
  { weight: 1, arbitrary: fc.constantFrom<Step>({ step: "ready" }, { step: "drain" }) },
);

/** In one scenario of four, and with calls before and after. */
const close: fc.Arbitrary<readonly Step[]> = fc.oneof(
  { weight: 3, arbitrary: fc.constant([]) },
  {
    weight: 1,
    arbitrary: fc
      .record({ step: fc.constant("close" as const), timeout: fc.integer({ min: 0, max: 20_000 }) })
      .map((each) => [each]),
  },
);

const steps: fc.Arbitrary<readonly Step[]> = fc
  .tuple(fc.array(step, { maxLength: 25 }), close, fc.array(step, { maxLength: 15 }))
  .map((parts) => parts.flat());

const config: fc.Arbitrary<Config> = fc.record({
  interval: fc.constantFrom(0, 100, 5_000),
  batchSize: fc.integer({ min: 1, max: 12 }),
  maxBatchBytes: fc.integer({ min: 700, max: 4_000 }),
  maxMessageBytes: fc.constant(650),
  maxQueueBytes: fc.integer({ min: 700, max: 20_000 }),
  overflow: fc.constantFrom("drop-newest", "drop-oldest"),
  timeout: fc.constantFrom(500, 10_000),
  maxAge: fc.constantFrom<NonNullable<Config["maxAge"]>[]>(3_000, 60_000, "1h"),
  concurrency: fc.integer({ min: 1, max: 5 }),
  nodeAware: fc.boolean(),
  exitTimeout: fc.constantFrom(0, 2_000),
});

const scenario = fc.record({
  config,
  steps,
  treatments: fc.array(treatment, { minLength: 1, maxLength: 40 }),
  afterwards: fc.constantFrom<Behaviour>(
    { do: "judge" },
    { do: "judge", misread: true },
    { do: "hang" },
    { do: "answer", status: 503 },
  ),
  closeTimeout: fc.integer({ min: 0, max: 20_000 }),
  seed: fc.integer(),
});

test("whatever is called and whatever the server does, every message is accounted for, in order, once", async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async ({ config, steps, treatments, afterwards, closeTimeout, seed }) => {
      const environment: VirtualEnvironment = new VirtualEnvironment((request) => server.transport(request), seed);
      let served = 0;
      const server = new ModelServer(
        () => environment,
        () => treatments[served++] ?? { behaviour: afterwards, delay: 1 },
      );
      const client = new PintleClient("key", "http://data.test", { ...config, logger: silent }, environment);

      function checkAccount(): void {
        const { offered, accepted, refused, delivered, dropped, pending, bytes, inFlight } = client.stats();
        const sum = (counts: Readonly<Record<string, number>>): number =>
          Object.values(counts).reduce((total, count) => total + count, 0);
        assert.equal(offered, accepted + sum(refused), "offered = accepted + refused");
        assert.equal(accepted, delivered + sum(dropped) + pending, "accepted = delivered + dropped + pending");
        assert.equal(pending === 0, bytes === 0);
        assert.ok(bytes >= 0 && bytes <= (config.maxQueueBytes ?? 0), "bytes are bounded");
        assert.ok(inFlight <= (config.concurrency ?? 0), "requests are bounded");
      }

      // The client survives listeners that throw; the test must not.
      const failures: unknown[] = [];
      function observe(check: () => void): void {
        try {
          check();
        } catch (error) {
          failures.push(error);
        }
      }

      // Observed at every answer, and from inside of every listener.
      const acceptedIds = new Set<string>();
      const lastOfUser = new Map<string, number>();
      server.onAccepted = (messages) =>
        observe(() => {
          checkAccount();
          for (const { messageId, userId, properties } of messages) {
            assert.ok(!acceptedIds.has(messageId), "no message is answered twice with 2xx");
            acceptedIds.add(messageId);
            const n = properties?.n ?? -1;
            assert.ok(n > (lastOfUser.get(userId) ?? -1), "order of a user's messages");
            lastOfUser.set(userId, n);
          }
        });
      const told = new Map<string, string>();
      const tell = (id: string, outcome: string): void =>
        observe(() => {
          checkAccount();
          assert.ok(!told.has(id), "a message ends once");
          told.set(id, outcome);
        });
      client.on("delivered", ({ messageIds }) => {
        for (const id of messageIds) tell(id, "delivered");
      });
      client.on("dropped", ({ message, reason }) => tell(message.messageId, reason));
      client.on("refused", () => observe(checkAccount));
      client.on("error", () => observe(checkAccount));

      let calls = 0;
      let closing: ReturnType<typeof client.close> | undefined;
      let pendingAtClose: number | undefined;
      const outcomes = new Map<string, Promise<Outcome>>();
      const waits: Promise<unknown>[] = [];
      const wrong: unknown[] = [
        null,
        {},
        { type: "track", userId: "u" },
        { type: "track", userId: "u", event: "e", properties: { n: 1n } },
        7,
      ];
      for (const each of steps) {
        switch (each.step) {
          case "call":
            for (let time = 0; time < each.times; time++) {
              const properties = { n: calls++, bad: each.bad, filler: "\u00e9".repeat(each.size / 2) };
              const receipt = client.track({ userId: `user ${each.user}`, event: "e", properties });
              if (receipt.accepted) outcomes.set(receipt.messageId, receipt.delivered());
            }
            break;
          case "wrong":
            calls++;
            assert.equal(client.enqueue(wrong[each.which] as never).accepted, false);
            break;
          case "wait":
            await environment.advance(each.milliseconds);
            break;
          case "clock":
            environment.wallOffset = Math.max(0, environment.wallOffset + each.by);
            break;
          case "flush":
            waits.push(client.flush({ timeout: each.timeout }));
            break;
          case "close":
            pendingAtClose = client.stats().pending;
            closing = client.close({ timeout: each.timeout });
            break;
          case "ready":
            waits.push(client.ready());
            break;
          case "drain":
            for (const resident of environment.residents) waits.push(resident.drain());
            break;
        }
        checkAccount();
        assert.equal(client.stats().offered, calls);
        assert.equal(environment.residents.size, client.stats().pending > 0 ? 1 : 0, "resident while messages wait");
      }
      const pending = pendingAtClose ?? client.stats().pending;
      const result = await environment.until(closing ?? client.close({ timeout: closeTimeout }));
      checkAccount();
      assert.equal(client.stats().pending, 0, "nothing is pending after close");
      assert.equal(client.stats().inFlight, 0, "nothing is in flight after close");
      assert.deepEqual(result, { delivered: result.delivered, dropped: pending - result.delivered, pending: 0 });
      assert.deepEqual(await client.close(), result);
      await Promise.all(waits);
      assert.equal(environment.holds, 0, "nothing holds the program after close");

      assert.equal(client.enqueue({ type: "track", userId: "u", event: "e" }).accepted, false);
      calls++;
      const requests = server.requests.length;
      await environment.advance(1e9);
      assert.equal(environment.timers, 0, "no timer is left");
      assert.equal(server.requests.length, requests, "nothing is sent after close");

      if (failures.length > 0) throw failures[0];
      for (const [id, outcome] of outcomes) {
        const ended = await outcome;
        assert.equal(told.get(id), ended.status === "delivered" ? "delivered" : (ended as { reason: string }).reason);
        // An answer may come too late for a client that has given up; never the other way round.
        if (ended.status === "delivered") assert.ok(acceptedIds.has(id), "delivered means: answered with 2xx");
      }
      assert.equal(told.size, outcomes.size);
      for (const { bytes, messages, method, at } of server.requests) {
        assert.ok(bytes <= (config.maxBatchBytes ?? 0), "bytes of a request");
        assert.ok(messages.length <= (config.batchSize ?? 0), "messages of a request");
        if (method === "POST") assert.ok(messages.length > 0);
        assert.ok(at <= environment.time);
      }
      assert.ok(server.mostInFlight <= (config.concurrency ?? 0) + 1, "one more for the number of nodes");
    }),
    { numRuns: Number(process.env.PINTLE_RUNS ?? 100), includeErrorInReport: true },
  );
});
