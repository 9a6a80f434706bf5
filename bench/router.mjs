// npm run bench -- router [--short] [--only PART,PART] [--markdown FILE]: what deliveries cost.
// - webhook: deliveries a second, one event each, by one process, beside bare undici.Pool that
//   sends the same bodies over as many connections to the same server; and in order beside `order:
//   false`.
// - batches: the same events in lists of 100, compressed.
// - delay: the time from when an event is durable (a gateway says ok then) to the webhook's
//   request, at 1,000 events a second.
// - memory: twenty webhooks that have 1,000,000 events each before them, and are down, then well.
// - postgres: rows a second into PostgreSQL beside psql, by bench/warehouse.mjs.
// Rounds alternate, medians count. Compare only within one table. Flags, with what --short makes of
// them:
import { fork } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Figures, markdownFlag, median, thousands } from "./report/figures.mjs";
import { numberOf, partsOf } from "./report/parts.mjs";
import { delays, percentile, startBare, startPlane, startSink } from "./router/processes.mjs";

/** In the order in which they run. */
const parts = { webhook, batches, delay: durableToRequest, memory: backlogs, postgres };

const { values } = parseArgs({
  options: {
    ...markdownFlag,
    short: { type: "boolean", default: false },
    events: { type: "string" }, // of a round of webhook: 40000; 10000. Of batches ten times as many
    rounds: { type: "string" }, // 5; 3
    seconds: { type: "string" }, // of delay: 5; 3. Of each half of memory: four times as many
    backlog: { type: "string" }, // events of memory: 1000000; 100000
    tracks: { type: "string" }, // of postgres: 50000; 20000
    only: { type: "string" }, // webhook, batches, delay, memory, postgres
  },
});
const setting = (flag, usual, brief) => numberOf(flag, values[flag] ?? String(values.short ? brief : usual));
const events = setting("events", 40_000, 10_000);
const rounds = setting("rounds", 5, 3);
const seconds = setting("seconds", 5, 3);
const backlog = setting("backlog", 1_000_000, 100_000);
const tracks = setting("tracks", 50_000, 20_000);
const wanted = partsOf(values.only, Object.keys(parts));

const connections = 32;
const maxAge = 259_200_000;
const figures = new Figures(values.markdown);
const sink = await startSink();
const perSecond = (rate) => `${thousands(rate)}/s`;

/** Events a second. */
async function bare(count, batch) {
  const sender = await startBare(sink.origin, count, connections, batch);
  const took = sink.expect(count);
  await sender.run();
  return count / (await took);
}

/**
 * Events a second, and microseconds of the processor for each, starting up included: neighbours
 * disturb those less than rates.
 */
async function pintle(count, settings) {
  const plane = await startPlane();
  await plane.fill(count);
  const took = sink.expect(count);
  const before = await plane.processor();
  await plane.start([{ id: "hook", concurrency: connections, maxAge, from: "start", ...settings }]);
  const rate = count / (await took);
  const cost = ((await plane.processor()) - before) / count;
  await plane.end();
  return { rate, cost };
}

async function webhook() {
  const url = `${sink.origin}/0`;
  const [alone, ordered, unordered] = [[], [], []];
  for (let round = 0; round < rounds; round++) {
    alone.push(await bare(events, 1));
    ordered.push(await pintle(events, { url }));
    unordered.push(await pintle(events, { url, order: false }));
  }
  const of = (list, figure) => median(list.map((each) => each[figure]));
  const [a, b, c] = [median(alone), of(ordered, "rate"), of(unordered, "rate")];
  figures.add({
    figure: "webhook deliveries, one event each, in order",
    value: perSecond(b),
    beside: `undici.Pool ${perSecond(a)}`,
    ratio: b / a,
    goal: "0.75",
  });
  figures.add({
    figure: "the same, beside order: false",
    value: perSecond(b),
    beside: perSecond(c),
    ratio: b / c,
    goal: "0.90",
  });
  const [inOrder, without] = [of(ordered, "cost"), of(unordered, "cost")];
  figures.add({
    figure: "the same by processor time of a delivery",
    value: `${inOrder.toFixed(0)} us`,
    beside: `${without.toFixed(0)} us`,
    ratio: without / inOrder,
    goal: "0.90",
  });
}

async function batches() {
  const count = 10 * events;
  const settings = { url: `${sink.origin}/batch`, batch: { events: 100 }, gzip: true };
  const [alone, ours] = [[], []];
  for (let round = 0; round < rounds; round++) {
    alone.push(await bare(count, 100));
    ours.push((await pintle(count, settings)).rate);
  }
  figures.add({
    figure: "events to a webhook in batches of 100, gzip",
    value: perSecond(median(ours)),
    beside: `undici.Pool ${perSecond(median(alone))}`,
    ratio: median(ours) / median(alone),
    goal: "0.75",
  });
}

async function durableToRequest() {
  const plane = await startPlane();
  await plane.start([{ id: "hook", url: `${sink.origin}/0`, concurrency: connections, maxAge }]);
  await plane.load(1000, 1);
  await sink.arrivals();
  const durable = await plane.load(1000, seconds);
  for (let stats = await plane.stats(); stats.destinations[0].waiting > 0; ) stats = await plane.stats();
  const ages = delays([...(await sink.arrivals()).values()].flat(), durable);
  await plane.end();
  for (const [name, share, goal] of [
    ["median", 0.5, "1 ms"],
    ["p99", 0.99, "10 ms"],
  ]) {
    const value = `${percentile(ages, share).toFixed(1)} ms`;
    figures.add({ figure: `from durable to the webhook's request at 1,000/s, ${name}`, value, goal });
  }
}

/** Nobody listens on the port of TCP's discard service. */
const nobody = "http://127.0.0.1:9/";

async function backlogs() {
  const highest = {};
  for (const [state, url] of [
    ["down", nobody],
    ["well", `${sink.origin}/0`],
  ]) {
    const plane = await startPlane();
    await plane.fill(backlog);
    await sink.arrivals();
    await plane.start(Array.from({ length: 20 }, (_, n) => ({ id: `d${n}`, url, maxAge, from: "start" })));
    await delay(4000 * seconds);
    highest[state] = plane.highest();
    await plane.end();
    await sink.arrivals();
  }
  const value = Object.entries(highest).map(([state, bytes]) => `${Math.round(bytes / 1e6)} MB ${state}`);
  figures.add({
    figure: `memory at its highest, 20 webhooks with ${thousands(backlog)} events each before them`,
    value: value.join(", "),
    goal: "300 MB",
    note: "filling the log included",
  });
}

/** The results of the bench of the warehouse, or why it was skipped. */
async function postgres() {
  const child = fork(fileURLToPath(new URL("warehouse.mjs", import.meta.url)), [String(tracks)], {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  let told;
  child.on("message", (message) => {
    told = message;
  });
  const code = await new Promise((resolve) => child.on("close", resolve));
  if (code !== 0 || told === undefined) throw new Error(`bench/warehouse.mjs ended with ${code}`);
  figures.add({
    figure: "rows into PostgreSQL",
    value: told.skip ? "SKIPPED: no PostgreSQL" : perSecond(told.pintle),
    beside: told.skip ? "" : `psql ${perSecond(told.psql)}`,
    ratio: told.skip ? "" : told.pintle / told.psql,
    goal: "0.60",
  });
}

for (const [name, run] of Object.entries(parts)) if (wanted.has(name)) await run();
await sink.end();
figures.end(`Medians of ${rounds} rounds, ${thousands(events)} deliveries each`);
