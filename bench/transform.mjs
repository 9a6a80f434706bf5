// npm run bench -- transform [--events N] [--rounds N] [--beside FOLDER]: events a second through a transformation that copies its event and adds a field, as
// a webhook asks (64 calls of one event at a time) and as a file does (calls of 100). `--beside` names another built checkout, which is measured in the
// same run, in turn. Medians count; the time of the processor for each event, of all threads and processes, feels less of neighbours. Compare only within one table.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { eventBody } from "./router/events.mjs";
import { median } from "./router/processes.mjs";

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
      const { systemClock } = await import(pathToFileURL(join(dist, "clock.js")).href);
      return () =>
        new Transformation({
          ...{ file, text, run: "1", destination: "hook", timeout: 1000, memory: 128, clock: systemClock },
          notes: { folder, destinationId: "hook" },
        });
    }),
  );
}

const made = Array.from({ length: events }, (_, at) => eventBody(at));
const source = { id: "shop", name: "shop" };

/** Events a second, once the process is there. */
async function rate(stage, size, calls) {
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
  return { rate: (events / (performance.now() - begin)) * 1000, cost: (processor() - before) / events };
}

/** Microseconds of the processor that this process and its children have had. */
function processor() {
  const { user, system } = process.cpuUsage();
  const tasks = readdirSync("/proc/self/task").map((task) => `/proc/self/task/${task}/children`);
  const children = tasks.flatMap((path) => readFileSync(path, "utf8").split(" ").filter(Boolean));
  const ticks = children.map((pid) => {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
    return Number(fields[11]) + Number(fields[12]);
  });
  return user + system + ticks.reduce((sum, each) => sum + each, 0) * 10_000;
}

const ways = [
  { way: "64 calls of one event", size: 1, calls: 64 },
  { way: "2 calls of 100 events", size: 100, calls: 2 },
];
const makers = await sides();
const rates = ways.map(() => makers.map(() => []));
for (let round = 0; round < Number(values.rounds); round++) {
  for (const [row, { size, calls }] of ways.entries()) {
    for (const [column, make] of makers.entries()) {
      const stage = make();
      rates[row][column].push(await rate(stage, size, calls));
      await stage.close();
    }
  }
}
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
