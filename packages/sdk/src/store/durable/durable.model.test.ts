/**
 * Whatever is called, whatever the server and the disk do, and whenever the process or the power
 * ends: what was stored is delivered.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { systemError } from "@pintle/log/testing";
import fc from "fast-check";
import type { Config } from "../../config.ts";
import { PintleClient } from "../../pintle.ts";
import { type Behaviour, ModelServer } from "../../simulation/model-server.ts";
import { VirtualMachine, type VirtualProcess } from "../../simulation/virtual-machine.ts";

const silent = { debug() {}, info() {}, warn() {}, error() {} };

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("call" as const),
      user: fc.integer({ min: 0, max: 3 }),
      size: fc.integer({ min: 0, max: 600 }),
      times: fc.integer({ min: 1, max: 12 }),
      bad: fc.boolean(),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant("wait" as const), milliseconds: fc.integer({ min: 0, max: 400 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("flush" as const), timeout: fc.integer({ min: 0, max: 500 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("ready" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("close" as const), timeout: fc.integer({ min: 0, max: 300 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("kill" as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("power" as const), seed: fc.option(fc.integer(), { nil: undefined }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("fault" as const),
      kind: fc.constantFrom("write" as const, "sync" as const, "read" as const),
      times: fc.integer({ min: 1, max: 4 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("full" as const), room: fc.integer({ min: 0, max: 3_000 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("space" as const) }) },
);

const behaviour = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Behaviour>({ do: "judge" }) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(429, 500, 503, 401).map((status): Behaviour => ({ do: "answer", status })),
  },
  { weight: 2, arbitrary: fc.constantFrom<Behaviour>({ do: "reset" }, { do: "hang" }) },
);

const scenario = fc.record({
  config: fc.record({
    interval: fc.integer({ min: 0, max: 200 }),
    batchSize: fc.integer({ min: 1, max: 20 }),
    maxQueueBytes: fc.integer({ min: 2_000, max: 30_000 }),
    concurrency: fc.integer({ min: 1, max: 3 }),
  }),
  sync: fc.integer({ min: 0, max: 20 }),
  poison: fc.constantFrom(20, 60, 1_000),
  slowness: fc.integer({ min: 0, max: 4 }),
  steps: fc.array(step, { minLength: 1, maxLength: 40 }),
  treatments: fc.array(fc.record({ behaviour, delay: fc.integer({ min: 0, max: 200 }) }), { maxLength: 30 }),
  seed: fc.integer(),
});

test("what was stored is delivered in the end, in order, and again only where a crash cut off its acknowledgement", async () => {
  let recoveries = 0;
  await fc.assert(
    fc.asyncProperty(scenario, async ({ config, sync, slowness, poison, steps, treatments, seed }) => {
      const machine = new VirtualMachine();
      // Small, so that segments are removed, and messages moved.
      machine.segmentBytes = 4096;
      const failures: unknown[] = [];
      let served = 0;
      let turns = 0;
      let isWell = false;
      const server = new ModelServer(
        () => process,
        ({ messages }) => {
          if (isWell) return { behaviour: { do: "judge" }, delay: 1 };
          // Some messages are more than the server can bear for now: they stay, and others overtake
          // them.
          if (messages.some(({ properties }) => (properties?.n ?? 0) % poison === 7)) {
            return { behaviour: { do: "answer", status: 503 }, delay: 1 };
          }
          return treatments[served++] ?? { behaviour: { do: "judge" }, delay: 1 };
        },
      );
      const options: Config = {
        ...config,
        maxMessageBytes: 1_000,
        timeout: 300,
        logger: silent,
        durable: { directory: "/data/events", maxBytes: 1024 * 1024, sync },
      };

      const stored = new Set<number>();
      const dropped = new Set<number>();
      /** Told to listeners as delivered, in a life in which the disk had no fault. */
      const confirmed = new Set<number>();
      const accepted = new Set<number>();
      const lastOfUser = new Map<string, number>();
      server.onAccepted = (messages) => {
        for (const { messageId, userId, properties } of messages) {
          const n = properties?.n ?? -1;
          if (messageId !== `m-${n}`) failures.push(new Error(`${messageId} is not the id of message ${n}`));
          if (confirmed.has(n)) failures.push(new Error(`message ${n} came again after it had been confirmed`));
          if (accepted.has(n)) continue;
          accepted.add(n);
          if (n <= (lastOfUser.get(userId) ?? -1)) failures.push(new Error(`message ${n} of ${userId} came too late`));
          lastOfUser.set(userId, n);
        }
      };

      let lives = 0;
      let calls = 0;
      let hadFault = false;
      let process: VirtualProcess;
      let client: PintleClient;
      const start = (): void => {
        process = machine.start((request) => server.transport(request), seed + lives++);
        process.diskTurns = () => (slowness === 0 ? 0 : turns++ % (slowness + 1));
        machine.fs.interference = () => {};
        machine.fs.capacity = Number.POSITIVE_INFINITY;
        hadFault = false;
        client = new PintleClient("key", "http://data.test", options, process);
        const life = lives;
        client.on("delivered", ({ messageIds }) => {
          if (life !== lives) failures.push(new Error("a process that is gone goes on"));
          if (!hadFault) for (const id of messageIds) confirmed.add(Number(id.slice(2)));
        });
        client.on("dropped", ({ message, reason }) => {
          const n = Number(message.messageId.slice(2));
          if (reason === "abandoned" && stored.has(n))
            failures.push(new Error(`message ${n} was stored, and given up`));
          dropped.add(n);
        });
      };
      const checkAccount = (): void => {
        const { offered, accepted, refused, delivered, dropped: gone, pending, bytes } = client.stats();
        const sum = (counts: Readonly<Record<string, number>>): number =>
          Object.values(counts).reduce((total, count) => total + count, 0);
        assert.equal(offered, accepted + sum(refused));
        assert.equal(accepted, delivered + sum(gone) + pending);
        assert.equal(pending === 0, bytes === 0);
        if (failures.length > 0) throw failures[0];
      };

      start();
      for (const each of steps) {
        switch (each.do) {
          case "call":
            for (let time = 0; time < each.times; time++) {
              const n = calls++;
              const properties = { n, bad: each.bad && time === 0, filler: "x".repeat(each.size) };
              const receipt = client!.track({
                userId: `user ${each.user}`,
                event: "e",
                messageId: `m-${n}`,
                properties,
              });
              void receipt.stored().then((isStored) => {
                if (!isStored) return;
                assert.ok(receipt.accepted);
                stored.add(n);
              });
            }
            break;
          case "wait":
            await process!.pass(each.milliseconds);
            break;
          case "flush":
            await process!.passFor(client!.flush({ timeout: each.timeout }), "the end of a flush");
            break;
          case "ready":
            void client!.ready();
            break;
          case "close":
            await process!.passFor(client!.close({ timeout: each.timeout }), "the end of a close");
            assert.equal(process!.holds, 0, "nothing holds the program after close");
            assert.equal(process!.residents.size, 0);
            checkAccount();
            machine.kill(process!);
            start();
            break;
          case "kill":
            machine.kill(process!);
            start();
            break;
          case "power":
            machine.failPower(each.seed === undefined ? undefined : randomOf(each.seed));
            start();
            break;
          case "fault": {
            let left = each.times;
            hadFault = true;
            // Not while the folder is being opened: until then nothing is delivered from memory out
            // of order.
            await process!.pass(50 + 500 * slowness);
            machine.fs.interference = ({ kind, path }) => {
              if (kind === each.kind && path.endsWith(".seg") && left-- > 0)
                throw systemError("EIO", `${kind} ${path}`);
            };
            break;
          }
          case "full":
            await process!.pass(50 + 500 * slowness);
            hadFault = true;
            machine.fs.capacity = machine.fs.used + each.room;
            break;
          case "space":
            machine.fs.capacity = Number.POSITIVE_INFINITY;
            break;
        }
        checkAccount();
      }

      // Once more everything is well, after a crash that nobody expects.
      machine.kill(process!);
      isWell = true;
      start();
      await process!.pass(20);
      if (client!.stats().pending > 0) recoveries++;
      const result = await process!.passFor(client!.flush({ timeout: 1e9 }), "everything is delivered");
      assert.equal(result.pending, 0);
      checkAccount();
      const missing = [...stored].filter((n) => !accepted.has(n) && !dropped.has(n));
      assert.deepEqual(missing, [], "stored, and neither delivered nor dropped with a reason");
      assert.deepEqual(await process!.passFor(client!.close(), "the end"), { delivered: 0, dropped: 0, pending: 0 });
      assert.equal(process!.timers, 0, "no timer is left");
      if (failures.length > 0) throw failures[0];
    }),
    { numRuns: Number(process.env.PINTLE_RUNS ?? 100), includeErrorInReport: true },
  );
  assert.ok(recoveries > 0, "the scenarios leave something to recover");
});

/** Numbers from 0 up to 1 for one seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}
