// npm run bench -- backlog [EVENTS]: a destination that is down for the length of 1,000,000 events,
// and then well. While it is down, nothing is copied and the other destination notices nothing;
// then it catches up, every event once, in the order of its user. Memory is that of the whole
// process.
import assert from "node:assert/strict";
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { openEngine } from "../packages/server/dist/engine/open-engine.js";
import { defaultEngine } from "../packages/server/dist/model/engine.js";
import { startRouter } from "../packages/server/dist/router/thread/start-router.js";
import { eventBody } from "./router/events.mjs";
import { recordOf } from "./router/record.mjs";

const count = Number(process.argv[2] ?? 1_000_000);
const perRequest = 100;
const logger = { debug() {}, info() {}, warn() {}, error: (...parts) => console.error(...parts) };
const directory = mkdtempSync(join(tmpdir(), "pintle-bench-backlog-"));
// A file where a folder has to be: the destination cannot be opened.
const blocked = join(directory, "blocked");
writeFileSync(blocked, "");

const destinations = ["well.jsonl", "blocked/late.jsonl"].map((path, n) => {
  const id = ["well", "late"][n];
  return { id, name: id, type: "file", enabled: true, settings: { path } };
});
const sources = [{ id: "shop", name: "shop", writeKeys: ["k"], enabled: true, destinations: ["well", "late"] }];

let highest = 0;
const watching = setInterval(() => {
  highest = Math.max(highest, process.memoryUsage().rss);
}, 50);
const mebibytes = (bytes) => `${Math.round(bytes / 2 ** 20)} MiB`;
const perSecond = (events, begin) =>
  `${Math.round(events / ((performance.now() - begin) / 1000)).toLocaleString("en")}/s`;

async function sizeOf(topic) {
  return (await engine.topics()).find(({ name }) => name === topic)?.bytes;
}

async function until(router, isDone) {
  for (;;) {
    const all = new Map((await router.stats()).destinations.map((each) => [each.id, each]));
    if (isDone(all)) return all;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const config = { directory, configDirectory: directory, sources, destinations, version: "bench", logger };
const engine = await openEngine({ config: defaultEngine, directory, logger });
const router = await startRouter({ ...config, engine });
const before = await sizeOf("retry.late");

let begin = performance.now();
for (let made = 0; made < count; ) {
  const appends = [];
  for (let k = 0; k < 50 && made < count; k++, made += perRequest) {
    const batch = Array.from({ length: Math.min(perRequest, count - made) }, (_, n) => eventBody(made + n));
    appends.push(engine.append("events", recordOf(batch)));
  }
  await Promise.all(appends);
}
const appended = perSecond(count, begin);
const down = await until(router, (all) => all.get("well").waiting === 0);
const well = perSecond(count, begin);
const { state, delivered, lanesParked } = down.get("late");
assert.deepEqual([state === "closed", delivered, lanesParked], [false, 0, 0]);
assert.equal(await sizeOf("retry.late"), before, "something was copied");
const highestDown = highest;

rmSync(blocked);
begin = performance.now();
await until(router, (all) => all.get("late").waiting === 0 && all.get("late").delivered > 0);
const late = perSecond(count, begin);
assert.equal(await sizeOf("retry.late"), before, "something was copied");
clearInterval(watching);
await router.close();
await engine.close();

const last = new Map();
let lines = 0;
for await (const line of createInterface(createReadStream(join(blocked, "late.jsonl")))) {
  const { userId, messageId } = JSON.parse(line);
  const number = Number(messageId.slice(1));
  assert.ok((last.get(userId) ?? -1) < number, `${messageId} is out of order`);
  last.set(userId, number);
  lines++;
}
assert.equal(lines, count);
rmSync(directory, { recursive: true, force: true });

console.table([
  { figure: "events appended", value: appended },
  { figure: "delivered to the one that is well meanwhile", value: well },
  { figure: "delivered to the other when it was well again (its wait of up to 5 min included)", value: late },
  { figure: "memory of the process at its highest, while it was down", value: mebibytes(highestDown) },
  { figure: "memory of the process at its highest", value: mebibytes(highest) },
]);
