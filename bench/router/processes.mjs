import { fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const here = (name) => fileURLToPath(new URL(name, import.meta.url));

async function begin(name, ...args) {
  const child = fork(here(name), args.map(String));
  const [first] = await once(child, "message");
  return { child, first };
}

async function end(child) {
  const exited = once(child, "exit");
  if (child.connected) child.disconnect();
  await exited;
}

export async function startSink() {
  const { child, first } = await begin("sink.mjs");
  return {
    origin: `http://127.0.0.1:${first.port}`,
    /** Resolves with the seconds from the first to the last of so many requests. */
    async expect(count) {
      child.send({ expect: count });
      const [message] = await once(child, "message");
      return message.seconds;
    },
    /** By path, what arrived since it was asked last: [number of the event, when]. */
    async arrivals() {
      child.send({});
      const [message] = await once(child, "message");
      return new Map(message.paths);
    },
    end: () => end(child),
  };
}

/** `batch`: so many events in a request; more than one are compressed. */
export async function startBare(origin, count, connections, batch) {
  const { child } = await begin("bare.mjs", origin, count, connections, batch);
  return {
    async run() {
      child.send("go");
      await once(child, "exit");
    },
  };
}

export async function startPlane() {
  const { child } = await begin("plane.mjs");
  const call = async (command, options = {}) => {
    const answer = once(child, "message");
    child.send({ command, ...options });
    const [message] = await answer;
    return message.result;
  };
  return {
    pid: child.pid,
    fill: (events) => call("fill", { events }),
    start: (destinations) => call("start", { destinations }),
    load: (rate, seconds) => call("load", { rate, seconds }),
    stats: () => call("stats"),
    processor: () => call("processor"),
    /** Resident memory at its highest, bytes. Linux only. */
    highest: () =>
      1024 * Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1] ?? Number.NaN),
    async end() {
      const exited = once(child, "exit");
      child.send({ command: "stop" });
      await exited;
    },
  };
}

/** Milliseconds from when an event was durable to its arrival, of each that arrived. */
export function delays(arrivals, durable) {
  return arrivals.flatMap(([number, at]) => (durable[number] == null ? [] : [at - durable[number]]));
}

export function percentile(list, share) {
  const sorted = Float64Array.from(list).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
