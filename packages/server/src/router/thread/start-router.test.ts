import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { MessageChannel, type MessagePort } from "node:worker_threads";
import { type MainEngine, openEngine } from "../../engine/open-engine.ts";
import type { PlaneLogger } from "../../logger.ts";
import type { Destination } from "../../model/destination.ts";
import { defaultEngine } from "../../model/engine.ts";
import { eventRecord } from "../testing/event-records.ts";
import { type Body, sink, temporaryFolder, webhook } from "../testing/sink.ts";
import type { RunningRouter } from "./running-router.ts";
import { startRouter } from "./start-router.ts";

const silent: PlaneLogger = { debug() {}, info() {}, warn() {}, error() {} };

interface Running {
  readonly engine: MainEngine;
  readonly router: RunningRouter;
  stop(within?: number): Promise<void>;
}

async function run(
  t: TestContext,
  directory: string,
  destinations: Destination[],
  logger = silent,
  configTimeout = 120_000,
): Promise<Running> {
  const engine = await openEngine({ config: defaultEngine, directory, logger });
  const ids = destinations.map(({ id }) => id);
  const sources = [{ id: "shop", name: "shop", writeKeys: ["wk"], enabled: true, destinations: ids }];
  const options = { directory, configDirectory: directory, sources, destinations, version: "1.2.3", engine, logger };
  const router = await startRouter({ ...options, configTimeout });
  const stop = async (within?: number) => {
    await router.close(within);
    await engine.close();
  };
  t.after(() => stop(0));
  return { engine, router, stop };
}

const accept = (engine: MainEngine, from: number, count: number) =>
  engine.append(
    "events",
    eventRecord(
      Array.from({ length: count }, (_, n) => ({ messageId: `m${from + n}`, userId: `u${(from + n) % 10}` })),
    ),
  );

test("events go from the log through the router's thread to a webhook and a file, across a restart", async (t) => {
  const directory = await temporaryFolder(t);
  const hook = await sink(t);
  const destinations: Destination[] = [
    webhook("hook", hook.url),
    { id: "audit", name: "audit", type: "file", enabled: true, settings: { path: "out/events.jsonl" } },
  ];
  const first = await run(t, directory, destinations);
  for (let from = 0; from < 200; from += 20) await accept(first.engine, from, 20);
  await hook.until(() => hook.events.length === 200);
  await first.stop();

  const second = await run(t, directory, destinations);
  for (let from = 200; from < 300; from += 20) await accept(second.engine, from, 20);
  await hook.until(() => hook.events.length >= 300);
  let stats = await second.router.stats();
  while (stats.destinations.some(({ waiting }) => waiting > 0)) stats = await second.router.stats();
  assert.deepEqual(
    stats.destinations.map(({ id, state, dead, filtered }) => ({ id, state, dead, filtered })),
    ["hook", "audit"].map((id) => ({ id, state: "closed", dead: {}, filtered: {} })),
  );
  await second.stop();

  const lines = (await readFile(join(directory, "out/events.jsonl"), "utf8")).trimEnd().split("\n");
  for (const events of [hook.events, lines.map((line) => JSON.parse(line) as Body)]) {
    assert.equal(events.length, 300, "after an orderly restart nothing comes twice");
    for (let user = 0; user < 10; user++) {
      const numbers = events
        .filter(({ userId }) => userId === `u${user}`)
        .map(({ messageId }) => Number(messageId.slice(1)));
      assert.deepEqual(
        numbers,
        [...numbers].sort((a, b) => a - b),
        "order of a user",
      );
      assert.equal(new Set(numbers).size, 30);
    }
  }
  await assert.rejects(second.router.stats(), /closed/);
});

test("what is accepted while no router runs is delivered by the next one", async (t) => {
  const directory = await temporaryFolder(t);
  const hook = await sink(t);
  const engine = await openEngine({ config: defaultEngine, directory, logger: silent });
  await accept(engine, 0, 5);
  await engine.close();
  const { stop } = await run(t, directory, [webhook("hook", hook.url)]);
  await hook.until(() => hook.events.length === 5);
  await stop();
});

test("a destination that hangs holds up neither the others nor the end, and gets its events after the restart", async (t) => {
  const directory = await temporaryFolder(t);
  let hangs = true;
  let asked: () => void = () => {};
  const wasAsked = new Promise<void>((resolve) => {
    asked = resolve;
  });
  const hanging = await sink(t, () => {
    asked();
    return !hangs;
  });
  const well = await sink(t);
  const destinations = [webhook("hanging", hanging.url, { timeout: "5m" }), webhook("well", well.url)];
  const first = await run(t, directory, destinations);
  await accept(first.engine, 0, 50);
  await well.until(() => well.events.length === 50);
  await wasAsked;
  const { destinations: statuses } = await first.router.stats();
  assert.equal(statuses.find(({ id }) => id === "hanging")?.waiting, 50);
  await first.stop(50);
  hangs = false;
  const second = await run(t, directory, destinations);
  await hanging.until(() => hanging.events.length === 50);
  assert.equal(well.events.length, 50);
  await second.stop();
});

test("secrets do not get into status, logs and dead letters", async (t) => {
  const directory = await temporaryFolder(t);
  const token = "Bearer very-secret-token";
  const hook = await sink(t, (body, response) => {
    response.statusCode = body.messageId === "m0" ? 400 : 200;
    return true;
  });
  const lines: string[] = [];
  const at = (fields: object | string, message?: string) => void lines.push(JSON.stringify([fields, message]));
  const logger: PlaneLogger = { debug: at, info: at, warn: at, error: at };
  const { engine, router, stop } = await run(
    t,
    directory,
    [webhook("hook", hook.url, { headers: { authorization: token } })],
    logger,
  );
  await accept(engine, 0, 2);
  await hook.until(() => hook.events.length === 2);
  const stats = await router.stats();
  await stop();
  assert.ok(!`${JSON.stringify(stats)}${lines.join()}`.includes("very-secret"));
});

test("a thread that dies is started again, and goes on", async (t) => {
  const directory = await temporaryFolder(t);
  const hook = await sink(t);
  const engine = await openEngine({ config: defaultEngine, directory, logger: silent });
  const ports: MessagePort[] = [];
  const lines: string[] = [];
  const router = await startRouter({
    directory,
    configDirectory: directory,
    sources: [{ id: "shop", name: "shop", writeKeys: ["wk"], enabled: true, destinations: ["hook"] }],
    destinations: [webhook("hook", hook.url)],
    version: "0",
    engine: {
      link() {
        const link = engine.link();
        const { channel } = link.data;
        const { port1, port2 } = new MessageChannel();
        channel.on("message", (message) => port1.postMessage(message));
        port1.on("message", (message) => channel.postMessage(message));
        port1.on("close", () => channel.close());
        ports.push(port1);
        return { ...link, data: { ...link.data, channel: port2 }, transfer: [port2] };
      },
      ranges: (topic) => engine.ranges(topic),
      append: (topic, record) => engine.append(topic, record),
      scan: (topic, options) => engine.scan(topic, options),
    },
    logger: { ...silent, error: (_fields: object | string, message?: string) => void lines.push(String(message)) },
  });
  t.after(async () => {
    await router.close(0);
    await engine.close();
  });
  await accept(engine, 0, 5);
  await hook.until(() => hook.events.length === 5);
  // No engine says this: the thread runs into a fault that nobody catches.
  ports[0]?.postMessage(null);
  await accept(engine, 5, 5);
  await hook.until(() => new Set(hook.events.map(({ messageId }) => messageId)).size === 10);
  assert.deepEqual(
    [ports.length, lines],
    [
      2,
      [
        "the router's thread died: TypeError (in 47 characters); events are taken and stored meanwhile, and delivered once it runs",
      ],
    ],
  );
  assert.equal((await router.stats()).destinations.length, 1);
});

test("a thread that cannot start says why", async (t) => {
  const directory = await temporaryFolder(t);
  const nonsense: Destination = { id: "x", name: "x", type: "nonsense", enabled: true, settings: {} };
  const engine = await openEngine({ config: defaultEngine, directory, logger: silent });
  t.after(() => engine.close());
  const options = {
    directory,
    configDirectory: directory,
    sources: [],
    destinations: [nonsense],
    version: "0",
    engine,
  };
  await assert.rejects(startRouter({ ...options, logger: silent }), /nonsense/);
});

const unfit: [how: string, text: string, message: RegExp, limit?: number][] = [
  [
    "hangs",
    "setInterval(() => {}, 1000); await new Promise(() => {}); export default {};",
    /not loaded within 500 ms/,
    500,
  ],
  ["spins", "for (;;); export default {};", /not loaded within 500 ms/, 500],
  ["throws", "throw new Error('no vault'); export default {};", /cannot be run: no vault/],
  ["ends its thread", "process.exit(0); export default {};", /the router's thread ended while it ran it/],
];
for (const [how, text, message, limit] of unfit) {
  test(`a type of the owner that ${how} where it is imported changes nothing, and what runs goes on`, async (t) => {
    const directory = await temporaryFolder(t);
    const hook = await sink(t);
    const file = join(directory, "pintle.config.js");
    const own = { ...webhook("own", hook.url), type: "crm", ownType: { file, text, run: "1" } };
    await assert.rejects(run(t, await temporaryFolder(t), [own], silent, limit), message);

    const first = await run(t, directory, [webhook("hook", hook.url)], silent, limit);
    const sources = [{ id: "shop", name: "shop", writeKeys: ["wk"], enabled: true, destinations: ["hook", "own"] }];
    const change = first.router.change({ sources, destinations: [webhook("hook", `${hook.url}other`), own] });
    await assert.rejects(change, (error: Error) => error.name === "ServerError" && message.test(error.message));
    await accept(first.engine, 0, 1);
    // Where the thread had to be ended, another one has what was before.
    await hook.until(() => hook.events.length === 1);
    await first.stop();
  });
}

test("what a type of the owner leaves running does not keep the thread", async (t) => {
  const directory = await temporaryFolder(t);
  const file = join(directory, "pintle.config.js");
  const text = `
    import { defineDestination, z } from "pintle/kit";
    setInterval(() => {}, 1000);
    const type = defineDestination({
      type: "crm", displayName: "CRM", description: "a test", settings: { url: z.string().describe("where") }, requests: () => [],
    });
    export default { destinations: { own: { type } } };`;
  const home = { file, text, run: "1" };
  const first = await run(t, directory, [{ ...webhook("own", "http://127.0.0.1:9/"), type: "crm", ownType: home }]);
  assert.equal((await first.router.stats()).destinations[0]?.type, "crm");
  await first.router.close(3_600_000);
  await first.stop();
});

test("a thread for which the heap is too small is named as that, and a destination that is new meanwhile misses nothing", async (t) => {
  const directory = await temporaryFolder(t);
  const hook = await sink(t);
  const late = await sink(t);
  const before = await run(t, directory, [webhook("hook", hook.url)]);
  await accept(before.engine, 0, 3);
  await hook.until(() => hook.events.length === 3);
  await before.stop();

  const engine = await openEngine({ config: defaultEngine, directory, logger: silent });
  const lines: string[] = [];
  const destinations = [webhook("hook", hook.url), webhook("late", late.url)];
  const router = await startRouter({
    directory,
    configDirectory: directory,
    sources: [{ id: "shop", name: "shop", writeKeys: ["wk"], enabled: true, destinations: ["hook", "late"] }],
    destinations,
    version: "0",
    memory: { events: 32e6, oldGeneration: 8, youngGeneration: 2, bodies: 0 },
    engine,
    logger: {
      ...silent,
      error: (fields: object | string, message?: string) => void lines.push(`${message}`, ...Object.keys(fields)),
    },
  });
  const { condition } = router;
  const reason = 'out of memory: its heap has reached 8 MB (memory: "64MB"; if it comes again, set more)';
  assert.equal(condition.state === "running" ? "" : condition.reason, reason);
  assert.match(lines[0] ?? "", /^the router's thread could not start: out of memory/);
  assert.ok(!lines.includes("err"), "no stack");
  await assert.rejects(router.stats(), /starting again: out of memory/);
  await accept(engine, 3, 2);
  await router.close(0);
  await engine.close();

  const after = await run(t, directory, destinations);
  await late.until(() => late.events.length === 2);
  await hook.until(() => hook.events.length === 5);
  assert.deepEqual(late.events.map(({ messageId }) => messageId).toSorted(), ["m3", "m4"]);
  await after.stop();
});
