// npm run bench -- transform [--events N] [--rounds N] [--beside FOLDER]: events a second through a
// transformation that copies its event and adds a field: of a whole router with a webhook; of the
// stage alone, as a webhook asks (64 calls of one event at a time) and as a file does (calls of
// 100). `--beside` names another built checkout, which is measured in the same run, in turn.
// Medians count; the time of the processor for each event, of all threads and processes, feels less
// of neighbours. Compare only within one table.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { eventBody } from "./router/events.mjs";
import { median, startSink } from "./router/processes.mjs";

const { values } = parseArgs({
  options: {
    events: { type: "string", default: "40000" },
    rounds: { type: "string", default: "5" },
    beside: { type: "string" },
  },
});
const events = Number(values.events);
const folder = mkdtempSync(join(tmpdir(), "pintle-bench-transform-"));
const file = join(folder, "pintle.config.ts");
const text = `export default { destinations: { hook: { transform: (event) => ({ ...event, shop: "shop" }) } } };`;
writeFileSync(file, text);

async function sides() {
  const roots = [resolve("."), ...(values.beside === undefined ? [] : [resolve(values.beside)])];
  return Promise.all(
    roots.map(async (root) => {
      const dist = join(root, "packages/server/dist/router");
      const { Transformation } = await import(pathToFileURL(join(dist, "transform/transformation.js")).href);
      // As the router's thread does.
      (await import(pathToFileURL(join(root, "packages/events/dist/index.js")).href)).letJsonTakeBigInt?.();
      // Its place today, and its place in an older checkout.
      const clock = ["time/clock.js", "clock.js"].map((name) => join(dist, name)).find(existsSync);
      const { systemClock } = await import(pathToFileURL(clock).href);
      const { startPlane } = await import(pathToFileURL(join(root, "bench/router/processes.mjs")).href);
      const make = () =>
        new Transformation({
          ...{ file, text, run: "1", destination: "hook", timeout: 1000, memory: 128, clock: systemClock },
          notes: { folder, destinationId: "hook" },
        });
      return { make, startPlane };
    }),
  );
}

const made = Array.from({ length: events }, (_, at) => eventBody(at));
const source = { id: "shop", name: "shop" };

/** Events a second, once the process is there. */
async function rate(make, size, calls) {
  const stage = make();
  let next = 0;
  async function caller() {
    while (next < events) {
      const some = made.slice(next, next + size);
      next += some.length;
      const staged = await stage.run(some, new Array(some.length).fill(source));
      if (staged.length !== some.length || staged.some(({ kind }) => kind !== "deliver")) throw new Error("not all");
      for (const { sizes = [] } of staged) for (const bytes of sizes) stage.release?.(bytes);
    }
  }
  await stage.run(made.slice(0, 1), [source]);
  const begin = performance.now();
  const before = processor();
  await Promise.all(Array.from({ length: calls }, caller));
  const result = { rate: (events / (performance.now() - begin)) * 1000, cost: (processor() - before) / events };
  await stage.close();
  return result;
}

/** Microseconds of the processor that this process and its children have had. */
function processor() {
  const { user, system } = process.cpuUsage();
  return user + system + processorOf("self");
}

/** Those of the children of a process. */
function processorOf(parent) {
  const tasks = readdirSync(`/proc/${parent}/task`).map((task) => `/proc/${parent}/task/${task}/children`);
  const children = tasks.flatMap((path) => readFileSync(path, "utf8").split(" ").filter(Boolean));
  const ticks = children.map((pid) => {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
    return Number(fields[11]) + Number(fields[12]);
  });
  return ticks.reduce((sum, each) => sum + each, 0) * 10_000;
}

/** Deliveries a second by webhook behind the transformation, as bench/router.mjs measures them. */
async function deliveries(startPlane) {
  const plane = await startPlane();
  await plane.fill(events);
  const took = sink.expect(events);
  const before = await plane.processor();
  const transform = { file, text, run: "1", timeout: 1000, memory: 128 };
  await plane.start([
    { id: "hook", url: `${sink.origin}/0`, concurrency: 32, maxAge: 259_200_000, from: "start", transform },
  ]);
  const rate = events / (await took);
  const children = processorOf(plane.pid);
  const cost = ((await plane.processor()) - before + children) / events;
  await plane.end();
  return { rate, cost };
}

const sink = await startSink();
const ways = [
  { way: "webhook, an event each", measure: ({ startPlane }) => deliveries(startPlane) },
  { way: "64 calls of one event", measure: ({ make }) => rate(make, 1, 64) },
  { way: "2 calls of 100 events", measure: ({ make }) => rate(make, 100, 2) },
];
const measured = await sides();
const rates = ways.map(() => measured.map(() => []));
for (let round = 0; round < Number(values.rounds); round++) {
  for (const [row, { measure }] of ways.entries()) {
    for (const [column, side] of measured.entries()) rates[row][column].push(await measure(side));
  }
}
await sink.end();
rmSync(folder, { recursive: true });
const shown = (figure) => `${Math.round(figure).toLocaleString("en")}/s`;
console.table(
  ways.map(({ way }, row) => {
    const [rate, besideRate] = rates[row].map((list) => median(list.map((each) => each.rate)));
    const [cost, besideCost] = rates[row].map((list) => median(list.map((each) => each.cost)));
    const here = { way, rate: shown(rate), processor: `${cost.toFixed(1)} us` };
    if (besideRate === undefined) return here;
    const beside = { "its rate": shown(besideRate), "its processor": `${besideCost.toFixed(1)} us` };
    return {
      ...here,
      ...beside,
      ratio: (rate / besideRate).toFixed(2),
      goal: 0.85,
      work: (besideCost / cost).toFixed(2),
    };
  }),
);
