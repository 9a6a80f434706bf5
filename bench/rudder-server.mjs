// npm run bench -- rudder-server [--seconds N] [--rounds N] [--events N] [--quiet N] [--markdown
// FILE]: Pintle beside a rudder-server that you run; nothing of it is here. Both have one source
// and one webhook, at which this bench listens. In one table: events accepted a second, in batches
// of 100 and one by one; events a second from the first request to a webhook; the time from POST to
// the webhook's request at 100 events a second; memory; the start; and what a SIGKILL costs. Rounds
// alternate. What is asked of the environment:
//
//   RUDDER_SERVER_URL        where it takes events: http://127.0.0.1:8080
//   RUDDER_SERVER_WRITE_KEY  of its source
//   RUDDER_SERVER_SINK       the URL of its webhook, on this machine: http://127.0.0.1:9999/
//   RUDDER_SERVER_COMMAND    starts it, in the foreground, and again on the same data; without it the
//                            start and SIGKILL are left out
//   RUDDER_SERVER_PID        without a command: the process whose memory counts
//
// The same with PINTLE_ for a Pintle of your own; without PINTLE_URL this tree's is started.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Figures, markdownFlag, median, thousands } from "./report/figures.mjs";
import { numberOf } from "./report/parts.mjs";
import { percentile } from "./router/processes.mjs";
import { Sender } from "./rudder-server/sender.mjs";
import { Subject } from "./rudder-server/subject.mjs";

const { values } = parseArgs({
  options: {
    ...markdownFlag,
    seconds: { type: "string", default: "5" }, // of a round
    rounds: { type: "string", default: "5" },
    events: { type: "string", default: "20000" }, // to the webhook
    // seconds without an arrival after which none is waited for
    quiet: { type: "string", default: "30" },
  },
});
const [seconds, rounds, events, quiet] = ["seconds", "rounds", "events", "quiet"].map((flag) =>
  numberOf(flag, values[flag]),
);

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "pintle-bench-beside-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const figures = new Figures(values.markdown);
const subjects = [await pintle(), fromEnvironment("rudder-server", "RUDDER_SERVER")];

try {
  for (const subject of subjects) await subject.listen();
  await starts();
  await postToArrival();
  await endToEnd();
  await killed();
  await accepted("plain", 100, "events accepted/s in batches of 100");
  await accepted("single", 1, "requests accepted/s of one event, 64 connections");
  await memory();
  figures.end(`Beside: rudder-server at ${subjects[1].url}. Medians of ${rounds} rounds of ${seconds} s`);
} finally {
  for (const subject of subjects) await subject.close();
}

function fromEnvironment(name, prefix) {
  const of = (what) => process.env[`${prefix}_${what}`] || undefined;
  const settings = { url: of("URL"), key: of("WRITE_KEY"), sink: of("SINK"), command: of("COMMAND"), pid: of("PID") };
  for (const [setting, variable] of Object.entries({ url: "URL", key: "WRITE_KEY", sink: "SINK" })) {
    if (settings[setting] !== undefined && (setting === "key" || URL.canParse(settings[setting]))) continue;
    const problem = settings[setting] === undefined ? "is not set" : `${JSON.stringify(settings[setting])} is no URL`;
    console.error(`${prefix}_${variable} ${problem}; the head of bench/rudder-server.mjs says what is needed`);
    process.exit(2);
  }
  return new Subject(name, prefix, settings);
}

/** The Pintle that the environment names, or this tree's, in a folder of its own. */
async function pintle() {
  if (process.env.PINTLE_URL) return fromEnvironment("Pintle", "PINTLE");
  const [port, sinkPort] = [await freePort(), await freePort()];
  const sink = `http://127.0.0.1:${sinkPort}/`;
  const config = join(folder, "pintle.config.json");
  const sources = [{ name: "bench", writeKey: "wk_bench", destinations: ["hook"] }];
  writeFileSync(config, JSON.stringify({ sources, destinations: { hook: { type: "webhook", url: sink } } }));
  const args = ["start", "--config", config, "--data", join(folder, "data"), "--port", port, "--admin-port", "0"];
  const words = [process.execPath, here("../packages/server/bin/pintle.js"), ...args];
  const command = `exec ${words.map((word) => `'${word}'`).join(" ")}`;
  return new Subject("Pintle", "PINTLE", { url: `http://127.0.0.1:${port}`, key: "wk_bench", sink, command });
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** Adds a row of what `measure` gives for each; `text` makes a text of it. */
async function row(figure, measure, text, { higherIsBetter, goal } = {}) {
  const [ours, theirs] = [await measure(subjects[0]), await measure(subjects[1])];
  const isBoth = typeof ours === "number" && typeof theirs === "number";
  const shown = (result) => (typeof result === "number" ? text(result) : result);
  figures.add({
    figure,
    value: shown(ours),
    beside: shown(theirs),
    ratio: higherIsBetter && isBoth ? ours / theirs : undefined,
    goal,
  });
}

function skipped({ prefix }, variable) {
  return `SKIPPED: ${prefix}_${variable} is not set`;
}

async function starts() {
  const took = new Map();
  for (const subject of subjects) {
    if (subject.canBeStarted) took.set(subject, [await subject.start()]);
    else await subject.ready();
  }
  // From the second start on there are data, and the files are in the system's cache.
  for (let round = 1; round < rounds; round++) {
    for (const [subject, list] of took) {
      await subject.end();
      list.push(await subject.start());
    }
  }
  const measure = (subject) => (took.has(subject) ? median(took.get(subject)) : skipped(subject, "COMMAND"));
  await row("start to ready", measure, (time) => `${thousands(time * 1000)} ms`);
}

/**
 * Waits until so many messages have arrived, or none for `quiet` seconds. Gives whether they have.
 */
async function untilArrived(subject, count) {
  let last = performance.now();
  let before = await subject.arrived();
  while (before < count) {
    await delay(10);
    const now = await subject.arrived();
    if (now > before) last = performance.now();
    else if (performance.now() - last > quiet * 1000) return false;
    before = now;
  }
  return true;
}

async function postToArrival() {
  const ages = new Map(subjects.map((subject) => [subject, []]));
  for (let round = 0; round < rounds; round++) {
    for (const subject of subjects) {
      const sender = new Sender(subject);
      await sender.send();
      await untilArrived(subject, 1);
      await subject.take();
      const sent = await atRate(sender, 100, seconds);
      await untilArrived(subject, sent.length);
      const arrivals = await subject.take();
      for (const { since, ids } of sent) {
        const [at] = arrivals.get(ids[0]) ?? [Number.POSITIVE_INFINITY];
        ages.get(subject).push(at - since);
      }
      sender.close();
    }
  }
  const text = (age) => (age === Number.POSITIVE_INFINITY ? "never" : `${age.toFixed(1)} ms`);
  for (const [name, share] of [
    ["median", 0.5],
    ["p99", 0.99],
  ]) {
    const measure = (subject) => percentile(ages.get(subject), share);
    await row(`POST to the webhook's request at 100/s, ${name}`, measure, text);
  }
}

/** One event in a request, `rate` a second. Gives what was accepted. */
async function atRate(sender, rate, time, stop = { now: false }) {
  const begin = performance.now();
  const all = [];
  while (performance.now() - begin < time * 1000 && !stop.now) {
    const due = Math.floor(((performance.now() - begin) / 1000) * rate);
    while (all.length < due) all.push(sender.send());
    await delay(2);
  }
  return (await Promise.all(all)).filter((each) => each !== undefined);
}

async function endToEnd() {
  const rates = new Map(subjects.map((subject) => [subject, []]));
  for (let round = 0; round < rounds; round++) {
    for (const subject of subjects) {
      await subject.take();
      const sender = new Sender(subject);
      const begin = performance.now();
      let left = Math.ceil(events / 100);
      let accepted = 0;
      await Promise.all(
        Array.from({ length: 16 }, async () => {
          while (left-- > 0) accepted += (await sender.send(100))?.ids.length ?? 0;
        }),
      );
      const all = accepted > 0 && (await untilArrived(subject, accepted));
      const took = (performance.now() - begin) / 1000;
      rates.get(subject).push(all ? accepted / took : Number.NaN);
      sender.close();
    }
  }
  const measure = (subject) =>
    rates.get(subject).some(Number.isNaN) ? "did not all arrive" : median(rates.get(subject));
  const name = `events/s from the first request to the webhook, ${thousands(events)} in batches of 100`;
  await row(name, measure, thousands, { higherIsBetter: true });
}

/** 200 events a second; in the middle all its processes are killed, and it is started again. */
async function killed() {
  const outcomes = new Map();
  for (const subject of subjects) {
    if (!subject.canBeStarted) {
      outcomes.set(subject, skipped(subject, "COMMAND"));
      continue;
    }
    await subject.take();
    const sender = new Sender(subject);
    const before = atRate(sender, 200, seconds);
    await delay((seconds * 1000) / 2);
    await subject.end("SIGKILL");
    const accepted = await before;
    await subject.start();
    accepted.push(...(await atRate(sender, 200, seconds / 2)));
    const ids = accepted.flatMap((each) => each.ids);
    // Requests that got no answer may have been stored: more may come than was accepted.
    const arrivals = new Map();
    for (let last = performance.now(); performance.now() - last < quiet * 1000; await delay(100)) {
      for (const [id, [at, times]] of await subject.take()) {
        const known = arrivals.get(id);
        arrivals.set(id, [at, times + (known?.[1] ?? 0)]);
        last = performance.now();
      }
      // Repeats may arrive a little later.
      if (performance.now() - last > 3000 && ids.every((id) => arrivals.has(id))) break;
    }
    const lost = ids.filter((id) => !arrivals.has(id)).length;
    const doubled = [...arrivals.values()].filter(([, times]) => times > 1).length;
    outcomes.set(subject, `${lost} lost, ${doubled} doubled of ${thousands(ids.length)}`);
    sender.close();
  }
  await row("SIGKILL at 200/s", (subject) => outcomes.get(subject), String);
}

async function accepted(load, perRequest, figure) {
  const rates = new Map(subjects.map((subject) => [subject, []]));
  for (let round = 0; round < rounds; round++) {
    for (const subject of subjects) rates.get(subject).push((await loadOn(subject, load, round)) * perRequest);
  }
  const measure = (subject) => (rates.get(subject).includes(0) ? "refused" : median(rates.get(subject)));
  await row(figure, measure, thousands, { higherIsBetter: true });
}

/** Requests a second that were answered with 200; 0 when some were not. */
async function loadOn({ url, key }, load, round) {
  const run = String(round + (load === "single" ? rounds : 0));
  const place = ["--host", url.hostname, "--port", url.port || "80", "--key", key];
  const args = [...place, "--load", load, "--connections", "64", "--seconds", String(seconds), "--warmup", "1"];
  const child = spawn(process.execPath, [here("gateway/load.mjs"), ...args, "--run", run], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  child.stdout.setEncoding("utf8");
  child.stdout.on("data", (part) => {
    text += part;
  });
  await once(child, "close");
  const { requests, errors, seconds: took } = JSON.parse(text);
  return errors > 0 ? 0 : requests / took;
}

async function memory() {
  const measure = (subject) => subject.memory() ?? skipped(subject, "PID");
  await row("memory at its highest since it was killed", measure, (bytes) => `${Math.round(bytes / 1e6)} MB`);
}
