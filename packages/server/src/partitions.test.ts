import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { loadDestinationTypes } from "@pintle/destinations";
import { Log } from "@pintle/log";
import { checkConfig } from "./config/check-config.ts";
import { type DataPlaneOptions, startDataPlane } from "./data-plane.ts";
import { createLogger } from "./logger.ts";
import { encodeSlice } from "./records/retry-record.ts";

const base = mkdtempSync(join(tmpdir(), "pintle-partitions-"));
after(() => rmSync(base, { recursive: true }));
const logger = createLogger({ level: "silent" });

async function options(folder: string, partitions: number): Promise<DataPlaneOptions> {
  const config = checkConfig(
    {
      engine: { type: "embedded", partitions },
      sources: [{ name: "shop", writeKey: "wk", destinations: ["out"] }],
      destinations: { out: { type: "file", path: "./out.jsonl" } },
    },
    { directory: folder, environment: {}, types: await loadDestinationTypes(["file"]) },
  );
  return { config, dataFolder: join(folder, "data"), host: "127.0.0.1", port: 0, adminPort: 0, logger };
}

const newFolder = (): string => mkdtempSync(join(base, "f-"));

async function send(url: string, first: number, count: number): Promise<void> {
  const batch = Array.from({ length: count }, (_, at) => {
    const n = first + at;
    return { type: "track", event: "x", userId: `u${n % 10}`, messageId: `m${n}`, properties: { n } };
  });
  const headers = { authorization: `Basic ${btoa("wk:")}`, connection: "close" };
  const answer = await fetch(`${url}/v1/batch`, { method: "POST", headers, body: JSON.stringify({ batch }) });
  assert.equal(answer.status, 200);
}

function eventsOut(folder: string): { userId: string; properties: { n: number } }[] {
  const file = join(folder, "out.jsonl");
  if (!existsSync(file)) return [];
  return readFileSync(file, "utf8")
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}

async function until(folder: string, count: number): Promise<void> {
  while (eventsOut(folder).length < count) await new Promise((resolve) => setImmediate(resolve));
}

test("a log in four partitions brings all events, those of a user in their order, across a restart", async () => {
  const folder = newFolder();
  const first = await startDataPlane(await options(folder, 4));
  for (let n = 0; n < 200; n += 20) await send(first.url, n, 20);
  await until(folder, 200);
  await first.close();
  const second = await startDataPlane(await options(folder, 4));
  for (let n = 200; n < 300; n += 20) await send(second.url, n, 20);
  await until(folder, 300);
  await second.close();

  const out = eventsOut(folder);
  assert.equal(out.length, 300, "after an orderly restart nothing comes twice");
  for (let user = 0; user < 10; user++) {
    const numbers = out.filter(({ userId }) => userId === `u${user}`).map(({ properties }) => properties.n);
    assert.deepEqual(
      numbers,
      Array.from({ length: 30 }, (_, at) => user + 10 * at),
      `user ${user}`,
    );
  }
  const folders = readdirSync(join(folder, "data", "topics")).filter((name) => name.startsWith("events-"));
  assert.deepEqual(folders.sort(), ["events-0", "events-1", "events-2", "events-3"]);
});

test("a folder keeps its number of partitions; another one is refused, and says what to do", async () => {
  const folder = newFolder();
  await (await startDataPlane(await options(folder, 2))).close();
  for (const [partitions, message] of [
    [1, /its topic events has 2 partitions, and the configuration says 1 \(engine\.partitions\).*write 2, or/s],
    [4, /has 2 partitions, and the configuration says 4/],
  ] as const) {
    const starting = options(folder, partitions).then(startDataPlane);
    await assert.rejects(starting, { code: "PINTLE_FOLDER_UNUSABLE", message });
  }
  await (await startDataPlane(await options(folder, 2))).close();
});

test("each log of several says so by a required feature, which versions that know one partition refuse", async () => {
  const folder = newFolder();
  await (await startDataPlane(await options(folder, 2))).close();
  for (const topic of ["events-0", "events-1", "retry.out-0", "retry.out-1", "destinations-0"]) {
    const header = readFileSync(join(folder, "data", "topics", topic, "0000000001.seg")).subarray(0, 128);
    assert.equal(header.readUInt32LE(12), topic.startsWith("destinations") ? 0 : 1, topic);
  }
});

/**
 * What a newer version may leave, by topic: a record of a format that this version does not know.
 */
const newer = (record: { readonly header: Uint8Array; readonly payload: Uint8Array }) => ({
  header: Buffer.from(Buffer.from(record.header).toString().replace('"v":1', '"v":2')),
  payload: record.payload,
});
const fact = (kind: string) => ({ header: Buffer.from(JSON.stringify({ v: 1, kind })), payload: new Uint8Array(0) });

for (const [topic, record] of [
  ["destinations", fact("began")],
  ["replays", fact("started")],
  ["retry.out", encodeSlice({ lane: 1, pass: 0, facts: [] }, [])],
] as const) {
  test(`a folder in which a newer version has written ${topic} is refused, with the record and both formats`, async () => {
    const folder = newFolder();
    await (await startDataPlane(await options(folder, 1))).close();
    const log = await Log.open(join(folder, "data", "topics", `${topic}-0`));
    const { header, payload } = newer(record);
    const offset = await log.append(header, payload);
    await log.close();
    await assert.rejects(options(folder, 1).then(startDataPlane), {
      code: "PINTLE_FOLDER_UNUSABLE",
      message: new RegExp(`record ${offset} of .* has format 2, this version knows 1`),
    });
  });
}
