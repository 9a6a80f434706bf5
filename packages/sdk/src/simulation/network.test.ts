/**
 * The account, the order and the limits once more, over real connections: what account.test.ts
 * cannot simulate.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Config, Pintle } from "../index.ts";
import { type Answer, FakeDataPlane } from "../testing/index.ts";
import { fetchTransport } from "../transport/fetch.ts";
import { createNodeTransport } from "../transport/node.ts";
import type { Transport } from "../transport/transport.ts";

const quiet: NonNullable<Config["logger"]> = { debug() {}, info() {}, warn() {}, error() {} };

/** One fault of each kind that a network or a server has, with details that vary. */
const fault: fc.Arbitrary<Answer> = fc.oneof(
  fc.integer({ min: 200, max: 599 }).filter((status) => status !== 400 && status !== 413),
  fc.constantFrom<Answer>(
    "hang",
    "reset",
    { truncated: true, body: "OK" },
    { truncated: true, status: 503, body: "no" },
  ),
  fc.record({ delay: fc.integer({ min: 1, max: 30 }) }),
  fc.record({ drip: fc.constantFrom(1, 2), body: fc.string({ minLength: 1, maxLength: 10 }) }),
  fc.record({ status: fc.constantFrom(429, 503), retryAfter: fc.constantFrom(0, 1, 100_000) }),
);

interface Message {
  readonly messageId: string;
  readonly userId: string;
  readonly properties: { readonly n: number };
}

for (const [name, makeTransport] of [
  ["node:http", () => createNodeTransport({ concurrency: 3 })],
  ["fetch", () => fetchTransport],
] as const) {
  test(`whatever a server does, every message is accounted for, in order, once (${name})`, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fault, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 9 }),
        async (faults, calls, batchSize) => {
          await using plane = await FakeDataPlane.start();
          plane.script(...faults);
          const maxBatchBytes = 2_000;
          const answered = new Set<string>();
          const lastOfUser = new Map<string, number>();
          const failures: unknown[] = [];
          const send = makeTransport();
          // Seen from the client's side, because an answer that did not arrive is none.
          const transport: Transport = async (request) => {
            const body = request.body ?? new Uint8Array();
            const { batch } = JSON.parse(new TextDecoder().decode(body)) as { batch: Message[] };
            const answer = await send(request);
            if (answer.status < 200 || answer.status > 299) return answer;
            try {
              assert.ok(body.length <= maxBatchBytes && batch.length <= batchSize, "limits of a request");
              for (const { messageId, userId, properties } of batch) {
                assert.ok(!answered.has(messageId), "no message is answered twice with 2xx");
                answered.add(messageId);
                assert.ok(properties.n > (lastOfUser.get(userId) ?? -1), "order of a user's messages");
                lastOfUser.set(userId, properties.n);
              }
            } catch (error) {
              failures.push(error);
            }
            return answer;
          };
          const config: Config = { transport, batchSize, maxBatchBytes, concurrency: 3, timeout: 500, interval: 0 };
          const client = new Pintle("key", plane.url, { ...config, gzip: false, nodeAware: false, logger: quiet });
          const outcomes = Array.from({ length: calls }, (_, n) =>
            client.track({ userId: `user ${n % 4}`, event: "e", properties: { n } }).delivered(),
          );
          await client.flush({ timeout: 20 });
          const { pending } = client.stats();
          const closed = await client.close({ timeout: 30_000 });
          assert.equal(closed.pending, 0);
          assert.equal(closed.delivered + closed.dropped, pending);
          const { offered, accepted, delivered, dropped } = client.stats();
          assert.deepEqual([offered, accepted, delivered], [calls, calls, calls], JSON.stringify(dropped));
          assert.ok((await Promise.all(outcomes)).every(({ status }) => status === "delivered"));
          assert.equal(answered.size, calls);
          if (failures.length > 0) throw failures[0];
        },
      ),
      // Each fault costs the time of a backoff.
      { numRuns: Number(process.env.PINTLE_RUNS ?? 6) },
    );
  });
}
