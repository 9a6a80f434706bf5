// npm run bench -- gateway [--short]: what the gateway takes, durably, beside bare node:http that
// reads, unpacks and parses the same bodies and stores nothing; how fast it answers, how fast it is
// back, how much memory it takes; and the log alone beside two databases. One table, one run.
//
// The gateway has one core (taskset, Linux), the load comes from the other. Rounds of all servers
// alternate, so that what else the machine does falls on all of them alike, and the median of the
// rounds counts. Compare only within one table: the disk and the neighbours are part of every rate.
// The processor time of a request is what a quiet machine would leave of it.
//
// It takes about 15 minutes and, for a while, 4 GB of disk where temporary files are. Flags, with
// what --short makes of them:
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    short: { type: "boolean", default: false },
    seconds: { type: "string" }, // of a round: 5; 3
    rounds: { type: "string" }, // 5; 3
    "log-gb": { type: "string" }, // of the restart: 4; 0.5
    "load-seconds": { type: "string" }, // memory under the first load: 60; 10
    "steady-seconds": { type: "string" }, // memory at 5,000 events/s: 300; 20
    // letters of the parts to run: (t)hroughput, (f)ile, (l)og, (o)k, (r)estart, (m)emory
    only: { type: "string" },
  },
});
const { short } = values;
const seconds = Number(values.seconds ?? (short ? 3 : 5));
const rounds = Number(values.rounds ?? (short ? 3 : 5));
const logBytes = Number(values["log-gb"] ?? (short ? 0.5 : 4)) * 1e9;
const loadSeconds = Number(values["load-seconds"] ?? (short ? 10 : 60));
const steadySeconds = Number(values["steady-seconds"] ?? (short ? 20 : 300));
const wanted = (part) => values.only === undefined || values.only.includes(part);

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const bare = here("gateway/bare.mjs");
const load = here("gateway/load.mjs");
const pintle = here("../packages/server/bin/pintle.js");
const pinned = availableParallelism() > 1 && spawnSync("taskset", ["-V"]).status === 0;
const serverCore = 0;
const loadCore = 1;

const loads = {
  plain: { connections: 64, events: 100 },
  gzip: { connections: 64, events: 100 },
  single: { connections: 64, events: 1 },
};

const work = mkdtempSync(join(tmpdir(), "pintle-bench-"));
const running = new Set();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
  rmSync(work, { recursive: true, force: true });
});
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));

/** A node process on some cores: one, or several as a list. */
function run(cores, args, options = {}) {
  const [command, ...rest] = pinned ? ["taskset", "-c", String(cores), process.execPath] : [process.execPath];
  const child = spawn(command, [...rest, ...args], { stdio: ["ignore", "pipe", "inherit"], ...options });
  running.add(child);
  child.once("exit", () => running.delete(child));
  return child;
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

const file = { file: { type: "file", path: "./events.jsonl" } };
let folders = 0;

/**
 * A data plane in a folder of its own, or in one that is there already. `split`: only the gateway's
 * thread is on its core, and the router's may also use that of the load.
 */
async function startPintle(
  destinations,
  { folder = join(work, String(++folders)), keep = "50GB", split = false } = {},
) {
  mkdirSync(folder, { recursive: true });
  const config = join(folder, "pintle.config.json");
  const sources = [{ name: "bench", writeKey: "wk_bench", destinations: Object.keys(destinations) }];
  writeFileSync(config, JSON.stringify({ sources, destinations }));
  const data = join(folder, "data");
  const args = ["start", "--config", config, "--data", data, "--port", "0", "--admin-port", "0", "--keep-size", keep];
  const child = run(split ? `${serverCore},${loadCore}` : serverCore, [pintle, ...args], { cwd: folder });
  let port = 0;
  let admin = "";
  for await (const line of createInterface(child.stdout)) {
    port ||= Number(/events\s+http:\/\/127\.0\.0\.1:(\d+)/.exec(line)?.[1] ?? 0);
    admin ||= /admin\s+(http:\S+)/.exec(line)?.[1] ?? "";
    if (line.trim() === "ready") break;
  }
  if (port === 0) throw new Error("the data plane did not start");
  child.stdout.resume();
  // Without -a it is about one thread, and the main thread has the number of the process.
  if (split && pinned) execFileSync("taskset", ["-cp", String(serverCore), String(child.pid)], { stdio: "ignore" });
  const authorization = `Bearer ${readFileSync(join(data, "admin-token"), "utf8").trim()}`;
  return {
    child,
    port,
    folder,
    status: async () => (await fetch(`${admin}/status`, { headers: { authorization } })).json(),
    async end(keepFolder = false) {
      await stop(child);
      if (!keepFolder) rmSync(folder, { recursive: true, force: true });
    },
  };
}

const bodies = join(work, "gzip.bodies");
if (wanted("t")) execFileSync(process.execPath, [here("gateway/compress.mjs"), bodies]);

async function measure({ port, child: server }, name, { rate, time = seconds, warmup = 2 } = {}) {
  const { connections } = loads[name];
  const before = processorTime(server);
  const args = ["--port", port, "--load", name, "--connections", connections, "--seconds", time, "--warmup", warmup];
  if (rate !== undefined) args.push("--rate", rate);
  if (name === "gzip") args.push("--bodies", bodies);
  const child = run(loadCore, [load, ...args.map(String)]);
  const [line] = await once(createInterface(child.stdout), "line");
  const result = JSON.parse(line);
  if (result.errors > 0) throw new Error(`${result.errors} requests of the load "${name}" failed`);
  return {
    ...result,
    rate: (result.requests * loads[name].events) / result.seconds,
    microseconds: ((processorTime(server) - before) * 1e6) / result.total,
  };
}

/**
 * Seconds of the processor that a process has had, all its threads, in the kernel too. Linux only.
 */
function processorTime({ pid }) {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Resident memory now and at its highest, MB. Linux only. */
function memory({ child }) {
  const text = readFileSync(`/proc/${child.pid}/status`, "utf8");
  const of = (name) => Math.round((Number(new RegExp(`${name}:\\s+(\\d+)`).exec(text)?.[1] ?? 0) * 1024) / 1e6);
  return { now: of("VmRSS"), highest: of("VmHWM") };
}

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const thousands = (number) => Math.round(number).toLocaleString("en");
const say = (text) => process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`);

const table = [];
const row = (figure, value, beside, ratio, goal, cpu = "") => table.push({ figure, value, beside, ratio, goal, cpu });

/** Events a second of bare node:http, by load. */
const bareRates = {};

async function throughput() {
  for (const name of Object.keys(loads)) {
    say(`throughput, ${name}`);
    const results = { bare: [], pintle: [] };
    for (let round = 0; round < rounds; round++) {
      for (const [server, start] of [
        ["bare", startBare],
        ["pintle", () => startPintle({})],
      ]) {
        const started = await start();
        results[server].push(await measure(started, name));
        await started.end();
      }
    }
    const of = (server, figure) => median(results[server].map((result) => result[figure]));
    bareRates[name] = of("bare", "rate");
    const what = name === "single" ? "requests/s of one event" : `events/s in batches of 100, ${name}`;
    row(
      `${what}, no destination`,
      thousands(of("pintle", "rate")),
      thousands(bareRates[name]),
      (of("pintle", "rate") / bareRates[name]).toFixed(2),
      name === "single" ? "0.60" : "0.70",
      `${Math.round(of("pintle", "microseconds"))}; ${Math.round(of("bare", "microseconds"))}`,
    );
  }
}

/**
 * Whether the destination keeps up at so many events a second: at the end it is less than a second
 * behind.
 */
async function keepsUp(rate, split) {
  const started = await startPintle(file, { split });
  const result = await measure(started, "plain", { rate: rate / 100 });
  const [{ lag }] = (await started.status()).destinations;
  await started.end();
  return result.rate > 0.95 * rate && lag.seconds < 1;
}

/** The highest rate at which a `file` destination keeps up, found by halving. */
async function withDestination() {
  if (bareRates.plain === undefined) {
    const started = await startBare();
    bareRates.plain = (await measure(started, "plain")).rate;
    await started.end();
  }
  for (const split of [false, true]) {
    say(`one file destination that keeps up${split ? ", router on both cores" : ""}`);
    let [kept, missed] = [0, 1];
    for (let step = 0; step < 5; step++) {
      const share = (kept + missed) / 2;
      if (await keepsUp(share * bareRates.plain, split)) kept = share;
      else missed = share;
    }
    const where = split ? "only the gateway's thread on its core" : "all threads on one core";
    row(
      `events/s in batches of 100, plain, one file that keeps up, ${where}`,
      thousands(kept * bareRates.plain),
      thousands(bareRates.plain),
      kept.toFixed(2),
      "0.60",
    );
  }
}

async function logAlone() {
  say("the log alone");
  const rows = JSON.parse(execFileSync(process.execPath, [here("log.mjs"), short ? "0.7" : "1.5", "--json"]));
  for (const group of [100, 1000]) {
    const of = (store) => rows.find((one) => one.group === group && one.store === store);
    const [log, sqlite, lmdb] = ["@pintle/log", "better-sqlite3", "lmdb"].map(of);
    const figure = ({ written, loop }) => `${Math.round(written)}k, loop ${loop.toFixed(0)} ms`;
    row(
      `the log alone, events/s in groups of ${group}; longest stop of the loop`,
      figure(log),
      `sqlite ${figure(sqlite)}; lmdb ${figure(lmdb)}`,
      (log.written / Math.max(sqlite.written, lmdb.written)).toFixed(2),
      "1.00",
    );
  }
}

async function timeToOk() {
  say("time to ok");
  const medians = [];
  const tails = [];
  for (let round = 0; round < rounds; round++) {
    const paced = await startPintle({});
    const { latencies } = await measure(paced, "single", { rate: 1000 });
    medians.push(latencies.p50);
    tails.push(latencies.p99);
    await paced.end();
  }
  row(
    "time to ok at 1,000 requests/s of one event: median; p99",
    `${median(medians).toFixed(1)} ms; ${median(tails).toFixed(1)} ms`,
    "",
    "",
    "3 ms; 20 ms",
  );
}

async function restart() {
  const { bavail, bsize } = statfsSync(work);
  if (bavail * bsize < 3 * logBytes)
    throw new Error(`not enough free disk for a log of ${logBytes / 1e9} GB: --log-gb`);
  say(`restart with ${logBytes / 1e9} GB of log`);
  const filling = await startPintle({});
  while ((await filling.status()).bytes < logBytes) await measure(filling, "plain", { warmup: 0 });
  const { bytes } = await filling.status();
  await filling.end(true);
  const begin = performance.now();
  const again = await startPintle({}, { folder: filling.folder });
  const answer = await fetch(`http://127.0.0.1:${again.port}/v1/track`, {
    method: "POST",
    headers: { authorization: `Basic ${btoa("wk_bench:")}` },
    body: '{"userId":"u"}',
  });
  const took = performance.now() - begin;
  if ((await answer.text()) !== "ok") throw new Error("no ok after the restart");
  await again.end();
  row(
    `restart with ${(bytes / 1e9).toFixed(1)} GB of log to the first ok`,
    `${thousands(took)} ms`,
    "",
    "",
    "2,000 ms",
  );
}

async function residentMemory() {
  say("memory at rest");
  const resting = await startPintle(file);
  await delay(15_000);
  row("resident memory at rest", `${memory(resting).now} MB`, "", "", "100 MB");
  await resting.end();

  say(`memory under the first load, ${loadSeconds} s`);
  const loaded = await startPintle({}, { keep: "2GB" });
  await measure(loaded, "plain", { time: loadSeconds, warmup: 0 });
  const figure = `resident memory, highest: batches as fast as they go for ${loadSeconds} s, 2 GB kept`;
  row(figure, `${memory(loaded).highest} MB`, "", "", "300 MB");
  await loaded.end();

  say(`memory at 5,000 events/s, ${steadySeconds} s`);
  const steady = await startPintle(file);
  await measure(steady, "plain", { rate: 50, time: steadySeconds, warmup: 0 });
  const what = `resident memory, highest: 5,000 events/s into a file for ${steadySeconds} s`;
  row(what, `${memory(steady).highest} MB`, "", "", "200 MB");
  await steady.end();
}

if (wanted("m")) await residentMemory();
if (wanted("t")) await throughput();
if (wanted("f")) await withDestination();
if (wanted("l")) await logAlone();
if (wanted("o")) await timeToOk();
if (wanted("r")) await restart();

const where = pinned
  ? `one core each for the gateway (${serverCore}) and the load (${loadCore})`
  : "not pinned: taskset is not there";
console.log(`\nNode ${process.versions.node}; ${where}; median of ${rounds} rounds of ${seconds} s\n`);
const columns = ["figure", "value", "beside", "ratio", "goal", "cpu"];
const titles = {
  figure: "",
  value: "Pintle",
  beside: "bare node:http",
  ratio: "ratio",
  goal: "goal",
  cpu: "CPU us/request, both",
};
const lines = [titles, ...table].map((line) => columns.map((column) => String(line[column])));
const widths = columns.map((_, k) => Math.max(...lines.map((line) => line[k].length)));
for (const [k, line] of lines.entries()) {
  console.log(
    `| ${line.map((cell, c) => (c === 0 ? cell.padEnd(widths[c]) : cell.padStart(widths[c]))).join(" | ")} |`,
  );
  if (k === 0) console.log(`| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`);
}
