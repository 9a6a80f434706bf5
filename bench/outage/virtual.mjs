// Ten minutes of outage in a second: the client's own code, on a clock that the benchmark moves.
import { PintleClient } from "../../packages/sdk/dist/pintle.js";
import { VirtualEnvironment } from "../../packages/sdk/dist/simulation/virtual-environment.js";
import { eventOf } from "../sdk/event.mjs";

const minutes = 10;
const rate = 100;
const latency = 20;
const logger = { debug() {}, info() {}, warn() {}, error() {} };

/** One line: what became of the events, and how many requests it took. */
export async function tenMinutes(kind) {
  const end = minutes * 60_000;
  const answered = new Map();
  let requests = 0;
  let now = 0;
  let most = 0;
  let last = 0;
  const environment = new VirtualEnvironment(async ({ body, signal }) => {
    requests++;
    const isAfter = environment.time >= end;
    if (!isAfter) return fail(kind, environment, signal);
    most = Math.max(most, ++now);
    await new Promise((resolve) => environment.after(latency, resolve));
    now--;
    last = environment.time;
    for (const { messageId } of JSON.parse(new TextDecoder().decode(body)).batch) {
      answered.set(messageId, (answered.get(messageId) ?? 0) + 1);
    }
    return { status: 200, headers: {}, body: "ok" };
  });
  const client = new PintleClient("key", "http://127.0.0.1:9", { logger, gzip: false }, environment);
  for (let second = 0; second < minutes * 60; second++) {
    for (let i = 0; i < rate; i++) client.track(eventOf(second * rate + i));
    await environment.advance(1_000);
  }
  const { pending, requests: during, bytes } = client.stats();
  await environment.until(client.flush({ timeout: "1h" }));
  const { offered } = client.stats();
  const twice = [...answered.values()].filter((times) => times > 1).length;
  return (
    `${kind.padEnd(8)} ${offered.toLocaleString("en")} events, lost ${offered - answered.size}, twice ${twice}; ` +
    `${pending.toLocaleString("en")} held (${(bytes / 1e6).toFixed(1)} MB) after ${during} requests; ` +
    `then ${requests - during} requests, ${most} at once, empty after ${((last - end) / 1_000).toFixed(1)} s`
  );
}

async function fail(kind, environment, signal) {
  if (kind === "hang") {
    await new Promise((_, reject) =>
      signal.addEventListener("abort", () => reject(new Error("aborted")), { once: true }),
    );
  }
  await new Promise((resolve) => environment.after(latency, resolve));
  if (kind === "refused") throw new Error("ECONNREFUSED");
  return kind === "429"
    ? { status: 429, headers: { "retry-after": "5" }, body: "" }
    : { status: 503, headers: {}, body: "" };
}
