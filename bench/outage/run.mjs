// One program, its data plane, and an outage between them.
import { fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { eventOf } from "../sdk/event.mjs";

/**
 * Longer than the intervals of the SDKs: what they load with their first request is there before
 * the memory is looked at.
 */
const wellBefore = 12;
const wellAfter = 10;
/** How long a program may take to close its client. */
const patience = 90;
const eventBytes = JSON.stringify(eventOf(1_000)).length;

/** Waits for the first message that has `field`. */
async function told(child, field) {
  for (;;) {
    const [message] = await once(child, "message");
    if (field in message) return message;
  }
}

function ask(child, question, field) {
  const answer = told(child, field);
  child.send(question);
  return answer;
}

function start(file, args = []) {
  return fork(fileURLToPath(new URL(file, import.meta.url)), args, {
    execArgv: ["--expose-gc"],
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
}

/**
 * Well, then `seconds` of an outage, then well again until the program has closed its client.
 *
 * @returns the figures of a row
 */
export async function outage({ subject, kind, rate, seconds }) {
  const server = start("server.mjs");
  const { port } = await told(server, "port");
  const client = start("client.mjs", [subject, `http://127.0.0.1:${port}`, String(rate)]);
  const died = once(client, "exit").then(([code]) => ({ died: code }));
  try {
    const result = await Promise.race([run(), died]);
    const report = await ask(server, { report: true }, "distinct");
    return { subject, kind, rate, ...result, ...report };
  } finally {
    client.kill();
    server.kill();
  }

  async function run() {
    await told(client, "ready");
    await sleep(wellBefore * 1_000);
    const before = await ask(client, "memory", "memory");
    await ask(server, { be: kind }, "is");
    await sleep(seconds * 1_000);
    const during = await ask(client, "memory", "memory");
    await ask(server, { be: "well", sent: during.sent }, "is");
    await sleep(wellAfter * 1_000);
    const stopped = told(client, "stopped");
    const closed = told(client, "closed");
    client.send("stop");
    const { stopped: offered, p99 } = await stopped;
    await Promise.race([closed, sleep(patience * 1_000, undefined, { ref: false })]);
    // What is held, counted as the JSON of the events; a client that knows better says so.
    const held = during.held ?? (during.sent - before.sent) * eventBytes;
    const growth = during.memory - before.memory;
    return { offered, p99, growth, held };
  }
}
