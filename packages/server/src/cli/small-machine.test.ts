import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { hashUserKey, userKey } from "@pintle/events";
import type { DeliveredEvent } from "@pintle/events/gateway";
import { rawEvent } from "@pintle/kit";
import type { Progress } from "@pintle/log";
import type { Status } from "../admin/status.ts";
import { EmbeddedEngine } from "../engine/embedded/embedded-engine.ts";
import { createLogger } from "../logger.ts";
import { encodeDeadLetter } from "../records/dead-letter.ts";
import { replayRecord } from "../records/replay-record.ts";
import { encodeSlice, type ParkedFacts } from "../records/retry-record.ts";
import { eventRecord } from "../router/testing/event-records.ts";
import { anyPort, CommandRun, configured } from "./run.test.support.ts";

const perRecord = 40;
const records = 150;
const letters = 1500;
/** Events of a user that were refused for long: they stand in few records. */
const long = { records: 8, events: 250 };

/** Two events each: the first one is parked, or has ended; the second waits in the log. */
const userOf = (n: number): string => `u${n >> 1}`;
const isFirst = (n: number): boolean => n % 2 === 0;
const isParked = (n: number): boolean => isFirst(n) && n % 8 !== 0;
const longId = (n: number): string => `long${n}`;

test("what a machine with little memory left, parked users, letters, ended events, half a replay, is delivered by it", async (t) => {
  const got: string[] = [];
  const hook = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (text) => {
      body += text;
    });
    request.on("end", () => {
      got.push((JSON.parse(body) as { messageId: string }).messageId);
      response.end();
    });
  }).listen(0, "127.0.0.1");
  await once(hook, "listening");
  t.after(() => {
    hook.closeAllConnections();
    hook.close();
  });
  const folder = configured({
    memory: "64MB",
    sources: [{ name: "shop", writeKey: "wk_shop", destinations: ["hook"] }],
    destinations: {
      hook: { type: "webhook", url: `http://127.0.0.1:${(hook.address() as AddressInfo).port}/` },
    },
  });
  const data = join(folder, "data");
  mkdirSync(data, { mode: 0o700 });
  await write(data);

  const run = new CommandRun(folder, ["start", ...anyPort, "--data", "data"], {
    NODE_OPTIONS: "--max-old-space-size=256",
  });
  await run.ready();
  const authorization = `Bearer ${readFileSync(join(data, "admin-token"), "utf8").trim()}`;
  const admin = async (path: string, more: RequestInit = {}): Promise<unknown> => {
    const headers = { authorization, connection: "close", "content-type": "application/json" };
    return (await fetch(`${run.told("admin")}${path}`, { headers, ...more })).json();
  };
  const body = JSON.stringify({ destination: "hook" });
  assert.deepEqual(await admin("/dead/replay", { method: "POST", body }), { replayed: { hook: letters } });
  let status: Status;
  do {
    await new Promise((resolve) => setImmediate(resolve));
    status = (await admin("/status")) as Status;
  } while (
    status.destinations[0]!.waiting > 0 ||
    ((await admin("/replays")) as { replays: { state: string }[] }).replays.some(({ state }) => state === "running")
  );

  const first = new Map<string, number>();
  const last = new Map<string, number>();
  for (const [at, id] of got.entries()) {
    if (!first.has(id)) first.set(id, at);
    last.set(id, at);
  }
  const missing: string[] = [];
  const expect = (id: string): void => void (first.has(id) || missing.push(id));
  const half = (records / 2) * perRecord;
  for (let n = 0; n < records * perRecord; n++) {
    const id = `e${n}`;
    if (!isFirst(n) || isParked(n) || n >= half) expect(id);
    else assert.ok(!first.has(id), `${id} had ended, and is not replayed`);
    if (isParked(n)) assert.ok(first.get(id)! < last.get(`e${n + 1}`)!, `${id} before the next of its user`);
  }
  for (let n = 0; n < long.records * long.events; n++) {
    expect(longId(n));
    if (n > 0) assert.ok(first.get(longId(n - 1))! < last.get(longId(n))!, `${longId(n)} in its order`);
  }
  for (let n = 0; n < letters; n++) expect(`dead${n}`);
  assert.deepEqual(missing, []);
  assert.equal(status.memory.held, 0);
  assert.doesNotMatch(run.stderr, /the router's thread/);
  run.signal("SIGTERM");
  assert.equal(await run.ended, 0);
});

/** What an earlier process has left. */
async function write(data: string): Promise<void> {
  const logger = createLogger({ level: "silent" });
  const engine = new EmbeddedEngine({ directory: data, owns: () => true, logger });
  const finished: [number, number][] = [];
  const end = await writeEvents(engine, finished);
  await saveProgress(engine, "hook", { low: 0, finished });

  const appended: Promise<unknown>[] = [];
  for (let n = 0; n < letters; n++) {
    const event = { type: "track", event: "Test", messageId: `dead${n}`, userId: `u${n % 50}` };
    const letter = { reason: "http_400", sourceId: "shop", partition: 0, offset: 0, index: 0, at: n, attempts: 1 };
    appended.push(
      engine.append("dead.hook", encodeDeadLetter({ ...letter, event: event as unknown as DeliveredEvent })),
    );
  }
  await Promise.all(appended);
  const ranges = [{ partition: 0, begin: 0, end }];
  const replay = { id: "half", at: 0, destinationId: "hook", from: 0, rate: 1e6, ranges };
  await engine.append("replays", replayRecord.encode({ kind: "started", ...replay }));
  await saveProgress(engine, "replay-half", { low: records / 2, finished: [] });
  await engine.close();
}

/** Events, and in the retry topic those that are parked. Returns where the log ends. */
async function writeEvents(engine: EmbeddedEngine, finished: [number, number][]): Promise<number> {
  const parked: Promise<unknown>[] = [];
  const park = (places: readonly (readonly [messageId: string, index: number])[], offset: number, userId: string) => {
    const keyHash = hashUserKey(userKey({ userId }));
    const facts = places.map(
      ([, index]): ParkedFacts => ({ partition: 0, offset, index, sourceId: "shop", keyHash, time: 1, attempts: 0 }),
    );
    const events = places.map(([messageId]) => ({ type: "track", event: "Test", messageId, userId }));
    const slice = encodeSlice(
      { lane: keyHash, pass: 0, facts },
      events.map((event) => rawEvent(event as unknown as DeliveredEvent)),
    );
    parked.push(engine.append("retry.hook", slice));
  };
  for (let record = 0; record < records; record++) {
    const numbers = Array.from({ length: perRecord }, (_, index) => record * perRecord + index);
    const events = numbers.map((n) => ({ messageId: `e${n}`, userId: userOf(n) }));
    const { offset } = await engine.append("events", eventRecord(events));
    for (const [index, n] of numbers.entries()) {
      if (isFirst(n)) finished.push([offset, index]);
      if (isParked(n)) park([[`e${n}`, index]], offset, userOf(n));
    }
  }
  let end = 0;
  for (let record = 0; record < long.records; record++) {
    const ids = Array.from({ length: long.events }, (_, index) => longId(record * long.events + index));
    const { offset } = await engine.append(
      "events",
      eventRecord(ids.map((messageId) => ({ messageId, userId: "long" }))),
    );
    const places = [...ids.entries()].map(([index, messageId]): [string, number] => [messageId, index]);
    finished.push(...places.map(([, index]): [number, number] => [offset, index]));
    park(places, offset, "long");
    end = offset + 1;
  }
  await Promise.all(parked);
  return end;
}

async function saveProgress(engine: EmbeddedEngine, group: string, progress: Progress): Promise<void> {
  const subscription = await engine.subscribe(["events"], group, {
    assigned: ([partition]) => partition!.save(progress),
    revoked: async () => {},
  });
  await subscription.close();
}
