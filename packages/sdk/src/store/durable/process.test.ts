/** Durable mode in real processes, on a real disk. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { FakeDataPlane } from "../../testing/index.ts";

const program = fileURLToPath(new URL("./program.test.child.js", import.meta.url));
const worker = fileURLToPath(new URL("./kill.test.child.js", import.meta.url));

async function folder(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "pintle-durable-"));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

interface Ended {
  readonly code: number | null;
  readonly lines: readonly unknown[];
}

/** Runs a program to its end, under the strictest rule for rejections that nobody handles. */
async function run(name: string, directory: string, url: string): Promise<Ended> {
  const args = ["--unhandled-rejections=strict", program, name, directory, url];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const lastResort = (): void => void child.kill("SIGKILL");
  process.once("exit", lastResort);
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (part: string) => {
    output += part;
  });
  const deadline = setTimeout(lastResort, 60_000);
  const [code] = (await once(child, "close")) as [number | null];
  clearTimeout(deadline);
  process.off("exit", lastResort);
  const lines = output.split("\n").filter((line) => line !== "");
  return { code, lines: lines.map((line) => JSON.parse(line) as unknown) };
}

describe("a program in durable mode", () => {
  test("that ends by itself leaves on disk what cannot be delivered, and the next one delivers it", async (t) => {
    const directory = await folder(t);
    await using plane = await FakeDataPlane.start();
    await plane.refuse();
    const first = await run("ends", directory, plane.url);
    assert.equal(first.code, 0);
    const [{ ids }, stats] = first.lines as [{ ids: string[] }, unknown];
    assert.deepEqual(stats, { accepted: 100, delivered: 0, pending: 100 });
    await plane.accept();
    assert.deepEqual(await run("delivers", directory, plane.url), { code: 0, lines: [100] });
    assert.deepEqual(
      plane.messages.map(({ messageId }) => messageId),
      ids,
    );
    assert.deepEqual(await run("delivers", directory, plane.url), { code: 0, lines: [0] });
  });

  test("may wait for stored() at its top level", async (t) => {
    await using plane = await FakeDataPlane.start();
    assert.deepEqual(await run("waits", await folder(t), plane.url), { code: 0, lines: [{ stored: true }] });
    assert.equal(plane.messages.length, 1);
  });

  test("loses by process.exit() only what was not stored, and is told", async (t) => {
    const directory = await folder(t);
    await using plane = await FakeDataPlane.start();
    await plane.refuse();
    const ended = await run("exits", directory, plane.url);
    assert.deepEqual(ended, { code: 3, lines: [{ event: "not stored", reason: "abandoned" }] });
    await plane.accept();
    assert.deepEqual(await run("delivers", directory, plane.url), { code: 0, lines: [1] });
  });

  test("lives where the folder cannot be made", async (t) => {
    const directory = await folder(t);
    await writeFile(join(directory, "file"), "in the way");
    await using plane = await FakeDataPlane.start();
    const { code, lines } = await run("waits", join(directory, "file", "events"), plane.url);
    assert.equal(code, 0);
    assert.deepEqual(lines, [{ error: "PINTLE_DURABLE_UNAVAILABLE" }, { stored: false }]);
    assert.equal(plane.messages.length, 1);
  });

  test("writes neither the key nor anything that others may read", async (t) => {
    const directory = await folder(t);
    await using plane = await FakeDataPlane.start();
    await run("waits", join(directory, "events"), plane.url);
    const names = await readdir(join(directory, "events"), { recursive: true });
    assert.deepEqual(
      names.filter((name) => name.includes("lock")),
      [],
      "locks are gone with their process",
    );
    assert.match(
      await readFile(join(directory, "events", "pintle-durable"), "utf8"),
      /^\{"format":1,"owner":"[0-9a-f]{64}"\}\n$/,
    );
  });
});

test("four processes share a folder; when one is killed another adopts its slot, and nothing is lost or doubled", async (t) => {
  const directory = await folder(t);
  await using plane = await FakeDataPlane.start({ otherwise: 503 });
  const children: ChildProcess[] = [];
  t.after(() => {
    for (const child of children) child.kill("SIGKILL");
  });
  const stored = new Map<string, { readonly process: number; readonly user: string; readonly n: number }>();
  const told = new Set<string>();
  const outputs = ["", "", "", ""];
  let wake = (): void => {};
  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  const countOf = (of: number): number => [...stored.values()].filter(({ process }) => process === of).length;
  for (const [index] of outputs.entries()) {
    const args = [directory, plane.url, String(index * 100_000), "-1", "before", "1500"];
    // An answer that a busy machine keeps back for longer than the time-out would be a reason to
    // send twice.
    const env = { ...process.env, PINTLE_RATE: "2000", PINTLE_ADOPT: "100", PINTLE_TIMEOUT: "30000" };
    const child = spawn(process.execPath, [worker, ...args], {
      env,
      stdio: ["pipe", "pipe", "inherit"],
    });
    children.push(child);
    child.stdout!.setEncoding("utf8").on("data", (part: string) => {
      const lines = (outputs[index] + part).split("\n");
      outputs[index] = lines.pop()!;
      for (const line of lines) {
        const [what, id = "", user = "", n] = line.split(" ");
        if (what === "s") stored.set(id, { process: index, user: `${index} ${user}`, n: Number(n) });
        if (what === "d") told.add(id);
        if (what === "end") assert.equal(id, "0", "nothing is left in the end");
      }
      wake();
    });
  }

  await until(() => [0, 1, 2, 3].every((index) => countOf(index) > 200));
  const killed = once(children[0]!, "close");
  children[0]!.kill("SIGKILL");
  await killed;
  plane.otherwise(200);
  // The others are alive: one of them delivers what the one that is gone has stored.
  await plane.until(() => {
    const received = new Set(plane.messages.map(({ messageId }) => messageId));
    return [...stored].every(([id, { process }]) => process !== 0 || received.has(id));
  });
  const ends = children.slice(1).map((child) => once(child, "close"));
  for (const child of children.slice(1)) child.stdin!.end();
  assert.deepEqual(await Promise.all(ends), [
    [0, null],
    [0, null],
    [0, null],
  ]);

  const times = new Map<string, number>();
  const lastOfUser = new Map<string, number>();
  for (const { messageId, userId, properties } of plane.messages) {
    times.set(messageId, (times.get(messageId) ?? 0) + 1);
    const n = (properties as { n: number }).n;
    const user = `${Math.floor(n / 100_000)} ${userId}`;
    if (times.get(messageId) === 1) assert.ok(n > (lastOfUser.get(user) ?? -1), `message ${n} of ${user} in order`);
    lastOfUser.set(user, n);
  }
  assert.deepEqual(
    [...stored.keys()].filter((id) => !times.has(id)),
    [],
    "lost",
  );
  const doubled = [...times].filter(([, count]) => count > 1).map(([id]) => id);
  // All answers before the kill were 503, so no acknowledgement was cut off.
  assert.deepEqual(doubled, []);
});
