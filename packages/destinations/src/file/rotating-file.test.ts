import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { EventEmitter, once } from "node:events";
import { mkdtemp, readdir, readFile, rm, stat, truncate, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { type LineFileSystem, type LineHandle, nodeLineFileSystem } from "./file-system.ts";
import { RotatingFile, type Rotation } from "./rotating-file.ts";

let base = "";
before(async () => {
  base = await mkdtemp(join(tmpdir(), "pintle-rotate-"));
});
after(() => rm(base, { recursive: true }));

let folders = 0;
const newFolder = () => join(base, `f${folders++}`);
const hour = 3_600_000;
const noon = Date.parse("2026-11-23T12:00:00Z");

/**
 * Every line in the folder that a reader finds who takes the files in the order of their names,
 * each under one name.
 */
async function linesIn(folder: string): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => !name.endsWith(".part"));
  const closed = [
    ...new Set(names.filter((name) => name !== "events.jsonl").map((name) => name.replace(/\.gz$/, ""))),
  ].sort();
  const lines: string[] = [];
  for (const name of [...closed, ...(names.includes("events.jsonl") ? ["events.jsonl"] : [])]) {
    const bytes = names.includes(`${name}.gz`)
      ? gunzipSync(await readFile(join(folder, `${name}.gz`)))
      : await readFile(join(folder, name));
    lines.push(...bytes.toString().split("\n").slice(0, -1));
  }
  return lines;
}

const line = (n: number) => `${JSON.stringify({ n, fill: "x".repeat(80) })}\n`;
const numbersIn = async (folder: string) =>
  (await linesIn(folder)).map((text) => (JSON.parse(text) as { n: number }).n);

test("a file is closed before it gets too large, and compressed", async () => {
  const folder = newFolder();
  const file = await RotatingFile.open(join(folder, "events.jsonl"), { size: 300, gzip: true, now: () => noon });
  for (let n = 0; n < 8; n++) await file.append(line(n));
  await file.idle();
  const names = (await readdir(folder)).sort();
  // The clock stands still, and the names move on all the same.
  assert.deepEqual(names, [
    "events-20261123T120000000Z.jsonl.gz",
    "events-20261123T120000001Z.jsonl.gz",
    "events.jsonl",
  ]);
  if (process.platform !== "win32") assert.equal((await stat(join(folder, names[0]!))).mode & 0o777, 0o600);
  await file.append(`${"x".repeat(500)}\n`);
  await file.append(line(8));
  await file.close();
  const lines = await linesIn(folder);
  assert.equal(lines.length, 10);
  assert.equal((await stat(join(folder, "events.jsonl"))).size, line(8).length);
});

test("a file holds events of one hour, also when it is opened again or nothing more comes", async () => {
  const folder = newFolder();
  const path = join(folder, "events.jsonl");
  let now = noon + 0.9 * hour;
  const open = () => RotatingFile.open(path, { every: hour, gzip: false, now: () => now });
  let file = await open();
  await file.append(line(0));
  await file.rotateIfDue();
  now += 0.2 * hour;
  await file.append(line(1));
  await file.close();
  await utimes(path, now / 1000, now / 1000);
  file = await open();
  await file.append(line(2));
  await file.close();
  await utimes(path, now / 1000, now / 1000);
  now += hour;
  file = await open();
  await file.append(line(3));
  now += hour;
  await file.rotateIfDue();
  await file.rotateIfDue();
  await file.close();
  const files = (await readdir(folder)).sort();
  assert.deepEqual(files, [
    "events-20261123T130600000Z.jsonl",
    "events-20261123T140600000Z.jsonl",
    "events-20261123T150600000Z.jsonl",
  ]);
  const sizes = await Promise.all(files.map(async (name) => (await stat(join(folder, name))).size / line(0).length));
  assert.deepEqual(sizes, [1, 2, 1]);
});

test("what a crash leaves at any point of compressing is brought to its end", async () => {
  const folder = newFolder();
  const path = join(folder, "events.jsonl");
  const file = await RotatingFile.open(path, { size: 100, gzip: true, now: () => noon });
  for (let n = 0; n < 3; n++) await file.append(line(n));
  await file.idle();
  await file.close();
  const [first = "", second = ""] = (await readdir(folder)).sort();
  const raw = (name: string) => join(folder, name.replace(/\.gz$/, ""));
  await writeFile(raw(first), line(0)); // Compressed, and not yet removed.
  await writeFile(raw(second), line(1)); // Half compressed.
  await writeFile(join(folder, `${second}.part`), "half");
  await rm(join(folder, second));
  await writeFile(join(folder, "events-of-somebody-else.jsonl"), "left alone");
  const again = await RotatingFile.open(path, { size: 100, gzip: true, now: () => noon - hour });
  await again.append(line(3));
  await again.idle();
  await again.close();
  assert.deepEqual((await readdir(folder)).sort(), [
    "events-20261123T120000000Z.jsonl.gz",
    "events-20261123T120000001Z.jsonl.gz",
    "events-20261123T120000002Z.jsonl.gz",
    "events-of-somebody-else.jsonl",
    "events.jsonl",
  ]);
  await rm(join(folder, "events-of-somebody-else.jsonl"));
  assert.deepEqual(await numbersIn(folder), [0, 1, 2, 3]);
});

/**
 * The real file system, in a process that dies before its nth call, and after half of it where it
 * writes. `cutPower` then takes away what was written and not synced.
 */
function dying(after: number): { system: LineFileSystem; died: () => boolean; cutPower: () => Promise<void> } {
  let left = after;
  let dead = false;
  /** Files with bytes that are not synced, and how long each was before them. */
  const unsynced = new Map<string, number>();
  async function call<T>(real: () => Promise<T>, half?: () => Promise<unknown>): Promise<T> {
    if (!dead && left-- <= 0) {
      dead = true;
      await half?.();
    }
    if (dead) throw new Error("the process is dead");
    return real();
  }
  const handle = (path: string, inner: LineHandle): LineHandle =>
    ({
      stat: () => call(() => inner.stat()),
      read: (...args: Parameters<LineHandle["read"]>) => call(() => inner.read(...args)),
      write: async (bytes: Buffer, offset = 0, length = bytes.length - offset) => {
        if (!dead && !unsynced.has(path)) unsynced.set(path, (await inner.stat()).size);
        return call(
          () => inner.write(bytes, offset, length),
          () => inner.write(bytes, offset, length >> 1),
        );
      },
      truncate: (size: number) => call(() => inner.truncate(size)),
      datasync: async () => {
        await call(() => inner.datasync());
        unsynced.delete(path);
      },
      // The system closes what a process leaves open.
      close: () => inner.close(),
    }) as unknown as LineHandle;
  const { open, create, rename, remove, list } = nodeLineFileSystem;
  const system: LineFileSystem = {
    open: (path) => call(async () => handle(path, await open(path))),
    create: (path) => call(async () => handle(path, await create(path))),
    rename: async (from, to) => {
      await call(() => rename(from, to));
      const size = unsynced.get(from);
      if (size !== undefined) unsynced.set(to, size);
      unsynced.delete(from);
    },
    remove: async (path) => {
      await call(() => remove(path));
      unsynced.delete(path);
    },
    list: (path) => call(() => list(path)),
  };
  const cutPower = async (): Promise<void> => {
    for (const [path, size] of unsynced) await truncate(path, size);
  };
  return { system, died: () => dead, cutPower };
}

test("whenever the process dies or the power goes, every line that was appended is there once, in order", async () => {
  const rotation: fc.Arbitrary<Rotation> = fc.record({
    size: fc.constantFrom(undefined, 100, 250, 400),
    every: fc.constantFrom(undefined, 1000),
    gzip: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(
      rotation,
      fc.array(fc.tuple(fc.nat(60), fc.boolean()), { minLength: 1, maxLength: 4 }),
      async (options, lives) => {
        const folder = newFolder();
        const path = join(folder, "events.jsonl");
        let next = 0;
        let now = noon;
        const live = async (system: LineFileSystem, appends: number) => {
          const file = await RotatingFile.open(path, { ...options, now: () => now, system });
          try {
            for (let end = next + appends; next < end; now += 300) {
              await file.append(line(next));
              next++;
            }
            await file.idle();
          } finally {
            await file.close();
          }
        };
        for (const [after, isPowerCut] of lives) {
          const { system, died, cutPower } = dying(after);
          await live(system, 12).catch((error: unknown) => assert.ok(died(), String(error)));
          if (isPowerCut) await cutPower();
          const seen = [...new Set(await numbersIn(folder).catch(() => []))];
          // The line under way may be there as well: nobody was told that it is not.
          const expected = Array.from({ length: Math.max(next, seen.length) }, (_, n) => n);
          assert.ok(seen.length <= next + 1, `${seen.length} lines, ${next} appended`);
          assert.deepEqual(seen, expected);
        }
        await live(nodeLineFileSystem, 3);
        assert.deepEqual(
          [...new Set(await numbersIn(folder))],
          Array.from({ length: next }, (_, n) => n),
        );
        const names = await readdir(folder);
        assert.ok(!names.some((name) => name.endsWith(".part")), names.join(" "));
        if (options.gzip)
          assert.ok(
            names.every((name) => name === "events.jsonl" || name.endsWith(".gz")),
            names.join(" "),
          );
      },
    ),
    { numRuns: 60 },
  );
});

test("a compressed file takes its name when it is on disk, and only then the other one goes", async () => {
  const folder = newFolder();
  let now = noon;
  const calls: string[] = [];
  const kindOf = (path: string) =>
    path.endsWith(".part") ? "part" : path.endsWith("events.jsonl") ? "open" : "closed";
  const watched = (path: string, inner: LineHandle): LineHandle =>
    new Proxy(inner, {
      get(target, name: keyof LineHandle) {
        const method = target[name] as ((...args: unknown[]) => unknown) | undefined;
        if (method === undefined) return undefined;
        return (...args: unknown[]) => {
          if (name !== "read" && name !== "stat") calls.push(`${name} ${kindOf(path)}`);
          return method.apply(target, args);
        };
      },
    });
  const system: LineFileSystem = {
    ...nodeLineFileSystem,
    open: async (path) => watched(path, await nodeLineFileSystem.open(path)),
    create: async (path) => watched(path, await nodeLineFileSystem.create(path)),
    rename: async (from, to) => {
      calls.push(`rename ${kindOf(from)}`);
      await nodeLineFileSystem.rename(from, to);
    },
    remove: async (path) => {
      calls.push(`remove ${kindOf(path)}`);
      await nodeLineFileSystem.remove(path);
    },
  };
  const file = await RotatingFile.open(join(folder, "events.jsonl"), {
    every: 1000,
    gzip: true,
    now: () => now,
    system,
  });
  await file.append(line(0));
  now += 1000;
  await file.rotateIfDue();
  await file.idle();
  await file.close();
  assert.deepEqual(
    calls.filter((call, at) => call !== calls[at - 1]),
    [
      "write open",
      "datasync open",
      "close open",
      "rename open",
      "write part",
      "datasync part",
      "close part",
      "close closed",
      "rename part",
      "remove closed",
    ],
  );
});

test("a disk that is full while a large file is compressed costs nothing but time", async () => {
  const folder = newFolder();
  let isFull = true;
  const system: LineFileSystem = {
    ...nodeLineFileSystem,
    async create(path) {
      const handle = await nodeLineFileSystem.create(path);
      const write = handle.write.bind(handle) as (...args: unknown[]) => Promise<unknown>;
      const full = () => Promise.reject(Object.assign(new Error("no space left"), { code: "ENOSPC" }));
      return Object.assign(handle, { write: (...args: unknown[]) => (isFull ? full() : write(...args)) }) as LineHandle;
    },
  };
  const options = { size: 2_000_000, gzip: true, now: () => noon, system };
  const file = await RotatingFile.open(join(folder, "events.jsonl"), options);
  // Random bytes, which cannot be compressed, so that there is more to write than any buffer holds.
  const large = `${JSON.stringify({ n: 0, fill: randomBytes(1_400_000).toString("base64") })}\n`;
  await file.append(large);
  await file.append(line(1));
  await file.append(large.replace('"n":0', '"n":2'));
  await file.idle();
  assert.deepEqual(
    (await readdir(folder)).filter((name) => name.endsWith(".gz")),
    [],
  );
  isFull = false;
  await file.append(line(3));
  await file.append(large.replace('"n":0', '"n":4'));
  await file.idle();
  await file.close();
  assert.deepEqual(await numbersIn(folder), [0, 1, 2, 3, 4]);
  assert.ok((await readdir(folder)).every((name) => name === "events.jsonl" || name.endsWith(".gz")));
});

test("closing breaks off compressing", async () => {
  const folder = newFolder();
  const begun = new EventEmitter();
  const started = once(begun, "read");
  const system: LineFileSystem = {
    ...nodeLineFileSystem,
    async create(path) {
      const handle = await nodeLineFileSystem.create(path);
      begun.emit("read");
      return handle;
    },
  };
  const file = await RotatingFile.open(join(folder, "events.jsonl"), {
    size: 1000,
    gzip: true,
    now: () => noon,
    system,
  });
  await file.append(`${JSON.stringify({ n: 0, fill: randomBytes(3_000_000).toString("base64") })}\n`);
  await file.append(line(1));
  await started;
  await file.close();
  assert.deepEqual(await numbersIn(folder), [0, 1]);
});

test("a file that cannot be closed stays, the append says so, and the next one tries again", async () => {
  const folder = newFolder();
  let error: Error | undefined = new Error("no");
  const system: LineFileSystem = {
    ...nodeLineFileSystem,
    rename: (from, to) => (error === undefined ? nodeLineFileSystem.rename(from, to) : Promise.reject(error)),
  };
  const file = await RotatingFile.open(join(folder, "events.jsonl"), {
    size: 150,
    gzip: false,
    now: () => noon,
    system,
  });
  await file.append(line(0));
  await assert.rejects(file.append(line(1)), /no/);
  error = undefined;
  await file.append(line(1));
  await file.close();
  assert.deepEqual(await numbersIn(folder), [0, 1]);
  assert.equal((await readdir(folder)).length, 2);
});

test("the end of a time closes the file without an append", async () => {
  const folder = newFolder();
  const renamed = new EventEmitter();
  const system: LineFileSystem = {
    ...nodeLineFileSystem,
    async rename(from, to) {
      await nodeLineFileSystem.rename(from, to);
      renamed.emit("renamed");
    },
  };
  const file = await RotatingFile.open(join(folder, "events.jsonl"), { every: 50, gzip: false, now: Date.now, system });
  const closed = once(renamed, "renamed");
  await file.append(line(0));
  // The timer alone keeps no process open.
  const open = setInterval(() => {}, 1000);
  await closed;
  clearInterval(open);
  await file.close();
  assert.deepEqual(await numbersIn(folder), [0]);
});
