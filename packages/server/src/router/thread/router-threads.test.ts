import assert from "node:assert/strict";
import { once } from "node:events";
import { access, writeFile } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import type { Worker } from "node:worker_threads";
import { type MainEngine, openEngine } from "../../engine/open-engine.ts";
import type { PlaneLogger } from "../../logger.ts";
import { type MemoryShares, sharesOf } from "../../memory-limit.ts";
import type { Destination } from "../../model/destination.ts";
import { defaultEngine } from "../../model/engine.ts";
import type { CarriedStep } from "../ledger/step-sender.ts";
import type { WatchedStep } from "../ledger/tap.ts";
import { eventRecord } from "../testing/event-records.ts";
import { seededRandom } from "../testing/random.ts";
import { type Body, type Sink, sink, temporaryFolder, webhook } from "../testing/sink.ts";
import type { Loads } from "./homes.ts";
import { RouterThreads } from "./router-threads.ts";
import type { RunningRouter } from "./running-router.ts";

const silent: PlaneLogger = { debug() {}, info() {}, warn() {}, error() {} };

interface Running {
  readonly engine: MainEngine;
  readonly router: RunningRouter;
  /** Threads in the order in which they were made. */
  readonly workers: readonly Worker[];
  readonly lines: readonly string[];
  /** What the next reload finds that destinations have cost. */
  measured: Loads;
  accept(count: number): Promise<void>;
  change(destinations: readonly Destination[]): Promise<void>;
  stop(): Promise<void>;
}

const sourcesFor = (destinations: readonly Destination[]) => [
  { id: "shop", name: "shop", writeKeys: ["wk"], enabled: true, destinations: destinations.map(({ id }) => id) },
];

async function run(
  t: TestContext,
  directory: string,
  destinations: readonly Destination[],
  memory: MemoryShares = sharesOf(256e6, 2),
): Promise<Running> {
  const workers: Worker[] = [];
  const made = (worker: Worker): void => void workers.push(worker);
  process.on("worker", made);
  const lines: string[] = [];
  const logger: PlaneLogger = {
    ...silent,
    error: (_fields: object | string, message?: string) => void lines.push(`${message}`),
  };
  const engine = await openEngine({ config: defaultEngine, directory, logger });
  let accepted = 0;
  const router = await RouterThreads.start(
    {
      directory,
      configDirectory: directory,
      sources: sourcesFor(destinations),
      destinations,
      version: "1",
      threads: 2,
      memory,
      engine,
      logger,
    },
    () => ({ measure: async () => running.measured }),
  );
  let stopped: Promise<void> | undefined;
  const running: Running = {
    engine,
    router,
    workers,
    lines,
    measured: {},
    async accept(count) {
      const events = Array.from({ length: count }, (_, n) => ({
        messageId: `m${accepted + n}`,
        userId: `u${(accepted + n) % 7}`,
      }));
      accepted += count;
      await engine.append("events", eventRecord(events));
    },
    change: (next) => router.change({ sources: sourcesFor(next), destinations: next }),
    stop() {
      stopped ??= (async () => {
        process.off("worker", made);
        await router.close();
        await engine.close();
      })();
      return stopped;
    },
  };
  t.after(() => running.stop());
  return running;
}

const idsOf = ({ events }: Sink): string[] => events.map(({ messageId }) => messageId);
const numberOf = ({ messageId }: Body): number => Number(messageId.slice(1));
const hasAll = (hook: Sink, count: number) => (): boolean => new Set(idsOf(hook)).size === count;

/** Whether the events of each user came in order, but for those that came again. */
function assertInOrder(hook: Sink): void {
  const latest = new Map<string, number>();
  const seen = new Set<string>();
  for (const event of hook.events) {
    if (seen.has(event.messageId)) continue;
    seen.add(event.messageId);
    assert.ok((latest.get(event.userId) ?? -1) < numberOf(event), `${event.messageId} is out of order`);
    latest.set(event.userId, numberOf(event));
  }
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await setImmediate();
}

test("a thread that is killed at random under load loses nothing, keeps the order, and leaves the others' destinations alone", async (t) => {
  const directory = await temporaryFolder(t);
  const [a, b, c, d] = [await sink(t), await sink(t), await sink(t), await sink(t)];
  const hooks = { a, b, c, d };
  const { router, workers, accept, lines, stop } = await run(
    t,
    directory,
    Object.entries(hooks).map(([id, { url }]) => webhook(id, url)),
  );
  assert.equal(workers.length, 2);
  const random = seededRandom(11);
  let accepted = 0;
  for (let kill = 0; kill < 3; kill++) {
    for (let records = 0; records < 20; records++) {
      await accept(10);
      accepted += 10;
    }
    const some = accepted - Math.floor(random() * 150);
    await b.until(() => new Set(idsOf(b)).size >= some);
    const dying = workers.at(-1)!;
    const gone = once(dying, "exit");
    await Promise.all([dying.terminate(), gone]);
    await until(() => router.condition.state !== "running");
    const { condition } = router;
    assert.ok(condition.state === "starting again");
    assert.deepEqual(condition.destinations, ["b", "d"]);
    assert.deepEqual(
      (await router.stats()).destinations.map(({ id }) => id),
      ["a", "c"],
    );
    await assert.rejects(router.ask("retry", "b"), /starting again/);
    assert.equal((await router.ask("retry", "a")).state, "closed");
    await accept(10);
    accepted += 10;
    await Promise.all([a, c].map((hook) => hook.until(hasAll(hook, accepted))));
    await until(() => router.condition.state === "running");
  }
  await Promise.all(Object.values(hooks).map((hook) => hook.until(hasAll(hook, accepted))));
  for (const hook of Object.values(hooks)) assertInOrder(hook);
  assert.deepEqual([a.events.length, c.events.length], [accepted, accepted], "none twice in the other thread");
  assert.equal(lines.length, 3);
  assert.match(lines[0] ?? "", /^router thread 2 of 2 died: it ended by itself; b, d: what is for them is stored/);
  const { destinations } = await router.stats();
  assert.deepEqual(
    destinations.map(({ id, waiting }) => [id, waiting]),
    ["a", "b", "c", "d"].map((id) => [id, 0]),
  );
  await stop();
});

test("a thread whose heap is full takes only its own destinations with it", async (t) => {
  const directory = await temporaryFolder(t);
  const trigger = join(directory, "trigger");
  const well = await sink(t);
  const heavy = await sink(t);
  const text = `
    import { existsSync, rmSync } from "node:fs";
    import { defineDestination, z } from "pintle/kit";
    const type = defineDestination({
      type: "crm", displayName: "CRM", description: "a test", settings: { url: z.string().describe("where") },
      requests(events, { url }) {
        if (existsSync(${JSON.stringify(trigger)})) {
          rmSync(${JSON.stringify(trigger)});
          const all = [];
          for (;;) all.push(new Array(10000).fill({ n: all.length }).map((o) => ({ ...o })));
        }
        return events.map((event, at) => ({
          method: "POST", url, headers: { "content-type": "application/json" }, body: JSON.stringify(event), events: [at],
        }));
      },
    });
    export default { destinations: { own: { type } } };`;
  const own = { ...webhook("own", heavy.url), type: "crm", ownType: { file: join(directory, "c.js"), text, run: "1" } };
  const memory: MemoryShares = { events: 32e6, oldGeneration: 96, youngGeneration: 8, bodies: 0 };
  const { accept, lines, stop } = await run(t, directory, [webhook("well", well.url), own], memory);
  await accept(20);
  await heavy.until(hasAll(heavy, 20));
  await writeFile(trigger, "");
  await accept(20);
  await Promise.all([well, heavy].map((hook) => hook.until(hasAll(hook, 40))));
  await assert.rejects(access(trigger), "it was that event");
  assert.equal(well.events.length, 40);
  assertInOrder(heavy);
  assert.match(lines[0] ?? "", /^router thread 2 of 2 died: out of memory: its heap has reached 96 MB .* own: /);
  await stop();
});

test("at a reload destinations move to another thread, with their place, dead letters and replays", async (t) => {
  const directory = await temporaryFolder(t);
  const [a, b, c] = [await sink(t, refusingOnce()), await sink(t), await sink(t)];
  const destinations = Object.entries({ a, b, c }).map(([id, { url }]) => webhook(id, url));
  const running = await run(t, directory, destinations);
  const { router, accept } = running;
  await Promise.all(Array.from({ length: 50 }, () => accept(1)));
  await Promise.all([a.until(hasAll(a, 49)), c.until(hasAll(c, 50))]);
  const letters = { destinationId: "a", query: {}, limit: 10 };
  await until(async () => (await router.ask("deadList", letters)).letters.length === 1);
  // So slow that it is not at its end for long.
  const replay = await router.ask("replayStart", { destinationId: "a", from: 0, rate: 1 });
  await until(async () => ((await router.ask("replayList", null))[0]?.given ?? 0) > 0);

  // a and c live in the first thread, b in the other.
  running.measured = { a: 0.4, b: 0.01, c: 0.4 };
  await Promise.all([running.change(destinations), accept(50)]);
  await accept(50);
  await Promise.all([a.until(hasAll(a, 149)), b.until(hasAll(b, 150)), c.until(hasAll(c, 150))]);
  assert.deepEqual([b.events.length, c.events.length], [150, 150]);
  for (const hook of [b, c]) assertInOrder(hook);

  const after = (await router.ask("deadList", letters)).letters;
  assert.equal(after.length, 1);
  const list = await router.ask("replayList", null);
  assert.deepEqual(
    list.map(({ id, state }) => [id, state]),
    [[replay.id, "running"]],
  );
  assert.equal((await router.ask("replayStop", replay.id))?.state, "stopped");
  assert.equal(await router.ask("replayStop", replay.id), null);
  const settled = await router.ask("deadSettle", { destinationId: "a", query: {}, decision: "replayed" });
  assert.equal(settled.settled, 1);
  await a.until(hasAll(a, 150));
  assert.deepEqual(await router.ask("deadCounts", ["a", "c"]), { a: {}, c: {} });
  const stats = await router.stats();
  assert.deepEqual(
    stats.destinations.map(({ id }) => id),
    ["a", "b", "c"],
  );

  await running.workers[1]?.terminate();
  await until(() => router.condition.state !== "running");
  const { condition } = router;
  assert.deepEqual(condition.state === "running" ? [] : condition.destinations, ["a", "b"], "a lives there now");
  await running.stop();
});

/** Refuses the first event for good. */
function refusingOnce(): (body: Body, response: ServerResponse) => boolean {
  let isFirst = true;
  return (_body, response) => {
    if (!isFirst) return true;
    isFirst = false;
    response.statusCode = 400;
    response.end();
    return false;
  };
}

test("a reload that one thread refuses changes nothing in any", async (t) => {
  const directory = await temporaryFolder(t);
  const [a, b, other] = [await sink(t), await sink(t), await sink(t)];
  const { router, accept, change, stop } = await run(t, directory, [webhook("a", a.url), webhook("b", b.url)]);
  const text = "throw new Error('no vault'); export default {};";
  const own = { ...webhook("b", b.url), type: "crm", ownType: { file: join(directory, "c.js"), text, run: "1" } };
  await assert.rejects(change([webhook("a", other.url), own]), /no vault/);
  await accept(10);
  await Promise.all([a, b].map((hook) => hook.until(hasAll(hook, 10))));
  await change([webhook("a", other.url), webhook("b", b.url), webhook("new", other.url)]);
  await accept(10);
  await Promise.all([b.until(hasAll(b, 20)), other.until(() => other.events.length === 20)]);
  assert.deepEqual([a.events.length, other.events.length, router.condition.state], [10, 20, "running"]);
  await stop();
});

test("a repeat is found in each thread, also by the one that has just been started", async (t) => {
  const directory = await temporaryFolder(t);
  const [a, b] = [await sink(t), await sink(t)];
  const { engine, router, workers, accept, stop } = await run(t, directory, [webhook("a", a.url), webhook("b", b.url)]);
  await accept(30);
  await Promise.all([a, b].map((hook) => hook.until(hasAll(hook, 30))));
  await workers[0]?.terminate();
  await until(() => router.condition.state !== "running");
  const again = Array.from({ length: 30 }, (_, n) => ({ messageId: `m${n}`, userId: `u${n % 7}` }));
  await engine.append("events", eventRecord(again));
  await accept(1);
  await until(() => router.condition.state === "running");
  await Promise.all([a, b].map((hook) => hook.until(hasAll(hook, 31))));
  await until(async () => (await router.stats()).destinations.every(({ waiting }) => waiting === 0));
  const { destinations } = await router.stats();
  assert.deepEqual(
    destinations.map(({ id, duplicate }) => [id, duplicate]),
    [
      ["a", 30],
      ["b", 30],
    ],
  );
  assert.equal(b.events.length, 31);
  await stop();
});

test("steps of all threads are watched in one place, of those destinations that somebody watches", async (t) => {
  const directory = await temporaryFolder(t);
  const [a, b] = [await sink(t), await sink(t)];
  const { router, workers, accept, stop } = await run(t, directory, [webhook("a", a.url), webhook("b", b.url)]);
  const all: WatchedStep[] = [];
  const ofB: CarriedStep[] = [];
  const thrown: number[] = [];
  const end = router.watch("all", (steps) => void all.push(...steps.map(({ json }) => JSON.parse(json))));
  router.watch(["b"], (steps) => void ofB.push(...steps));
  router.watch("all", (steps) => {
    thrown.push(steps.length);
    throw new Error("a fault of the watcher");
  });
  // Its answer comes behind the watches, on the same channel; news of an event come on another.
  await router.stats();
  await accept(1);
  const kinds = (id: string) => all.filter(({ destinationId }) => destinationId === id).map(({ step }) => step.kind);
  await until(() => all.length === 6);
  for (const id of ["a", "b"]) assert.deepEqual(kinds(id), ["accepted", "attempt", "delivered"]);
  assert.equal(thrown.length, 1, "one that throws is told nothing more");
  await until(() => ofB.length === 3);
  end();
  await workers[1]?.terminate();
  await until(() => router.condition.state !== "running");
  await until(() => router.condition.state === "running");
  await router.stats();
  await accept(1);
  // The thread has not saved how far it was: the first event may come again.
  const ofSecond = (): WatchedStep[] =>
    ofB.map(({ json }): WatchedStep => JSON.parse(json)).filter(({ messageId }) => messageId === "m1");
  await until(() => ofSecond().length === 3);
  assert.deepEqual(
    ofSecond().map(({ step }) => step.kind),
    ["accepted", "attempt", "delivered"],
  );
  assert.deepEqual([all.length, new Set(ofB.map(({ destinationId }) => destinationId))], [6, new Set(["b"])]);
  await stop();
});

test("what destinations have cost places them at the next start", async (t) => {
  const directory = await temporaryFolder(t);
  const hooks = await Promise.all([sink(t), sink(t), sink(t)]);
  const destinations = hooks.map(({ url }, n) => webhook("abc"[n]!, url));
  const first = await run(t, directory, destinations);
  first.measured = { a: 0.1, b: 0.1, c: 0.9 };
  await first.stop();
  const second = await run(t, directory, destinations);
  await second.workers[0]?.terminate();
  await until(() => second.router.condition.state !== "running");
  const { condition } = second.router;
  assert.deepEqual(condition.state === "running" ? [] : condition.destinations, ["c"]);
  await second.stop();
});
