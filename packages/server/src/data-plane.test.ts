import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { crc32 } from "node:zlib";
import { loadDestinationTypes } from "@pintle/destinations";
import { FolderLock } from "@pintle/log";
import { checkConfig } from "./config/check-config.ts";
import { type DataPlane, type DataPlaneOptions, startDataPlane } from "./data-plane.ts";
import { ServerError } from "./errors.ts";
import { createLogger } from "./logger.ts";

const destinationTypes = await loadDestinationTypes();

const base = mkdtempSync(join(tmpdir(), "pintle-plane-"));
after(() => rmSync(base, { recursive: true }));

const logged: string[] = [];
const logger = createLogger({ write: (line) => void logged.push(line) });

function options(folder: string): DataPlaneOptions {
  const config = checkConfig(
    {
      sources: [
        { name: "shop", writeKey: "wk_shop", destinations: ["one", "two"] },
        { name: "blog", writeKey: "wk_blog", destinations: ["two"] },
        { name: "attic", writeKey: "wk_attic", destinations: ["off"] },
      ],
      destinations: {
        one: { type: "file", path: "./one.jsonl" },
        two: { type: "file", path: "./two.jsonl" },
        off: { type: "file", path: "./off.jsonl", enabled: false },
      },
    },
    { directory: folder, environment: {}, types: destinationTypes },
  );
  return { config, dataFolder: join(folder, "data"), host: "127.0.0.1", port: 0, adminPort: 0, logger };
}

function newFolder(): string {
  return mkdtempSync(join(base, "p-"));
}

async function send(plane: DataPlane, writeKey: string, event: string): Promise<void> {
  const sent = request(`${plane.url}/v1/track`, { method: "POST", auth: `${writeKey}:`, agent: false });
  sent.end(JSON.stringify({ userId: "u", event }));
  const [response] = await once(sent, "response");
  response.resume();
  assert.equal(response.statusCode, 200);
}

function namesIn(file: string): string[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, "utf8")
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line).event);
}

/** Until the file holds so many events: there is no news of a delivery but the file itself. */
async function until(file: string, count: number): Promise<void> {
  while (namesIn(file).length < count) await new Promise((resolve) => setImmediate(resolve));
}

test("events of a source reach its destinations, in order, and no others; a restart goes on from there", async () => {
  const folder = newFolder();
  const one = join(folder, "one.jsonl");
  const two = join(folder, "two.jsonl");

  const first = await startDataPlane(options(folder));
  for (const event of ["a", "b", "c"]) await send(first, "wk_shop", event);
  await send(first, "wk_attic", "nowhere");
  await send(first, "wk_blog", "d");
  await until(two, 4);
  await until(one, 3);
  await first.close();

  const second = await startDataPlane(options(folder));
  await send(second, "wk_shop", "e");
  await until(two, 5);
  await until(one, 4);
  await second.close();

  assert.deepEqual(namesIn(one), ["a", "b", "c", "e"]);
  assert.deepEqual(namesIn(two), ["a", "b", "c", "d", "e"]);
  assert.ok(!existsSync(join(folder, "off.jsonl")));
  assert.deepEqual(logged, [], "normal operation logs nothing");
});

test("an event that was answered with ok is in the account of every destination from then on", async () => {
  const folder = newFolder();
  const plane = await startDataPlane(options(folder));
  const token = readFileSync(join(folder, "data", "admin-token"), "utf8").trim();
  try {
    for (let count = 1; count <= 100; count++) {
      await send(plane, "wk_shop", "e");
      const answer = await fetch(`${plane.adminUrl}/status`, { headers: { authorization: `Bearer ${token}` } });
      const { destinations } = (await answer.json()) as { destinations: { delivered: number; waiting: number }[] };
      for (const { delivered, waiting } of destinations) assert.equal(delivered + waiting, count);
    }
  } finally {
    await plane.close();
  }
});

test("close gives everything back, and may be called again", async () => {
  const folder = newFolder();
  const plane = await startDataPlane(options(folder));
  const ports = [plane.url, plane.adminUrl].map((url) => Number(new URL(url).port));
  await Promise.all([plane.close(), plane.close()]);
  await plane.close();
  const lock = await FolderLock.acquire(join(folder, "data"));
  await lock.release();
  for (const port of ports) {
    const server = createServer().listen(port, "127.0.0.1");
    await once(server, "listening");
    server.close();
  }
});

async function refusal(starting: Promise<DataPlane>): Promise<ServerError> {
  const error: unknown = await starting.then(
    () => assert.fail("was not refused"),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof ServerError, String(error));
  return error;
}

test("a start that fails on the last step gives back what the others took", async () => {
  const folder = newFolder();
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const { port } = taken.address() as AddressInfo;
  const error = await refusal(startDataPlane({ ...options(folder), adminPort: port }));
  assert.equal(error.code, "PINTLE_PORT_IN_USE");
  assert.equal(error.retryable, true);
  taken.close();
  const plane = await startDataPlane({ ...options(folder), adminPort: port });
  await plane.close();
});

test("a folder that another data plane works in is refused, and left as it is", async () => {
  const folder = newFolder();
  const first = await startDataPlane(options(folder));
  const error = await refusal(startDataPlane(options(folder)));
  assert.equal(error.code, "PINTLE_FOLDER_LOCKED");
  await send(first, "wk_shop", "still there");
  await until(join(folder, "one.jsonl"), 1);
  await first.close();
});

for (const topic of ["events", "destinations"]) {
  test(`a folder in which a newer version has written ${topic} is refused, and left as it is`, async () => {
    const folder = newFolder();
    await (await startDataPlane(options(folder))).close();
    const segment = join(folder, "data", "topics", `${topic}-0`, "0000000001.seg");
    const bytes = readFileSync(segment);
    // docs/log-format.md: the format version, and the checksum of the header.
    bytes.writeUInt16LE(2, 8);
    bytes.writeUInt32LE(crc32(bytes.subarray(0, 124)), 124);
    writeFileSync(segment, bytes);
    const error = await refusal(startDataPlane(options(folder)));
    assert.equal(error.code, "PINTLE_FOLDER_UNUSABLE");
    assert.match(error.message, /has format version 2; this program reads up to 1/);
    assert.deepEqual(readFileSync(segment), bytes);
  });
}

test("with time to wait, it starts when the other one has let go", async () => {
  const folder = newFolder();
  const first = await startDataPlane(options(folder));
  const second = startDataPlane({ ...options(folder), wait: 600_000 });
  await first.close();
  await (await second).close();
});

test("whatever is changed while events come in, none is lost, and the order of a user stays", async () => {
  const folder = newFolder();
  const first = options(folder);
  const { config } = first;
  // The second destination is another one with every change, and now and then not there; the first
  // one is always the same.
  let changes = 0;
  const load = async () => {
    changes++;
    const destinations = config.destinations.flatMap((each) => {
      if (each.name !== "two") return [each];
      return changes % 4 === 3 ? [] : [{ ...each, name: `two, the ${changes}th`, rateLimit: 10_000 + changes }];
    });
    const ids = new Set(destinations.map(({ id }) => id));
    const sources = config.sources.map((source) => ({
      ...source,
      destinations: source.destinations.filter((id) => ids.has(id)),
    }));
    return { ...config, sources, destinations };
  };
  const plane = await startDataPlane({ ...first, load });
  const names = Array.from({ length: 200 }, (_, at) => `e${at}`);
  const reloading = (async () => {
    for (let change = 0; change < 12; change++) assert.equal((await plane.reload()).outcome, "applied");
  })();
  for (const event of names) await send(plane, "wk_shop", event);
  await reloading;
  assert.equal(changes, 12, "the last change leaves it there");
  await send(plane, "wk_shop", "last");
  await until(join(folder, "one.jsonl"), 201);
  while (!namesIn(join(folder, "two.jsonl")).includes("last")) await new Promise((resolve) => setImmediate(resolve));
  await plane.close();
  assert.deepEqual(namesIn(join(folder, "one.jsonl")), [...names, "last"], "the one that stayed got each once");
  assert.deepEqual(
    namesIn(join(folder, "two.jsonl")),
    [...names, "last"],
    "the other one went on where it was each time",
  );
});

test("settings that count from the next start are named when a reload finds them changed", async () => {
  const first = options(newFolder());
  const load = async () => ({ ...first.config, memory: 100e6, engine: { ...first.config.engine, partitions: 4 } });
  const plane = await startDataPlane({ ...first, load });
  logged.length = 0;
  assert.equal((await plane.reload()).outcome, "applied");
  await plane.close();
  const named = logged.flatMap((line) => /(\w+): the new value counts from the next start/.exec(line)?.[1] ?? []);
  assert.deepEqual(named, ["memory", "engine"]);
});
