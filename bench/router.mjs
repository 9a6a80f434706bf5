// npm run bench -- router [--events N] [--rounds N] [--seconds N] [--tracks N]: webhook deliveries
// a second, one event each, by one process, beside bare undici.Pool that sends the same bodies over
// as many connections to the same server in the same run; in order beside `order: false`; and the
// time from when an event is durable (a gateway says ok then) to the webhook's request, at 1,000
// events a second; and rows a second into PostgreSQL beside psql, by bench/warehouse.mjs. Rounds
// alternate, medians count. Compare only within one table.
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { delays, median, percentile, startBare, startPlane, startSink } from "./router/processes.mjs";

const { values } = parseArgs({
  options: {
    events: { type: "string", default: "40000" },
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "5" },
    tracks: { type: "string", default: "50000" },
  },
});
const events = Number(values.events);
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);
const connections = 32;

const sink = await startSink();
const url = `${sink.origin}/0`;

async function bare() {
  const sender = await startBare(sink.origin, events, connections);
  const took = sink.expect(events);
  await sender.run();
  return events / (await took);
}

/**
 * Microseconds of the processor for each delivery, starting up included: neighbours disturb them
 * less than rates.
 */
const times = { ordered: [], unordered: [] };

async function pintle(settings) {
  const plane = await startPlane();
  await plane.fill(events);
  const took = sink.expect(events);
  const before = await plane.processor();
  await plane.start([{ id: "hook", url, concurrency: connections, maxAge: 259_200_000, from: "start", ...settings }]);
  const rate = events / (await took);
  times[settings.order === false ? "unordered" : "ordered"].push(((await plane.processor()) - before) / events);
  await plane.end();
  return rate;
}

/**
 * What the bench of the warehouse has measured: rows a second of psql and of Pintle, or why it was
 * skipped.
 */
async function warehouse() {
  const child = fork(fileURLToPath(new URL("warehouse.mjs", import.meta.url)), [values.tracks], {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  let told;
  child.on("message", (message) => {
    told = message;
  });
  const code = await new Promise((resolve) => child.on("close", resolve));
  if (code !== 0 || told === undefined) throw new Error(`bench/warehouse.mjs ended with ${code}`);
  return told;
}

const rates = { bare: [], ordered: [], unordered: [] };
for (let round = 0; round < rounds; round++) {
  rates.bare.push(await bare());
  rates.ordered.push(await pintle({}));
  rates.unordered.push(await pintle({ order: false }));
}

const plane = await startPlane();
await plane.start([{ id: "hook", url, concurrency: connections, maxAge: 259_200_000 }]);
await plane.load(1000, 1);
await sink.arrivals();
const durable = await plane.load(1000, seconds);
for (let stats = await plane.stats(); stats.destinations[0].waiting > 0; ) stats = await plane.stats();
const ages = delays([...(await sink.arrivals()).values()].flat(), durable);
await plane.end();
await sink.end();
const rows = await warehouse();

const [a, b, c] = [rates.bare, rates.ordered, rates.unordered].map(median);
const [inOrder, withoutOrder] = [median(times.ordered), median(times.unordered)];
const per = (rate) => `${Math.round(rate).toLocaleString("en")}/s`;
console.table([
  { figure: "deliveries, undici.Pool alone", value: per(a), beside: 1, goal: "" },
  { figure: "deliveries, Pintle, in order", value: per(b), beside: (b / a).toFixed(2), goal: 0.6 },
  { figure: "in order beside order: false", value: per(c), beside: (b / c).toFixed(2), goal: 0.9 },
  {
    figure: "the same by processor time of a delivery",
    value: `${inOrder.toFixed(0)} us, ${withoutOrder.toFixed(0)} us`,
    beside: (withoutOrder / inOrder).toFixed(2),
    goal: 0.9,
  },
  {
    figure: "from durable to request, median",
    value: `${percentile(ages, 0.5).toFixed(1)} ms`,
    beside: "",
    goal: "10 ms",
  },
  {
    figure: "from durable to request, p99",
    value: `${percentile(ages, 0.99).toFixed(1)} ms`,
    beside: "",
    goal: "50 ms",
  },
  {
    figure: "rows into PostgreSQL, beside psql",
    value: rows.skip ? "SKIPPED: no PostgreSQL" : `${per(rows.pintle)}, ${per(rows.psql)}`,
    beside: rows.skip ? "" : (rows.pintle / rows.psql).toFixed(2),
    goal: 0.6,
  },
]);
