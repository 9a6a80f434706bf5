// npm run bench -- soak [--minutes N] [--rate N] [--seed N]: 2,000 events a second for ten minutes,
// or for hours, through the SDK, a data plane and three destinations: a file, a webhook, and a
// webhook that fails now and then, by the seed. Needs Linux. Exit code 1 where a rule is broken:
// - memory of the program and of the data plane at the end is within 10 % of that after a minute;
// - they hold no more files and sockets than then, but for the segments in which readers of the log
//   stand, and the connections of the failing webhook;
// - each event arrived at each destination, and again only where its acknowledgement was cut.
import { fork, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Lines } from "./soak/lines.mjs";
import { plot } from "./soak/plot.mjs";
import { lookAt } from "./soak/processes.mjs";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    rate: { type: "string", default: "2000" },
    seed: { type: "string", default: "1" },
  },
});
const minutes = Number(values.minutes);
if (!(minutes >= 2)) throw new Error("--minutes is 2 or more: the first is the warm-up that the rest is compared with");
const every = 5;
const connections = 16;
/**
 * Segments in which readers of the log stand: each holds the one that it reads, and each
 * destination reads two logs.
 */
const segments = 8;
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "pintle-soak-"));
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const most = (list) => Math.max(...list);
const broken = [];
/** What runs beside this, and goes with it however it ends. */
const children = [];

try {
  await main();
} finally {
  for (const child of children) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
}
for (const rule of broken) console.error(`broken: ${rule}`);
process.exitCode = broken.length === 0 ? 0 : 1;

async function main() {
  const sink = fork(here("soak/sink.mjs"), [values.seed]);
  children.push(sink);
  const asked = async (question) => {
    const answer = once(sink, "message");
    sink.send(question);
    return (await answer)[0];
  };
  const [{ port }] = await once(sink, "message");
  const plane = await startPlane(`http://127.0.0.1:${port}`);
  const sender = fork(here("soak/sender.mjs"), [plane.url, values.rate]);
  children.push(sender);
  await once(sender, "message");
  const lines = new Lines(join(folder, "out"));

  sender.send("go");
  const samples = [];
  for (let second = every; second <= minutes * 60; second += every) {
    await pause(every * 1000);
    const { delays } = await asked({ ask: "delays" });
    const sorted = delays.sort((a, b) => a - b);
    const p99 = sorted[Math.floor(sorted.length * 0.99)] ?? 0;
    samples.push({ second, p99, arrived: delays.length, plane: lookAt(plane.pid), sender: lookAt(sender.pid) });
    await lines.takeClosed();
    if (second % 60 === 0) console.log(lineOf(samples.at(-1)));
  }
  const told = once(sender, "message");
  sender.send("end");
  const [{ sent, refused, accepted, dropped, pending }] = await told;
  await asked({ ask: "be well" });
  const left = await drained(plane);
  await plane.end();
  await lines.takeAll();
  const { counts, faults } = await asked({ ask: "counts", sent });

  judge(samples, "data plane", "plane");
  judge(samples, "program with the SDK", "sender");
  rule(refused + dropped + pending === 0, `the SDK refused ${refused}, dropped ${dropped}, kept ${pending}`);
  rule(left === 0, `${left} events had not ended two minutes after the last was sent`);
  const all = { file: lines.counted(sent), ...counts };
  for (const [name, { lost, repeated }] of Object.entries(all)) {
    rule(lost === 0, `${name}: ${lost} of ${sent} events never arrived`);
    rule(repeated === 0, `${name}: ${repeated} events arrived again, though their acknowledgement was not cut`);
  }
  const p99s = samples.map(({ p99 }) => p99);
  console.log(plot("p99 from track() to the webhook that is well, each 5 s", p99s, { unit: "ms" }));
  const rss = samples.map(({ plane }) => Math.round(plane.rss / 1e6));
  console.log(plot("memory of the data plane", rss, { unit: "MB" }));
  console.log(`sent ${sent}, accepted ${accepted}; p99 over time: median ${median(p99s)} ms, highest ${most(p99s)} ms`);
  console.log("faults of the sick webhook:", faults);
  console.table(all);
}

function rule(holds, otherwise) {
  if (!holds) broken.push(otherwise);
}

/** Compares the last half minute with the one around the end of the first minute. */
function judge(samples, what, key) {
  const of = (from, to) => samples.filter(({ second }) => second > from && second <= to).map((each) => each[key]);
  const first = of(45, 75);
  const last = of(minutes * 60 - 30, minutes * 60);
  const [before, after] = [first, last].map((list) => median(list.map(({ rss }) => rss)) / 1e6);
  console.log(
    `${what}: ${Math.round(before)} MB after a minute, ${Math.round(after)} MB at the end; files ${most(first.map(({ files }) => files))} and ${most(last.map(({ files }) => files))}, sockets ${most(first.map(({ sockets }) => sockets))} and ${most(last.map(({ sockets }) => sockets))}`,
  );
  rule(after <= before * 1.1, `${what}: its memory grew from ${Math.round(before)} to ${Math.round(after)} MB`);
  for (const [kind, room] of [
    ["files", segments],
    ["sockets", connections],
  ]) {
    const [then, now] = [first, last].map((list) => most(list.map((each) => each[kind])));
    rule(now <= then + room, `${what}: it held ${then} ${kind}, and ${now} at the end`);
  }
}

function lineOf({ second, p99, arrived, plane, sender }) {
  const size = ({ rss, files, sockets }) => `${Math.round(rss / 1e6)} MB, ${files} files, ${sockets} sockets`;
  return `${String(second / 60).padStart(4)} min  ${Math.round(arrived / every)}/s  p99 ${p99} ms  data plane ${size(plane)}  program ${size(sender)}`;
}

async function startPlane(hook) {
  const config = {
    sources: [{ name: "shop", writeKey: "wk_soak", destinations: ["file", "well", "sick"] }],
    destinations: {
      file: { type: "file", path: "out/events.jsonl", rotateSize: "32MB", gzip: false },
      well: { type: "webhook", url: `${hook}/well`, batch: { events: 100 }, concurrency: 4 },
      sick: {
        type: "webhook",
        url: `${hook}/sick`,
        batch: { events: 100 },
        timeout: "2s",
        retry: { max: "1s" },
        concurrency: connections,
      },
    },
  };
  writeFileSync(join(folder, "pintle.config.json"), JSON.stringify(config));
  const child = spawn(
    process.execPath,
    [here("../packages/server/bin/pintle.js"), "start", "--port", "0", "--admin-port", "0", "--keep-size", "2GB"],
    { cwd: folder, stdio: ["ignore", "pipe", "inherit"] },
  );
  children.push(child);
  const exited = once(child, "exit");
  let said = "";
  child.stdout.setEncoding("utf8");
  for await (const text of child.stdout) {
    said += text;
    if (/^ready$/m.test(said)) break;
  }
  const token = readFileSync(join(folder, "pintle-data", "admin-token"), "utf8").trim();
  const adminUrl = /admin {3}(\S+)/.exec(said)[1];
  return {
    pid: child.pid,
    url: /events {2}(\S+)/.exec(said)[1],
    async status() {
      return (await fetch(`${adminUrl}/status`, { headers: { authorization: `Bearer ${token}` } })).json();
    },
    async end() {
      child.kill("SIGTERM");
      await exited;
    },
  };
}

/** Waits until every event has ended, two minutes at most; gives how many have not. */
async function drained(plane) {
  let left = Number.NaN;
  for (let tries = 0; tries < 240; tries++) {
    const { destinations } = await plane.status();
    left = destinations.reduce((sum, { lag }) => sum + lag.events, 0);
    if (left === 0) break;
    await pause(500);
  }
  return left;
}
