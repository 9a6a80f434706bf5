// npm run bench -- gateway [--seconds N] [--rounds N] [--log-gb N]: what the gateway takes, durably, beside bare node:http that reads, unpacks and
// parses the same bodies and stores nothing. Server and load generator have a core each (taskset, Linux); rounds of all servers
// alternate, so that what else the machine does falls on all of them alike, and the median of the rounds counts. Compare only
// within one table: the disk and the neighbours are part of every rate. The processor time of a request is what a quiet disk would leave.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "4" },
    rounds: { type: "string", default: "3" },
    "log-gb": { type: "string", default: "0.5" },
  },
});
const seconds = Number(values.seconds);
const rounds = Number(values.rounds);
const logBytes = Number(values["log-gb"]) * 1e9;

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const bare = here("gateway/bare.mjs");
const load = here("gateway/load.mjs");
const pintle = here("../packages/server/bin/pintle.js");
const pinned = availableParallelism() > 1 && spawnSync("taskset", ["-V"]).status === 0;
const serverCore = 0;
const loadCore = 1;

const loads = {
  plain: { connections: 32, events: 100 },
  gzip: { connections: 32, events: 100 },
  single: { connections: 64, events: 1 },
};

/** A node process on a core of its own. */
function run(core, args, options = {}) {
  const [command, ...rest] = pinned ? ["taskset", "-c", String(core), process.execPath] : [process.execPath];
  return spawn(command, [...rest, ...args], { stdio: ["ignore", "pipe", "inherit"], ...options });
}

async function stop(child) {
  if (child.exitCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  await exited;
}

async function startBare() {
  const child = run(serverCore, [bare]);
  const [line] = await once(createInterface(child.stdout), "line");
  return { child, port: JSON.parse(line).port, end: () => stop(child) };
}

/** A data plane in a folder of its own, or in one that is there already. */
async function startPintle(destinations, folder = mkdtempSync(join(tmpdir(), "pintle-bench-"))) {
  const config = join(folder, "pintle.config.json");
  const sources = [{ name: "bench", writeKey: "wk_bench", destinations: Object.keys(destinations) }];
  writeFileSync(config, JSON.stringify({ sources, destinations }));
  const data = join(folder, "data");
  const args = ["start", "--config", config, "--data", data, "--port", "0", "--admin-port", "0"];
  const child = run(serverCore, [pintle, ...args], { cwd: folder });
  let port = 0;
  let admin = "";
  for await (const line of createInterface(child.stdout)) {
    port ||= Number(/events\s+http:\/\/127\.0\.0\.1:(\d+)/.exec(line)?.[1] ?? 0);
    admin ||= /admin\s+(http:\S+)/.exec(line)?.[1] ?? "";
    if (line.trim() === "ready") break;
  }
  if (port === 0) throw new Error("the data plane did not start");
  child.stdout.resume();
  const authorization = `Bearer ${readFileSync(join(data, "admin-token"), "utf8").trim()}`;
  return {
    child,
    port,
    folder,
    status: async () => (await fetch(`${admin}/status`, { headers: { authorization } })).json(),
    async end(keep = false) {
      await stop(child);
      if (!keep) rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function measure({ port, child: server }, name, more = []) {
  const { connections } = loads[name];
  const before = processorTime(server);
  const args = [load, "--port", port, "--load", name, "--connections", connections, "--seconds", seconds, ...more];
  const child = run(loadCore, args.map(String));
  const [line] = await once(createInterface(child.stdout), "line");
  const result = JSON.parse(line);
  if (result.errors > 0) throw new Error(`${result.errors} requests of the load "${name}" failed`);
  return { ...result, microseconds: ((processorTime(server) - before) * 1e6) / result.total };
}

/** Seconds of the processor that a process has had, all its threads, in the kernel too. Linux only. */
function processorTime({ pid }) {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Resident memory now and at its highest, MB. Linux only. */
function memory({ child }) {
  const text = readFileSync(`/proc/${child.pid}/status`, "utf8");
  const of = (name) => Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(text)?.[1] ?? 0) / 1024);
  return { now: of("VmRSS"), highest: of("VmHWM") };
}

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const thousands = (number) => Math.round(number).toLocaleString("en");

const table = [];
const row = (figure, value, beside, ratio, goal, cpu = "") => table.push({ figure, value, beside, ratio, goal, cpu });

// Before anything else, while nothing has been sent to it: its memory at rest.
const resting = await startPintle({});
const idle = memory(resting);
await resting.end();

const servers = [
  { name: "bare", start: startBare },
  { name: "no destination", start: () => startPintle({}), goal: 0.7 },
  { name: "one file", start: () => startPintle({ file: { type: "file", path: "./events.jsonl" } }), goal: 0.6 },
];
for (const name of Object.keys(loads)) {
  const rates = new Map(servers.map((server) => [server.name, []]));
  const processor = new Map(servers.map((server) => [server.name, []]));
  const notes = new Map();
  for (let round = 0; round < rounds; round++) {
    for (const server of servers) {
      if (name === "single" && server.name === "one file") continue;
      const started = await server.start();
      const result = await measure(started, name);
      rates.get(server.name).push((result.requests * loads[name].events) / result.seconds);
      processor.get(server.name).push(result.microseconds);
      if (server.name === "one file") {
        const [{ delivered, lag }] = (await started.status()).destinations;
        notes.set(server.name, `, ${thousands(delivered)} delivered, ${lag.seconds.toFixed(1)} s behind`);
      }
      await started.end();
    }
  }
  const beside = median(rates.get("bare"));
  for (const { name: server, goal } of servers) {
    const of = rates.get(server);
    if (server === "bare" || of.length === 0) continue;
    const what = name === "single" ? "single events/s, 64 connections" : `events/s in batches of 100, ${name}`;
    const ratio = median(of) / beside;
    const note = notes.get(server) ?? "";
    const cpu = `${Math.round(median(processor.get(server)))} beside ${Math.round(median(processor.get("bare")))}`;
    const least = name === "single" ? 0.6 : goal;
    row(`${what}, ${server}${note}`, thousands(median(of)), thousands(beside), ratio.toFixed(2), least, cpu);
  }
}

const paced = await startPintle({});
const { latencies } = await measure(paced, "single", ["--rate", 1000]);
await paced.end();
row(
  "time to ok at 1,000 single requests/s",
  `${latencies.p50.toFixed(1)} ms median`,
  `${latencies.p99.toFixed(1)} ms p99`,
  "",
  "3; 20",
);

const { bavail, bsize } = statfsSync(tmpdir());
if (bavail * bsize < 3 * logBytes) throw new Error(`not enough free disk for a log of ${logBytes / 1e9} GB: --log-gb`);
const filling = await startPintle({});
while ((await filling.status()).bytes < logBytes) await measure(filling, "plain");
const loaded = memory(filling);
const { bytes } = await filling.status();
await filling.end(true);
const begin = performance.now();
const again = await startPintle({}, filling.folder);
const answer = await fetch(`http://127.0.0.1:${again.port}/v1/track`, {
  method: "POST",
  headers: { authorization: `Basic ${btoa("wk_bench:")}` },
  body: '{"userId":"u"}',
});
const restart = performance.now() - begin;
if ((await answer.text()) !== "ok") throw new Error("no ok after the restart");
await again.end();
row(`restart with ${(bytes / 1e9).toFixed(1)} GB of log to the first ok`, `${thousands(restart)} ms`, "", "", "2,000");
row("resident memory at rest", `${idle.now} MB`, "", "", "100");
row("resident memory under load, highest", `${loaded.highest} MB`, "", "", "300");

const where = pinned
  ? `one core each for server (${serverCore}) and load (${loadCore})`
  : "not pinned: taskset is not there";
console.log(`\nNode ${process.versions.node}; ${where}; median of ${rounds} rounds of ${seconds} s\n`);
const columns = ["figure", "value", "beside", "ratio", "goal", "cpu"];
const titles = {
  figure: "",
  value: "Pintle",
  beside: "bare node:http",
  ratio: "ratio",
  goal: "goal",
  cpu: "CPU us/request",
};
const lines = [titles, ...table].map((line) => columns.map((column) => String(line[column])));
const widths = columns.map((_, k) => Math.max(...lines.map((line) => line[k].length)));
for (const [k, line] of lines.entries()) {
  console.log(
    `| ${line.map((cell, c) => (c === 0 ? cell.padEnd(widths[c]) : cell.padStart(widths[c]))).join(" | ")} |`,
  );
  if (k === 0) console.log(`| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`);
}
