// A program that sends events at a steady rate through one SDK: node --expose-gc client.mjs SUBJECT
// URL RATE. Asked over IPC, it measures its memory, and stops. It tells how late its event loop
// was.
import { setTimeout as sleep } from "node:timers/promises";
import { eventOf } from "../sdk/event.mjs";
import { subjects } from "./subjects.mjs";

const [name, url, rate] = process.argv.slice(2);
const tick = 10;
let sent = 0;
let isSending = true;
let lateness = [];

/**
 * Milliseconds by which a timer of 10 ms came too late: what a request of a server would have
 * waited for.
 */
async function watch() {
  for (;;) {
    const due = performance.now() + tick;
    await sleep(tick, undefined, { ref: false });
    lateness.push(performance.now() - due);
  }
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

async function main() {
  const client = await subjects[name](url);
  void watch();
  const began = performance.now();
  process.on("message", async (question) => {
    if (question === "memory") {
      // A collection stops the loop; it is the measurement's, not the SDK's.
      const kept = lateness;
      const bytes = await memory();
      lateness = kept;
      process.send({ memory: bytes, held: client.held?.(), sent });
    }
    if (question === "stop") isSending = false;
  });
  process.send({ ready: true });
  while (isSending) {
    const due = Math.floor(((performance.now() - began) / 1_000) * Number(rate));
    // A call may take so long that the rate cannot be kept; what the program is told is read all
    // the same.
    const end = performance.now() + tick;
    while (sent < due && performance.now() < end) client.track(eventOf(sent++));
    await sleep(tick);
  }
  lateness.sort((a, b) => a - b);
  const p99 = lateness[Math.floor(lateness.length * 0.99)];
  process.send({ stopped: sent, p99, most: lateness.at(-1) });
  await Promise.race([Promise.resolve(client.close()).catch(() => {}), sleep(60_000)]);
  process.send({ closed: true });
  process.exit();
}

process.on("disconnect", () => process.exit());
await main();
