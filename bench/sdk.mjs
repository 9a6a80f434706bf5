// npm run bench -- sdk [--events 300000] [--seconds 30] [--calls 50000] [--only NAME] [--profile
// FOLDER]: what the SDK costs, beside its peers, in one table and one run. Each program and each
// data plane is a process of its own, the program on one core and the data plane on another. With
// default options, but that the peers are given batches of Pintle's size, too. A program that does
// not get through its events in --seconds is judged by those that it delivered.
// --profile writes a CPU profile of each program of Node; its figures are then not worth much.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { bundle, gzipped, mostAtStart } from "./bundle.mjs";
import { importTimes, withPublished } from "./import.mjs";
import { partsOf } from "./report/parts.mjs";
import { eventOf } from "./sdk/event.mjs";
import { buildGo, hasCores, run } from "./sdk/run.mjs";
import { bundled, installed } from "./sdk/weigh.mjs";

const { values } = parseArgs({
  options: {
    events: { type: "string", default: "300000" },
    seconds: { type: "string", default: "30" },
    calls: { type: "string", default: "50000" },
    only: { type: "string" },
    profile: { type: "string" },
  },
});
const [events, seconds, calls] = [values.events, values.seconds, values.calls].map(Number);
/** The batch size of Pintle and the SDK for Go. */
const batch = 250;
const held = 100_000;
const packages = {
  pintle: "@pintle/sdk",
  rudder: "@rudderstack/rudder-sdk-node",
  segment: "@segment/analytics-node",
  posthog: "posthog-node",
};
const states = ["well", "failing", "hanging"];
const wanted = partsOf(values.only, [...Object.keys(packages), "go"]);

const folder = mkdtempSync(join(tmpdir(), "pintle-bench-"));
const table = {};
try {
  if (!hasCores) console.error("NOT ON CORES OF THEIR OWN: needs taskset and two cores");
  const program = buildGo(folder);
  const names = [...Object.keys(packages), ...(program === undefined ? [] : ["go"])].filter((name) => wanted.has(name));
  for (const name of names) table[name] = {};
  // Every task by turns of the SDKs, so that what is compared is done soon one after the other.
  for (const state of states) await each(`call-${state}`, { task: "call", count: calls, state });
  if ("pintle" in table) {
    await one("pintle", "call-full", {
      task: "call",
      count: calls,
      state: "hanging",
      options: { queueBytes: 100_000 },
    });
  }
  await each("send", { task: "send", count: events });
  for (const name of names.filter((name) => name !== "pintle" && name !== "go")) {
    await one(name, "send-batch", { task: "send", count: events, options: { batch } });
  }
  await each("hold", { task: "hold", count: held, state: "absent", options: { queueEvents: 2 * held } });
  await weigh(names.filter((name) => name !== "go"));
  print();
  if (table.pintle !== undefined && values.only === undefined) await judge();

  async function each(figure, options) {
    for (const name of names) await one(name, figure, options);
  }

  /** A program that fails leaves a gap in the table, and a line that says why. */
  async function one(name, figure, options) {
    const profile = values.profile === undefined ? undefined : resolve(values.profile, `${name}-${figure}`);
    if (profile !== undefined) mkdirSync(profile, { recursive: true });
    try {
      table[name][figure] = await run({
        name,
        seconds,
        profile,
        ...options,
        ...(name === "go" ? { program } : {}),
      });
    } catch (error) {
      console.error(`${name}, ${figure}: ${error.message}`);
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function weigh(names) {
  await withPublished(async (modules) => {
    const times = importTimes(modules, 9);
    for (const name of names) {
      table[name].import = times.get(packages[name]).clock;
      table[name].installed = installed(modules, packages[name]);
      table[name].bundle = await bundled(modules, packages[name]).catch((error) => {
        console.error(`${name} cannot be bundled: ${error.message.split("\n")[1] ?? error.message}`);
      });
    }
  });
}

function print() {
  const names = Object.keys(table);
  const size = JSON.stringify(eventOf(1_000)).length;
  console.log(
    `events of ${size} bytes of JSON; ${events.toLocaleString("en")} of them end to end, ${seconds} s at most`,
  );
  console.log("".padEnd(46) + names.map((name) => name.padStart(12)).join(""));
  const row = (title, of, digits = 1) => {
    const cells = names.map((name) => {
      const figure = of(table[name]);
      return (Number.isFinite(figure) ? number(figure, digits) : "-").padStart(12);
    });
    console.log(title.padEnd(46) + cells.join(""));
  };
  for (const state of [...states, "full"]) {
    const title = state === "full" ? "queue full" : `server ${state}`;
    const figure = (of) => (column) => column[`call-${state}`] && of(column[`call-${state}`]);
    row(
      `one call, ${title}: mean, us`,
      figure(({ mean }) => mean),
    );
    row(
      "  mean / JSON.stringify, median of 9 rounds",
      figure(({ ratio }) => ratio),
      2,
    );
    row(
      "  the same, all without their slowest 1%",
      figure(({ mean99, plain }) => plain && mean99 / plain.mean99),
      2,
    );
    row(
      "  p99, us",
      figure(({ p99 }) => p99),
    );
  }
  for (const [figure, title] of [
    ["send", "default options"],
    ["send-batch", `batches of ${batch}`],
  ]) {
    row(`end to end, ${title}: events/s`, (column) => rate(column[figure]), 0);
    row("  lost of those offered", (column) => column[figure] && column[figure].offered - column[figure].delivered, 0);
    row("  CPU for a delivered event, us", (column) => cpu(column[figure]));
    row("  peak memory, MB", (column) => column[figure] && column[figure].peak / 1e6, 0);
    row(
      "  bytes on the wire for an event",
      (column) => column[figure] && column[figure].bytes / column[figure].delivered,
      0,
    );
  }
  row(`server absent, ${held.toLocaleString("en")} events: held`, (column) => column.hold?.pending, 0);
  row("  memory, MB", (column) => column.hold && column.hold.growth / 1e6);
  row("  memory / bytes held", (column) => memory(column), 2);
  row("time to import, ms", (column) => column.import);
  row("installed: packages", (column) => column.installed?.packages, 0);
  row("  of third parties", (column) => thirdParties(column), 0);
  row("  MB", (column) => column.installed && column.installed.bytes / 1e6, 2);
  row("bundle for Node, all, minified, gzipped: KB", (column) => column.bundle && column.bundle / 1024);
}

/** The goals next to the results. */
async function judge() {
  const [start] = await bundle("browser", ["browser"]);
  const { pintle, go, ...peers } = table;
  const sends = Object.values(peers).flatMap((column) => [column.send, column["send-batch"]]);
  const best = (of, pick) => pick(...sends.map(of).filter((figure) => figure !== undefined));
  const line = (title, reached, most, unit = "") => {
    if (!Number.isFinite(reached)) console.log(`  ${title}: not measured`);
    else
      console.log(
        `  ${reached <= most ? "reached    " : "NOT REACHED"} ${title}: ${number(reached, 2)}${unit}, at most ${number(most, 2)}${unit}`,
      );
  };
  console.log("targets");
  const ratios = states.map((state) => pintle[`call-${state}`]?.ratio);
  for (const [i, state] of states.entries()) line(`one call / JSON.stringify, server ${state}`, ratios[i], 2);
  line("  the slowest state / the fastest (equal: within 15%)", Math.max(...ratios) / Math.min(...ratios), 1.15);
  line("CPU for an event / that of the best Node peer", cpu(pintle.send) / best(cpu, Math.min), 1 / 3);
  if (go?.send !== undefined) line("CPU for an event / that of the Go SDK", cpu(pintle.send) / cpu(go.send), 1);
  line("events/s of the best Node peer / events/s", best(rate, Math.max) / rate(pintle.send), 1 / 3);
  line("memory / bytes held", memory(pintle), 1.3);
  line("time to import", pintle.import, 15, " ms");
  line("fetch build, minified, gzipped", gzipped(start), mostAtStart, " bytes");
  line("packages of third parties", thirdParties(pintle), 0);
}

function rate(send) {
  return send && send.delivered / ((send.last - send.began) / 1_000);
}

function cpu(send) {
  return send && send.cpu / send.delivered;
}

function memory({ hold }) {
  return hold && hold.held > 0 ? hold.growth / hold.held : undefined;
}

function thirdParties({ installed }) {
  return installed && installed.packages - installed.own;
}

function number(value, digits) {
  return value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
