// The engine and the router of a data plane, without its gateway, in a process of its own. Over IPC
// it fills the log, starts the router, appends at a rate, and tells how the destinations stand.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openEngine } from "../../packages/server/dist/engine/open-engine.js";
import { defaultEngine } from "../../packages/server/dist/model/engine.js";
import { startRouter } from "../../packages/server/dist/router/thread/start-router.js";
import { eventBody } from "./events.mjs";
import { recordOf } from "./record.mjs";

const logger = { debug() {}, info() {}, warn() {}, error: (...parts) => console.error(...parts) };
const directory = mkdtempSync(join(tmpdir(), "pintle-bench-router-"));
const engine = await openEngine({ config: defaultEngine, directory, logger });
let router;
let made = 0;

function append(count) {
  const batch = Array.from({ length: count }, (_, k) => eventBody(made + k));
  made += count;
  return engine.append("events", recordOf(batch));
}

const commands = {
  async fill({ events }) {
    for (let left = events; left > 0; left -= 10_000) {
      await Promise.all(Array.from({ length: Math.ceil(Math.min(left, 10_000) / 100) }, () => append(100)));
    }
  },
  async start({ destinations }) {
    const entries = destinations.map(({ id, transform, ...settings }) => ({
      id,
      name: id,
      type: "webhook",
      enabled: true,
      settings,
      ...(transform === undefined ? {} : { transform }),
    }));
    const sources = [
      { id: "shop", name: "shop", writeKeys: ["k"], enabled: true, destinations: entries.map(({ id }) => id) },
    ];
    const config = { directory, configDirectory: directory, configFile: undefined, sources, destinations: entries };
    router = await startRouter({ ...config, version: "bench", engine, logger });
  },
  /**
   * `rate` events a second, in requests of one to ten events. Gives when each was durable, which is
   * when a gateway would say ok.
   */
  async load({ rate, seconds }) {
    const begin = performance.now();
    const durable = [];
    const appends = [];
    let sent = 0;
    while (performance.now() - begin < seconds * 1000) {
      const due = Math.floor(((performance.now() - begin) / 1000) * rate);
      while (sent < due) {
        const count = Math.min(due - sent, 10);
        const first = made;
        const appended = append(count).then(() => {
          for (let number = first; number < first + count; number++)
            durable[number] = performance.timeOrigin + performance.now();
        });
        appends.push(appended);
        sent += count;
      }
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    await Promise.all(appends);
    return durable;
  },
  async stats() {
    return router.stats();
  },
  /** Microseconds of the processor that the process has had, all its threads. */
  async processor() {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
  async stop() {
    await router?.close(200);
    await engine.close();
    rmSync(directory, { recursive: true, force: true });
    process.disconnect();
  },
};

process.on("message", async ({ command, ...options }) => {
  const result = await commands[command](options);
  if (process.connected) process.send({ done: command, result });
});
process.send("ready");
