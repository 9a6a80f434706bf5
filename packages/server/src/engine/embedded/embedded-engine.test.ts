import assert from "node:assert/strict";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { MessageChannel, type MessagePort } from "node:worker_threads";
import { FakeFileSystem, systemError } from "@pintle/log/testing";
import type { PlaneLogger } from "../../logger.ts";
import type { AssignedPartition, EngineRecord, Subscription } from "../engine.ts";
import { EngineError } from "../engine-error.ts";
import { EmbeddedEngine, type EmbeddedEngineOptions } from "./embedded-engine.ts";
import type { ChannelMessage } from "./high-watermark-channel.ts";

const silent: PlaneLogger = { debug() {}, info() {}, warn() {}, error() {} };
const never = new AbortController().signal;
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
const record = (name: string) => ({ header: Buffer.from("h"), payload: Buffer.from(name) });

async function openEngine(t: TestContext, options: Partial<EmbeddedEngineOptions> = {}): Promise<EmbeddedEngine> {
  let { directory } = options;
  if (directory === undefined && options.fs === undefined) {
    directory = await mkdtemp(join(tmpdir(), "pintle-engine-"));
    t.after(() => rm(directory as string, { recursive: true, force: true }));
  }
  const engine = new EmbeddedEngine({ owns: () => true, logger: silent, ...options, directory: directory ?? "/data" });
  t.after(() => engine.close());
  return engine;
}

/** Joins a group and gives the partition that it is assigned. */
async function join1(
  engine: EmbeddedEngine,
  topic: string,
  group: string,
): Promise<{ partition: AssignedPartition; subscription: Subscription; revoked: number[] }> {
  const revoked: number[] = [];
  let partition: AssignedPartition | undefined;
  const subscription = await engine.subscribe([topic], group, {
    assigned: ([assigned]) => {
      partition = assigned;
    },
    async revoked(number) {
      revoked.push(number);
    },
  });
  assert.ok(partition);
  return { partition, subscription, revoked };
}

async function readAll(partition: AssignedPartition, from = partition.start()): Promise<EngineRecord[]> {
  const all: EngineRecord[] = [];
  for (let next = from; next < partition.end(); ) {
    const read = await partition.read(next, 100);
    all.push(...read.records);
    assert.ok(read.next > next);
    next = read.next;
  }
  return all;
}

const code = (expected: string) => (error: unknown) => error instanceof EngineError && error.code === expected;

test("what is appended is read, in order, by every group, also after a restart", async (t) => {
  const directory = await mkdtemp(join(tmpdir(), "pintle-engine-"));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const first = await openEngine(t, { directory });
  const positions = await Promise.all(["a", "b", "c"].map((name) => first.append("events", record(name))));
  assert.deepEqual(
    positions.map(({ partition }) => partition),
    [0, 0, 0],
  );
  const { partition } = await join1(first, "events", "hook");
  assert.equal(partition.progress, undefined);
  assert.deepEqual(
    (await readAll(partition)).map(({ payload, offset }) => [text(payload), offset]),
    ["a", "b", "c"].map((name, k) => [name, positions[k]?.offset]),
  );
  await first.close();

  const second = await openEngine(t, { directory });
  await second.append("events", record("d"));
  for (const group of ["hook", "audit"]) {
    const joined = await join1(second, "events", group);
    assert.deepEqual(
      (await readAll(joined.partition)).map(({ payload }) => text(payload)),
      ["a", "b", "c", "d"],
    );
  }
});

test("progress is each group's own, and is there after a restart", async (t) => {
  const directory = await mkdtemp(join(tmpdir(), "pintle-engine-"));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const first = await openEngine(t, { directory });
  const { offset } = await first.append("events", record("a"));
  const joined = await join1(first, "events", "hook");
  joined.partition.save({ low: offset, finished: [[offset, 2]] });
  await first.close();
  assert.deepEqual(joined.revoked, [0], "closing the engine revokes what is assigned");

  const second = await openEngine(t, { directory });
  assert.deepEqual((await join1(second, "events", "hook")).partition.progress, {
    low: offset,
    finished: [[offset, 2]],
  });
  assert.equal((await join1(second, "events", "audit")).partition.progress, undefined);
  assert.equal((await join1(second, "retry.hook", "hook")).partition.progress, undefined);
});

test("a wait ends with the append it waits for, and nothing is read before it is durable", async (t) => {
  const fs = new FakeFileSystem();
  const engine = await openEngine(t, { fs });
  const { partition } = await join1(engine, "events", "hook");
  const from = partition.end();
  let letSync: () => void = () => {};
  const syncing = new Promise<void>((resolve) => {
    fs.interference = ({ kind }) => {
      if (kind !== "sync") return;
      resolve();
      return new Promise<void>((go) => {
        letSync = go;
      });
    };
  });
  let stored = false;
  const append = engine.append("events", record("a")).then(() => {
    stored = true;
  });
  await syncing;
  assert.equal(partition.end(), from);
  assert.deepEqual((await partition.read(from, 1000)).records, []);
  assert.equal(stored, false);
  const woken = partition.wait(from, never);
  fs.interference = () => {};
  letSync();
  await woken;
  assert.deepEqual(
    (await partition.read(from, 1000)).records.map(({ payload }) => text(payload)),
    ["a"],
  );
  await append;
});

test("a group has one member, and may come back after it left", async (t) => {
  const engine = await openEngine(t);
  const { subscription, revoked } = await join1(engine, "events", "hook");
  await assert.rejects(join1(engine, "events", "hook"), /group hook has a member on topic events/);
  await Promise.all([subscription.close(), subscription.close()]);
  assert.deepEqual(revoked, [0]);
  await join1(engine, "events", "hook");
});

test("topics have folders for their owner alone", { skip: process.platform === "win32" }, async (t) => {
  const directory = await mkdtemp(join(tmpdir(), "pintle-engine-"));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const engine = await openEngine(t, { directory });
  await engine.append("dead.hook", record("a"));
  assert.equal((await stat(join(directory, "topics", "dead.hook-0"))).mode & 0o777, 0o700);
});

test("a full disk and a failing one are told apart, and service comes back", async (t) => {
  const fs = new FakeFileSystem();
  let now = 0;
  t.mock.method(Date, "now", () => now);
  const engine = await openEngine(t, { fs });
  await engine.append("events", record("before"));
  const capacity = fs.used;
  for (const [system, expected] of [
    ["ENOSPC", "PINTLE_STORAGE_FULL"],
    ["EDQUOT", "PINTLE_STORAGE_FULL"],
    ["EIO", "PINTLE_STORAGE_FAILED"],
  ] as const) {
    fs.interference = ({ kind }) => {
      if (kind === "write") throw systemError(system, "write");
    };
    await assert.rejects(engine.append("events", record("refused")), code(expected));
    fs.interference = () => {};
    now += 10_000;
    await engine.append("events", record(`after ${system}`));
  }
  assert.ok(fs.used > capacity);
  const { partition } = await join1(engine, "events", "hook");
  assert.deepEqual(
    (await readAll(partition)).map(({ payload }) => text(payload)),
    ["before", "after ENOSPC", "after EDQUOT", "after EIO"],
  );
});

test("a topic that could not be opened is opened at the next use", async (t) => {
  const fs = new FakeFileSystem();
  const engine = await openEngine(t, { fs });
  fs.interference = () => {
    throw systemError("EACCES", "anything");
  };
  await assert.rejects(engine.prepare("events"), code("PINTLE_STORAGE_FAILED"));
  await assert.rejects(engine.append("events", record("a")), code("PINTLE_STORAGE_FAILED"));
  await assert.rejects(join1(engine, "events", "hook"), code("PINTLE_STORAGE_FAILED"));
  fs.interference = () => {};
  await engine.prepare("events");
  await join1(engine, "events", "hook");
});

test("what an engine does not own it neither writes nor, without a feed, reads", async (t) => {
  const engine = await openEngine(t, { owns: (topic) => topic === "events" });
  await assert.rejects(engine.append("dead.hook", record("a")), code("PINTLE_ENGINE_NOT_OWNER"));
  await assert.rejects(join1(engine, "dead.hook", "hook"), code("PINTLE_ENGINE_NOT_OWNER"));
});

test("a closed engine says so; closing waits for what was taken", async (t) => {
  const engine = await openEngine(t);
  const appends = ["a", "b"].map((name) => engine.append("events", record(name)));
  await engine.append("events", record("c"));
  await Promise.all([engine.close(), engine.close()]);
  await Promise.all(appends);
  await assert.rejects(engine.append("events", record("d")), code("PINTLE_ENGINE_CLOSED"));
  await assert.rejects(join1(engine, "events", "hook"), code("PINTLE_ENGINE_CLOSED"));
});

test("an engine in another thread reads what is durable, and learns of it at once", async (t) => {
  const fs = new FakeFileSystem();
  const { port1, port2 } = new MessageChannel();
  t.after(() => port1.close());
  const writer = await openEngine(t, { fs, owns: (topic) => topic === "events" });
  writer.serve(port1);
  const reader = await openEngine(t, { fs, owns: (topic) => topic !== "events", channel: port2 });
  await writer.append("events", record("a"));

  const { partition } = await join1(reader, "events", "hook");
  const seen: string[] = [];
  let next = partition.start();
  const readOn = async (): Promise<void> => {
    const read = await partition.read(next, 1000);
    seen.push(...read.records.map(({ payload }) => text(payload)));
    next = read.next;
  };
  await readOn();
  for (const name of ["b", "c", "d"]) {
    const waiting = partition.wait(next, never);
    await writer.append("events", record(name));
    await waiting;
    await readOn();
  }
  assert.deepEqual(seen, ["a", "b", "c", "d"]);

  const second = await join1(reader, "events", "audit");
  assert.equal(second.partition.end(), partition.end());
  await reader.append("dead.hook", record("x"));
  await assert.rejects(writer.append("dead.hook", record("y")), code("PINTLE_ENGINE_NOT_OWNER"));
});

test("what an engine appends to a topic of another one is durable there, in order, or refused with the reason", async (t) => {
  const fs = new FakeFileSystem();
  const { port1, port2 } = new MessageChannel();
  t.after(() => port1.close());
  const shared = (topic: string): boolean => topic === "replays";
  const writer = await openEngine(t, { fs, owns: (topic) => topic === "events" || shared(topic) });
  writer.serve(port1, shared);
  const appender = await openEngine(t, {
    fs,
    owns: () => false,
    channel: port2,
    appendsThere: (topic) => topic !== "x",
  });
  const names = ["a", "b", "c"];
  const places = await Promise.all(names.map((name) => appender.append("replays", record(name))));
  const read: EngineRecord[] = [];
  for await (const each of writer.scan("replays")) read.push(each);
  assert.deepEqual(
    read.map(({ offset, payload }) => [offset, text(payload)]),
    names.map((name, at) => [places[at]!.offset, name]),
  );

  await assert.rejects(appender.append("events", record("d")), code("PINTLE_ENGINE_NOT_OWNER"));
  await assert.rejects(appender.append("x", record("d")), code("PINTLE_ENGINE_NOT_OWNER"));
  fs.interference = (operation) => {
    if (operation.kind === "write" || operation.kind === "sync") throw systemError("ENOSPC", "the disk is full");
  };
  await assert.rejects(
    appender.append("replays", record("d")),
    (error: unknown) => error instanceof EngineError && error.retryable,
  );
  fs.interference = () => {};
  const unheard = appender.append("replays", record("e"));
  await Promise.all([assert.rejects(unheard, code("PINTLE_ENGINE_CLOSED")), appender.close()]);
});

test("a topic that was released is another engine's, with all that is in it", async (t) => {
  const fs = new FakeFileSystem();
  let home = 0;
  const engineOf = (thread: number) => openEngine(t, { fs, owns: () => home === thread });
  const first = await engineOf(0);
  const second = await engineOf(1);
  const appends = ["a", "b"].map((name) => first.append("dead.hook", record(name)));
  await first.append("dead.hook-2", record("other"));
  await join1(first, "dead.hook", "hook").then(({ subscription }) => subscription.close());
  home = 1;
  await first.release("dead.hook");
  await Promise.all(appends);
  await assert.rejects(first.append("dead.hook", record("c")), code("PINTLE_ENGINE_NOT_OWNER"));
  await second.append("dead.hook", record("c"));
  const { partition } = await join1(second, "dead.hook", "hook");
  assert.deepEqual(
    (await readAll(partition)).map(({ payload }) => text(payload)),
    ["a", "b", "c"],
  );
  await first.append("dead.hook-2", record("still open"));
});

test("records that a consumer in another thread still needs are not removed", async (t) => {
  const fs = new FakeFileSystem();
  let now = 1_000_000;
  t.mock.method(Date, "now", () => now);
  const { port1, port2 } = new MessageChannel();
  t.after(() => port1.close());
  const writer = await openEngine(t, { fs, owns: (topic) => topic === "events", retention: () => ({ maxAge: 1000 }) });
  writer.serve(port1);
  const reader = await openEngine(t, { fs, owns: (topic) => topic !== "events", channel: port2 });
  await writer.append("events", record("a"));
  const { partition } = await join1(reader, "events", "hook");
  const start = partition.start();
  partition.save({ low: start, finished: [] });
  await heard(port1);
  now += 5000;
  await writer.retain();
  assert.equal((await readAll(partition)).length, 1);

  partition.save({ low: partition.end(), finished: [] });
  await heard(port1);
  await writer.retain();
  // The writer tells the new start with its next group.
  const moved = partition.wait(partition.end(), never);
  await writer.append("events", record("b"));
  await moved;
  assert.ok(partition.start() > start);
  assert.deepEqual(
    (await readAll(partition)).map(({ payload }) => text(payload)),
    ["b"],
  );
});

test("a reader whose thread has died pins nothing once its successor has moved on", async (t) => {
  const fs = new FakeFileSystem();
  let now = 1_000_000;
  t.mock.method(Date, "now", () => now);
  const writer = await openEngine(t, { fs, owns: (topic) => topic === "events", retention: () => ({ maxAge: 1000 }) });
  await writer.prepare("events");

  const first = new MessageChannel();
  writer.serve(first.port1);
  const dying = await openEngine(t, { fs, owns: () => false, channel: first.port2 });
  const before = (await join1(dying, "events", "hook")).partition;
  before.save({ low: before.start(), finished: [] });
  await heard(first.port1);
  await writer.append("events", record("a"));

  const gone = new Promise((resolve) => first.port1.once("close", resolve));
  first.port2.close();
  await gone;
  now += 5000;
  await writer.retain();

  const second = new MessageChannel();
  t.after(() => second.port1.close());
  writer.serve(second.port1);
  const reader = await openEngine(t, { fs, owns: () => false, channel: second.port2 });
  const { partition } = await join1(reader, "events", "hook");
  assert.equal(partition.start(), before.start(), "what a dead reader needs is kept for its successor");
  assert.equal((await readAll(partition)).length, 1);
  const end = partition.end();
  const saved = heard(second.port1, (message) => message.kind === "needs" && message.from === end);
  partition.save({ low: end, finished: [] });
  await saved;
  // The new start is told without an append.
  const told = heard(second.port2);
  await writer.retain();
  await told;
  assert.equal(partition.start(), end);
});

test("a destination that was disabled or removed lets go after a day, across restarts", async (t) => {
  const fs = new FakeFileSystem();
  let now = 1_000_000;
  t.mock.method(Date, "now", () => now);
  const minutes = (count: number): void => {
    now += count * 60_000;
  };
  const open = () => openEngine(t, { fs, retention: () => ({ maxAge: 1000 }) });

  let engine = await open();
  const removed = await join1(engine, "events", "removed");
  removed.partition.save({ low: 0, finished: [] });
  await engine.append("events", record("a"));
  await engine.close();

  // From now on only another one is there.
  engine = await open();
  let { partition } = await join1(engine, "events", "hook");
  const start = partition.start();
  const oldest = async (): Promise<number> => {
    partition.save({ low: partition.end(), finished: [] });
    await engine.retain();
    return partition.start();
  };
  minutes(11);
  assert.equal(await oldest(), start);
  assert.ok((await fs.list("/data/topics/events-0/progress")).includes("removed.absent"));
  minutes(12 * 60);
  assert.equal(await oldest(), start);
  await engine.close();

  engine = await open();
  ({ partition } = await join1(engine, "events", "hook"));
  minutes(12 * 60 - 11);
  assert.equal(await oldest(), start, "a minute short of a day");
  minutes(11);
  assert.ok((await oldest()) > start);

  // It comes back, and counts again.
  const back = await join1(engine, "events", "removed");
  const from = back.partition.end();
  back.partition.save({ low: from, finished: [] });
  await engine.append("events", record("b"));
  minutes(48 * 60);
  assert.equal(await oldest(), from);
  assert.ok(!(await fs.list("/data/topics/events-0/progress")).includes("removed.absent"));
});

test("without any destination records go by age", async (t) => {
  const fs = new FakeFileSystem();
  let now = 1_000_000;
  t.mock.method(Date, "now", () => now);
  const engine = await openEngine(t, { fs, retention: () => ({ maxAge: 1000 }) });
  await engine.append("events", record("a"));
  now += 5000;
  await engine.retain();
  const { partition } = await join1(engine, "events", "hook");
  assert.equal(partition.start(), partition.end());
});

test("a mark that a crash has torn is made anew; one that cannot be made is told and costs nothing", async (t) => {
  const fs = new FakeFileSystem();
  let now = 1_000_000;
  t.mock.method(Date, "now", () => now);
  let warnings = 0;
  const logger: PlaneLogger = {
    ...silent,
    warn: () => {
      warnings++;
    },
  };
  let engine = await openEngine(t, { fs });
  (await join1(engine, "events", "removed")).partition.save({ low: 0, finished: [] });
  await engine.append("events", record("a"));
  await engine.close();
  const mark = "/data/topics/events-0/progress/removed.absent";
  const file = await fs.open(mark, "create");
  await file.write([Buffer.from("2020-01-01T0")], 0);
  await file.close();

  engine = await openEngine(t, { fs, logger, retention: () => ({ maxAge: 1000 }) });
  const { partition } = await join1(engine, "events", "hook");
  partition.save({ low: partition.end(), finished: [] });
  now += 11 * 60_000;
  fs.interference = ({ kind, path }) => {
    if (kind === "remove" && path === mark) throw systemError("EIO", path);
  };
  await engine.retain();
  fs.interference = () => {};
  assert.equal(warnings, 1);
  now += 23 * 60 * 60_000;
  await engine.retain();
  assert.equal(partition.start(), 0);
  now += 60 * 60_000;
  await engine.retain();
  assert.ok(partition.start() > 0);
});

test("a tenth of the disk is kept free by records that nobody needs, and by no others", async (t) => {
  const fs = new FakeFileSystem({ capacity: 2_000_000 });
  const engine = await openEngine(t, { fs, retention: () => ({ minFree: 0.1 }) });
  const { partition } = await join1(engine, "events", "hook");
  partition.save({ low: 0, finished: [] });
  const payload = Buffer.alloc(10_000);
  while (fs.used < 1_850_000) await engine.append("events", { header: Buffer.from("h"), payload });
  await engine.retain();
  assert.equal(partition.start(), 0);
  assert.ok(fs.used > 1_800_000);

  partition.save({ low: partition.end(), finished: [] });
  await engine.retain();
  assert.ok(partition.start() > 0);
  assert.ok(fs.used <= 1_800_000);
  assert.ok((await readAll(partition)).length > 0, "no more goes than has to");
});

test("records that size forces out are announced, told as a range, and readers go on behind them", async (t) => {
  const fs = new FakeFileSystem();
  const told: { message: string; fields: { from?: number; to?: number; next?: { from: number } } }[] = [];
  const tell = (fields: object | string, message?: string): void => {
    told.push({ message: message ?? "", fields: fields as object });
  };
  const engine = await openEngine(t, {
    fs,
    logger: { ...silent, warn: tell, error: tell },
    retention: () => ({ maxBytes: 64 * 1024 }),
  });
  const { partition } = await join1(engine, "events", "hook");
  partition.save({ low: 0, finished: [] });
  const payload = Buffer.alloc(1000);
  while (partition.start() === 0) await engine.append("events", { header: Buffer.from("h"), payload });
  assert.match(told[0]?.message ?? "", /will have to go soon/);
  assert.equal(told[0]?.fields.next?.from, 0);
  assert.match(told[1]?.message ?? "", /had to go/);
  assert.equal(told[1]?.fields.from, 0);
  assert.equal(told[1]?.fields.to, partition.start());
  const { records } = await partition.read(0, 1000);
  assert.equal(records[0]?.offset, partition.start());
});

/** The next message that comes in at a port, or the next of some kind. */
function heard(port: MessagePort, which: (message: ChannelMessage) => boolean = () => true): Promise<void> {
  return new Promise((resolve) => {
    port.on("message", function listener(message: ChannelMessage) {
      if (!which(message)) return;
      port.off("message", listener);
      resolve();
    });
  });
}
