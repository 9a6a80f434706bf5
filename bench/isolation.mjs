// npm run bench -- isolation [--seconds N] [--rounds N] [--share N]: what sick destinations cost
// the others. Twenty webhook destinations of one source get 60 % of what the machine can deliver;
// then the same with one that refuses connections, one that hangs and one that takes a request a
// second. The p99 of the time from when an event is durable to its request, and what waits at the
// end, of the other 17: rounds alternate, medians of both are compared. And one run at saturation,
// reported.
import { parseArgs } from "node:util";
import { median } from "./report/figures.mjs";
import { delays, percentile, startPlane, startSink } from "./router/processes.mjs";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "5" },
    rounds: { type: "string", default: "5" },
    share: { type: "string", default: "0.6" },
  },
});
const seconds = Number(values.seconds);
const rounds = Number(values.rounds);
const count = 20;
const maxAge = 259_200_000;

const sink = await startSink();
const healthy = Array.from({ length: count }, (_, n) => `${sink.origin}/${n}`);
/** Nobody listens on the port of TCP's discard service. */
const sick = ["http://127.0.0.1:9/", `${sink.origin}/hang`, `${sink.origin}/slow`];

async function run(urls, rate) {
  const plane = await startPlane();
  await plane.start(urls.map((url, n) => ({ id: `d${n}`, url, maxAge, timeout: 10_000 })));
  // Connections are made, code is compiled.
  await plane.load(Math.min(rate, 50), 1);
  for (let stats = await plane.stats(); isBusy(stats); ) stats = await plane.stats();
  await sink.arrivals();
  const durable = await plane.load(rate, seconds);
  const { destinations } = await plane.stats();
  const waiting = destinations.filter(({ id }) => isWell(id)).reduce((sum, each) => sum + each.waiting, 0);
  for (let stats = await plane.stats(); isBusy(stats); ) stats = await plane.stats();
  const arrivals = [...(await sink.arrivals())];
  await plane.end();
  const ages = arrivals
    .filter(([path]) => Number(path.slice(1)) >= sick.length)
    .flatMap(([, list]) => delays(list, durable));
  return { p50: percentile(ages, 0.5), p99: percentile(ages, 0.99), waiting };
}

/** By the 17 that are well in both runs. */
function isWell(id) {
  return Number(id.slice(1)) >= sick.length;
}

function isBusy({ destinations }) {
  return destinations.some(({ id, waiting }) => isWell(id) && waiting > 0);
}

/** Events per second delivered by twenty destinations together when the log is full. */
async function saturation() {
  const events = 1000;
  const plane = await startPlane();
  await plane.fill(events);
  const took = sink.expect(events * count);
  await plane.start(healthy.map((url, n) => ({ id: `d${n}`, url, maxAge, from: "start" })));
  const rate = (events * count) / (await took);
  await plane.end();
  return rate;
}

const most = median([await saturation(), await saturation(), await saturation()]);
const rate = (most * Number(values.share)) / count;
const withSick = [...sick, ...healthy.slice(sick.length)];
const runs = { well: [], sick: [] };
for (let round = 0; round < rounds; round++) {
  runs.well.push(await run(healthy, rate));
  runs.sick.push(await run(withSick, rate));
}
const full = await run(withSick, most / count);
await sink.end();

const of = (list, figure) => median(list.map((each) => each[figure]));
const ms = (number) => `${number.toFixed(1)} ms`;
const beside = (figure) => (of(runs.sick, figure) / Math.max(1, of(runs.well, figure))).toFixed(2);
console.log(`saturation: ${Math.round(most).toLocaleString("en")} deliveries/s by ${count} destinations;`);
console.log(`the runs: ${Math.round(rate)} events/s to each, ${seconds} s, ${rounds} rounds`);
console.table([
  {
    "the other 17": "median",
    well: ms(of(runs.well, "p50")),
    "three sick": ms(of(runs.sick, "p50")),
    ratio: beside("p50"),
    goal: "",
  },
  {
    "the other 17": "p99",
    well: ms(of(runs.well, "p99")),
    "three sick": ms(of(runs.sick, "p99")),
    ratio: beside("p99"),
    goal: 1.5,
  },
  {
    "the other 17": "waiting at the end",
    well: of(runs.well, "waiting"),
    "three sick": of(runs.sick, "waiting"),
    ratio: beside("waiting"),
    goal: 1.5,
  },
  { "the other 17": "p99 at saturation", well: "", "three sick": ms(full.p99), ratio: "", goal: "" },
]);
