// A program that does one thing with one SDK: node --expose-gc subject.mjs TASK URL COUNT SECONDS
// NAME OPTIONS. Sends its figures over IPC.
import { setTimeout as sleep } from "node:timers/promises";
import { clients } from "./clients.mjs";
import { eventOf } from "./event.mjs";

/** Calls between two turns of the event loop: what one request of a busy server may record. */
const callsPerTurn = 20;
const rounds = 9;
const tasks = { send, call, hold };
const [task, url, count, seconds, name, options] = process.argv.slice(2);

process.once("disconnect", () => process.exit());
const client = await clients[name](url, JSON.parse(options));
const end = performance.now() + Number(seconds) * 1_000;
const result = await tasks[task](Number(count));
// The profiler writes its file at an orderly exit, which comes when the parent has read this.
process.once("message", () => process.exit());
process.send(result);

/** Offers events as fast as the SDK takes them, until all are answered or the time is over. */
async function send(count) {
  const before = process.cpuUsage();
  const began = Date.now();
  let offered = 0;
  while (offered < count && performance.now() < end) {
    for (let i = 0; i < callsPerTurn && offered < count; i++) client.track(eventOf(offered++));
    await turn();
    while (client.pending() >= client.window && performance.now() < end) await sleep(1);
  }
  await Promise.race([Promise.resolve(client.close()).catch(() => {}), sleep(Number(seconds) * 1_000)]);
  while (client.pending() > 0 && performance.now() < end) await sleep(1);
  const { user, system } = process.cpuUsage(before);
  return { began, offered, cpu: user + system, peak: process.resourceUsage().maxRSS * 1024 };
}

/**
 * The time of each call, and of JSON.stringify of the same events by turns, so that what else the
 * machine does falls on both alike.
 */
async function call(count) {
  const perRound = Math.ceil(count / rounds);
  const plain = [];
  const times = [];
  const ratios = [];
  let sink = 0;
  // The first round warms up and is not counted, unless the SDK is so slow that it is the only one.
  for (let round = 0; round <= rounds && performance.now() < end; round++) {
    const [base, own] = [
      await measure(perRound, round, (event) => {
        sink += JSON.stringify(event).length;
      }),
      await measure(perRound, round, client.track),
    ];
    if (round === 0 && performance.now() < end) continue;
    plain.push(...base);
    times.push(...own);
    if (own.length > 0) ratios.push(meanOf(own) / meanOf(base));
  }
  if (sink === 0) throw new Error("nothing was encoded");
  // The mean of a round with the collections that it caused; the median of the rounds without those
  // in which another process had the core.
  const ratio = ratios.sort((a, b) => a - b)[Math.floor(ratios.length / 2)];
  return { calls: times.length, ratio, ...summary(times), plain: summary(plain) };
}

async function measure(count, round, call) {
  const times = [];
  for (let i = 0; i < count && performance.now() < end; i++) {
    const event = eventOf(round * count + i);
    const begun = performance.now();
    call(event);
    times.push((performance.now() - begun) * 1_000);
    if (i % callsPerTurn === 0) await turn();
  }
  return times;
}

/** What memory grows by when events are accepted and nobody takes them, after a collection. */
async function hold(count) {
  const before = await memory();
  for (let i = 0; i < count && performance.now() < end; i++) {
    client.track(eventOf(i));
    if (i % callsPerTurn === 0) await turn();
  }
  const growth = (await memory()) - before;
  const pending = client.pending();
  // Counted as the JSON of the events; a client that knows better says so.
  return { growth, pending, held: client.held?.() ?? pending * JSON.stringify(eventOf(count)).length };
}

async function memory() {
  // Twice, because buffers are let go of by finalizers.
  for (let i = 0; i < 2; i++) {
    globalThis.gc();
    await sleep(20);
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function turn() {
  return new Promise((resolve) => setImmediate(resolve));
}

function summary(times) {
  const sorted = Float64Array.from(times).sort();
  return {
    mean: meanOf(sorted),
    // Without the slowest hundredth: on a machine that does other things besides, the mean is
    // theirs.
    mean99: meanOf(sorted.subarray(0, Math.ceil(sorted.length * 0.99))),
    p99: sorted[Math.floor(sorted.length * 0.99)],
  };
}

function meanOf(times) {
  return times.reduce((sum, time) => sum + time, 0) / times.length;
}
