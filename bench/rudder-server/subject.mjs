// A data plane that is compared: where it takes events, where its webhook sends them, and, as far
// as the environment says so, its process.
import { fork, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

/** How long a data plane may take to be ready, milliseconds. */
const patience = 120_000;

export class Subject {
  name;
  url;
  key;
  /** Begins the names of the variables that say what it is. */
  prefix;
  #command;
  #pid;
  #child;
  #sink;

  /** @param settings url, key, sink (a URL), and command or pid, or neither */
  constructor(name, prefix, { url, key, sink, command, pid }) {
    this.name = name;
    this.prefix = prefix;
    this.url = new URL(url);
    this.key = key;
    this.#sink = { url: new URL(sink) };
    this.#command = command;
    this.#pid = pid;
  }

  get canBeStarted() {
    return this.#command !== undefined;
  }

  async listen() {
    const { hostname, port } = this.#sink.url;
    const args = [hostname, port || "80"];
    const child = fork(fileURLToPath(new URL("sink.mjs", import.meta.url)), args);
    this.#sink.child = child;
    const [first] = await Promise.race([once(child, "message"), once(child, "exit")]);
    if (first?.port === undefined) throw new Error(`${this.name} has no sink`);
  }

  /** How many messages have arrived since they were taken last. */
  async arrived() {
    return (await this.#askSink("count")).count;
  }

  /** What has arrived since it was taken last: [message id, [when it came first, how often]]. */
  async take() {
    return new Map((await this.#askSink("take")).messages);
  }

  async #askSink(command) {
    const answer = once(this.#sink.child, "message");
    this.#sink.child.send(command);
    return (await answer)[0];
  }

  /** Starts it, in a group of processes of its own. Gives the seconds until it was ready. */
  async start() {
    const begin = performance.now();
    this.#child = spawn(this.#command, { shell: true, detached: true, stdio: ["ignore", "ignore", "inherit"] });
    this.#child.once("error", () => {});
    await this.ready();
    return (performance.now() - begin) / 1000;
  }

  /** Waits until it says that it is well. */
  async ready() {
    const until = performance.now() + patience;
    for (;;) {
      const isReady = await fetch(new URL("/health", this.url)).then(
        ({ ok }) => ok,
        () => false,
      );
      if (isReady) return;
      if (this.#child !== undefined && this.#child.exitCode !== null) {
        throw new Error(`${this.name}: its command ended with ${this.#child.exitCode} (${this.prefix}_COMMAND)`);
      }
      if (performance.now() > until) throw new Error(`${this.name} is not ready at ${this.url} (${this.prefix}_URL)`);
      await delay(5);
    }
  }

  /** Ends all its processes, at once with SIGKILL. */
  async end(signal = "SIGTERM") {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    process.kill(-child.pid, signal);
    await exited;
  }

  /**
   * Bytes that its processes have in memory, at their highest; `undefined` where nobody says which
   * they are, or the system does not tell. Linux only.
   */
  memory() {
    const pids = this.#child === undefined ? [this.#pid].filter(Boolean) : groupOf(this.#child.pid);
    const sizes = pids.map(highest).filter((bytes) => bytes !== undefined);
    return sizes.length === 0 ? undefined : sizes.reduce((sum, bytes) => sum + bytes, 0);
  }

  async close() {
    await this.end();
    this.#sink.child?.disconnect();
  }
}

/** The processes of a group. */
function groupOf(group) {
  const pids = process.platform === "linux" ? readdirSync("/proc").filter((name) => /^\d+$/.test(name)) : [];
  return pids.filter((pid) => {
    try {
      return Number(readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ")[2]) === group;
    } catch {
      return false; // It has ended meanwhile.
    }
  });
}

function highest(pid) {
  try {
    const found = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
    return found === null ? undefined : Number(found[1]) * 1024;
  } catch {
    return undefined;
  }
}
