// The servers that the benches of ingest measure, and the load on them: each a process of its own,
// the server on one core (taskset, Linux), the load on the other.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const bare = here("./bare.mjs");
const load = here("./load.mjs");
const pintle = here("../../packages/server/bin/pintle.js");
export const pinned = availableParallelism() > 1 && spawnSync("taskset", ["-V"]).status === 0;
export const serverCore = 0;
export const loadCore = 1;

export const loads = {
  plain: { connections: 64, events: 100 },
  gzip: { connections: 64, events: 100 },
  single: { connections: 64, events: 1 },
};

export const work = mkdtempSync(join(tmpdir(), "pintle-bench-"));
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

export async function startBare() {
  const child = run(serverCore, [bare]);
  const [line] = await once(createInterface(child.stdout), "line");
  return { child, port: JSON.parse(line).port, end: () => stop(child) };
}

/** So many destinations, each a file of its own. */
export function files(count) {
  return Object.fromEntries(
    Array.from({ length: count }, (_, n) => [`file${n}`, { type: "file", path: `./events-${n}.jsonl` }]),
  );
}

let folders = 0;

/**
 * A data plane in a folder of its own, or in one that is there already. `split`: only the gateway's
 * thread is on its core, and the router's may also use that of the load.
 */
export async function startPintle(
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
    status: () => statusOf(child, admin, authorization),
    async end(keepFolder = false) {
      await stop(child);
      if (!keepFolder) rmSync(folder, { recursive: true, force: true });
    },
  };
}

/**
 * What a data plane says of itself, on a connection of its own. Where it says nothing because its
 * process has ended, the error says how.
 */
async function statusOf(child, admin, authorization) {
  try {
    return await new Promise((resolve, reject) => {
      const asking = request(`${admin}/status`, { headers: { authorization }, agent: false }, (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (part) => {
          text += part;
        });
        response.on("error", reject);
        response.on("end", () => resolve(JSON.parse(text)));
      });
      asking.on("error", reject);
      asking.end();
    });
  } catch (error) {
    const { exitCode, signalCode } = child;
    const state = exitCode === null && signalCode === null ? "it runs" : `it ended with ${signalCode ?? exitCode}`;
    throw new Error(`the data plane did not tell its status: ${error.message}; ${state}`, { cause: error });
  }
}

const bodies = join(work, "gzip.bodies");

/** Writes the bodies of the load `gzip`, once. */
function compressBodies() {
  if (!existsSync(bodies)) execFileSync(process.execPath, [here("./compress.mjs"), bodies]);
}

export async function measure({ port, child: server }, name, { rate, time, warmup = 2 } = {}) {
  const { connections } = loads[name];
  if (name === "gzip") compressBodies();
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
export function memory({ child }) {
  const text = readFileSync(`/proc/${child.pid}/status`, "utf8");
  const of = (name) => Math.round((Number(new RegExp(`${name}:\\s+(\\d+)`).exec(text)?.[1] ?? 0) * 1024) / 1e6);
  return { now: of("VmRSS"), highest: of("VmHWM") };
}
