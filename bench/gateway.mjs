// npm run bench -- gateway [--short] [--only PART,PART] [--markdown FILE]: what the gateway takes,
// durably, beside bare node:http that reads, unpacks and parses the same bodies and stores nothing;
// how fast it answers, how fast it is back, how much memory it takes; and the log alone beside two
// databases. One table, one run.
//
// The gateway has one core (taskset, Linux), the load comes from the other. Rounds of all servers
// alternate, so that what else the machine does falls on all of them alike, and the median of the
// rounds counts. Compare only within one table: the disk and the neighbours are part of every rate.
// The processor time of a request is what a quiet machine would leave of it.
//
// It takes about 20 minutes and, for a while, 4 GB of disk where temporary files are. Flags, with
// what --short makes of them:
import { execFileSync } from "node:child_process";
import { statfsSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { rowOfFiles } from "./gateway/keeps-up.mjs";
import {
  files,
  loadCore,
  loads,
  measure,
  memory,
  pinned,
  serverCore,
  startBare,
  startPintle,
  work,
} from "./gateway/servers.mjs";
import { Figures, markdownFlag, median, thousands } from "./report/figures.mjs";
import { numberOf, partsOf } from "./report/parts.mjs";

/** In the order in which they run. */
const parts = {
  memory: residentMemory,
  throughput,
  file: withDestination,
  log: logAlone,
  ok: timeToOk,
  restart,
};

const { values } = parseArgs({
  options: {
    ...markdownFlag,
    short: { type: "boolean", default: false },
    seconds: { type: "string" }, // of a round: 5; 3
    rounds: { type: "string" }, // 5; 3
    "log-gb": { type: "string" }, // of the restart: 4; 0.5
    "load-seconds": { type: "string" }, // memory under the first load: 60; 10
    "steady-seconds": { type: "string" }, // memory at 5,000 events/s: 300; 20
    only: { type: "string" }, // memory, throughput, file, log, ok, restart
  },
});
const { short } = values;
const setting = (flag, usual, brief) => numberOf(flag, values[flag] ?? String(short ? brief : usual));
const seconds = setting("seconds", 5, 3);
const rounds = setting("rounds", 5, 3);
const logBytes = setting("log-gb", 4, 0.5) * 1e9;
const loadSeconds = setting("load-seconds", 60, 10);
const steadySeconds = setting("steady-seconds", 300, 20);
const wanted = partsOf(values.only, Object.keys(parts));

const say = (text) => process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`);
const figures = new Figures(values.markdown);
const row = (figure, value, beside, ratio, goal, note) => figures.add({ figure, value, beside, ratio, goal, note });

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
        results[server].push(await measure(started, name, { time: seconds }));
        await started.end();
      }
    }
    const of = (server, figure) => median(results[server].map((result) => result[figure]));
    const bareRate = of("bare", "rate");
    const what = name === "single" ? "requests/s of one event" : `events/s in batches of 100, ${name}`;
    row(
      `${what}, no destination`,
      thousands(of("pintle", "rate")),
      thousands(bareRate),
      of("pintle", "rate") / bareRate,
      name === "single" ? "0.70" : "0.90",
      `processor ${Math.round(of("pintle", "microseconds"))} and ${Math.round(of("bare", "microseconds"))} us a request`,
    );
  }
}

/** The highest rate at which a `file` destination keeps up. */
async function withDestination() {
  for (const split of [false, true]) {
    say(`one file destination that keeps up${split ? ", router on both cores" : ""}`);
    figures.add(await rowOfFiles({ count: 1, split, seconds, rounds, goal: "0.60" }));
  }
}

async function logAlone() {
  say("the log alone");
  const rows = JSON.parse(
    execFileSync(process.execPath, [
      fileURLToPath(new URL("log.mjs", import.meta.url)),
      short ? "0.7" : "1.5",
      "--json",
    ]),
  );
  for (const group of [100, 1000]) {
    const of = (store) => rows.find((one) => one.group === group && one.store === store);
    const [log, sqlite, lmdb] = ["@pintle/log", "better-sqlite3", "lmdb"].map(of);
    const figure = ({ written, loop }) => `${Math.round(written)}k, loop ${loop.toFixed(0)} ms`;
    row(
      `the log alone, events/s in groups of ${group}; longest stop of the loop`,
      figure(log),
      `sqlite ${figure(sqlite)}; lmdb ${figure(lmdb)}`,
      log.written / Math.max(sqlite.written, lmdb.written),
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
    const { latencies } = await measure(paced, "single", { rate: 1000, time: seconds });
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
  while ((await filling.status()).bytes < logBytes) await measure(filling, "plain", { time: seconds, warmup: 0 });
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
  const resting = await startPintle(files(1));
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
  const steady = await startPintle(files(1));
  await measure(steady, "plain", { rate: 50, time: steadySeconds, warmup: 0 });
  const what = `resident memory, highest: 5,000 events/s into a file for ${steadySeconds} s`;
  row(what, `${memory(steady).highest} MB`, "", "", "200 MB");
  await steady.end();
}

for (const [name, run] of Object.entries(parts)) if (wanted.has(name)) await run();

const where = pinned
  ? `one core each for the gateway (${serverCore}) and the load (${loadCore})`
  : "not pinned: taskset is not there";
figures.end(`Beside: bare node:http, and what a row names. Median of ${rounds} rounds of ${seconds} s; ${where}`);
