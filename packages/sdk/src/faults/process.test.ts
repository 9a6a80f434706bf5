/**
 * What the SDK must not do to the program that it lives in, each shown with a program of its own.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Stats } from "../index.ts";
import { type Answer, FakeDataPlane } from "../testing/index.ts";

const programFile = fileURLToPath(new URL("./program.test.child.js", import.meta.url));

interface Ended {
  readonly code: number | null;
  /** The signal that ended it. */
  readonly signal: NodeJS.Signals | null;
  readonly lines: readonly unknown[];
  readonly stderr: string;
}

interface RunOptions {
  readonly nodeOptions?: readonly string[];
  /** Sent when it has printed something. */
  readonly signal?: NodeJS.Signals;
}

/** Runs a program to its end, under the strictest rule for rejections that nobody handles. */
async function run(name: string, urls: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const { nodeOptions = [], signal: sent } = options;
  const args = ["--unhandled-rejections=strict", ...nodeOptions, programFile, name, ...urls];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  const lastResort = (): void => void child.kill("SIGKILL");
  process.once("exit", lastResort);
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    if (sent !== undefined && stdout === "") child.kill(sent);
    stdout += chunk;
  });
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    stderr += chunk;
  });
  // A program that is held for ever shows as one that was killed (no exit code), and not as a test
  // without end.
  const deadline = setTimeout(lastResort, 60_000);
  const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
  clearTimeout(deadline);
  process.off("exit", lastResort);
  const lines = stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as unknown);
  return { code, signal, lines, stderr };
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

function assertBalanced(stats: Stats): void {
  assert.equal(stats.offered, stats.accepted + sum(stats.refused));
  assert.equal(stats.accepted, stats.delivered + sum(stats.dropped) + stats.pending);
}

describe("a program with the SDK in it", () => {
  test("survives every behaviour of the server", async () => {
    const statuses = [200, 204, 301, 302, 304, 400, 401, 403, 404, 405, 408, 410, 413, 415, 425, 429, 451];
    statuses.push(500, 501, 502, 503, 504, 505, 599);
    const behaviours: readonly Answer[] = [
      ...statuses,
      "hang",
      "reset",
      { truncated: true },
      { drip: 5, body: "x".repeat(1_000) },
      { status: 429, retryAfter: 100_000 },
      { status: 503, retryAfter: new Date(Date.now() + 86_400_000) },
      { status: 429, headers: { "Retry-After": "soon" } },
      { status: 301, headers: { Location: "http://127.0.0.1:1/" } },
    ];
    const planes = await Promise.all(behaviours.map((otherwise) => FakeDataPlane.start({ otherwise, nodes: 2 })));
    const refusing = await FakeDataPlane.start();
    await refusing.refuse();
    const noHttp = createServer((socket) =>
      socket
        .on("error", () => {})
        .resume()
        .end("no HTTP\r\n\r\n"),
    );
    noHttp.listen(0, "127.0.0.1");
    await once(noHttp, "listening");
    try {
      const { port } = noHttp.address() as { port: number };
      const urls = planes.map((plane) => plane.url);
      urls.push(refusing.url, `http://127.0.0.1:${port}`, "http://data-plane.invalid", `https://127.0.0.1:${port}`);
      for (const program of ["survive", "surviveOnFetch"]) {
        const { code, lines, stderr } = await run(program, urls);
        assert.equal(stderr, "");
        assert.equal(code, 0);
        assert.equal(lines.length, urls.length);
        for (const { stats, outcomes } of lines as { stats: Stats; outcomes: number }[]) {
          assertBalanced(stats);
          assert.equal(stats.pending, 0);
          assert.equal(stats.refused.invalid, 1);
          assert.equal(outcomes, 5);
        }
      }
    } finally {
      noHttp.close();
      await Promise.all(planes.map((plane) => plane.close()));
    }
  });

  test("ends by itself with a client that was never used", async () => {
    const { code, stderr } = await run("unused", ["http://127.0.0.1:1"]);
    assert.deepEqual([code, stderr], [0, ""]);
  });

  test("ends by itself with an idle client, whose connection the server keeps open", async () => {
    await using plane = await FakeDataPlane.start();
    const { code, lines, stderr } = await run("idle", [plane.url]);
    assert.deepEqual([code, stderr], [0, ""]);
    assert.deepEqual(lines, [{ delivered: 1, dropped: 0, pending: 0 }]);
    assert.equal(plane.connections.total, 1);
  });

  test("delivers what is queued when it ends by itself", async () => {
    await using plane = await FakeDataPlane.start();
    const { code, stderr } = await run("ends", [plane.url]);
    assert.deepEqual([code, stderr], [0, ""]);
    assert.equal(plane.messages.length, 100);
  });

  test("is held for exitTimeout, and no longer, where there is no server", async () => {
    await using plane = await FakeDataPlane.start();
    await plane.refuse();
    const { code, lines, stderr } = await run("ends", [plane.url]);
    assert.deepEqual([code, stderr], [0, ""]);
    const [{ held, stats }] = lines as [{ held: number; stats: Stats }];
    assertBalanced(stats);
    assert.deepEqual([stats.delivered, stats.dropped.abandoned, stats.pending], [0, 100, 0]);
    assert.ok(held >= 990, `held for ${held} ms`);
  });

  test("is held for exitTimeout, and no longer, where the server hangs", async () => {
    await using plane = await FakeDataPlane.start({ otherwise: "hang" });
    // An attempt may take an hour here: a program that waited for it would be killed after a
    // minute.
    for (const name of ["ends", "endsWhileSending"]) {
      const { code, lines, stderr } = await run(name, [plane.url]);
      assert.deepEqual([code, stderr], [0, ""]);
      const [{ stats }] = lines as [{ stats: Stats }];
      assertBalanced(stats);
      assert.equal(stats.dropped.abandoned, stats.accepted);
    }
  });

  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    test(`closes on ${signal}, where it asks for that, and the signal has its usual effect afterwards`, async () => {
      await using plane = await FakeDataPlane.start();
      const ended = await run("signalled", [plane.url], { signal });
      assert.deepEqual([ended.code, ended.signal, ended.stderr], [null, signal, ""]);
      assert.equal(plane.messages.length, 20);
    });

    test(`decides itself when to end on ${signal}, where it listens to it`, async () => {
      await using plane = await FakeDataPlane.start();
      const { code, lines, stderr } = await run("signalledAndListening", [plane.url], { signal });
      assert.deepEqual([code, stderr], [7, ""]);
      assert.equal(plane.messages.length, 20);
      assert.deepEqual(lines.at(-1), { delivered: 20 });
    });
  }

  test("loses nothing on SIGTERM where nobody else listens, and ends as it would have", async () => {
    for (const [name, count] of [
      ["terminated", 20],
      ["terminatedBeside", 21],
    ] as const) {
      await using plane = await FakeDataPlane.start();
      const ended = await run(name, [plane.url], { signal: "SIGTERM" });
      assert.deepEqual([ended.code, ended.signal, ended.stderr], [null, "SIGTERM", ""]);
      assert.deepEqual(ended.lines, ["queued"]);
      assert.equal(plane.messages.length, count);
    }
  });

  test("is held for exitTimeout by a SIGTERM, and no longer, and told of what is lost", async () => {
    await using plane = await FakeDataPlane.start({ otherwise: "hang" });
    const ended = await run("terminated", [plane.url], { signal: "SIGTERM" });
    assert.deepEqual([ended.code, ended.signal, ended.stderr], [null, "SIGTERM", ""]);
    assert.deepEqual(ended.lines, ["queued", ...Array.from({ length: 20 }, () => "abandoned")]);
  });

  test("ends on SIGTERM as if there were no SDK where somebody listens, or counts who does; and on SIGINT", async () => {
    await using plane = await FakeDataPlane.start();
    const own = await run("terminatedAndListening", [plane.url], { signal: "SIGTERM" });
    assert.deepEqual([own.code, own.stderr], [7, ""]);
    const counted = await run("terminatedAndCounted", [plane.url], { signal: "SIGTERM" });
    assert.deepEqual([counted.signal, counted.stderr], ["SIGTERM", ""]);
    const interrupted = await run("terminated", [plane.url], { signal: "SIGINT" });
    assert.deepEqual([interrupted.signal, interrupted.stderr], ["SIGINT", ""]);
    assert.equal(plane.messages.length, 0);
  });

  test("has a listener from the first message to the close, and none with closeOnSignals: false", async () => {
    await using plane = await FakeDataPlane.start();
    const { lines, stderr } = await run("listeners", [plane.url]);
    assert.deepEqual([lines, stderr], [[[0, 0, 1, 0]], ""]);
  });

  test("is told what process.exit() has cost it", async () => {
    await using plane = await FakeDataPlane.start();
    const { code, lines, stderr } = await run("exits", [plane.url]);
    assert.deepEqual([code, stderr], [3, ""]);
    assert.deepEqual(lines, ["abandoned 0", "abandoned 1", "abandoned 2"]);
    assert.equal(plane.messages.length, 0);
  });

  test("does not grow by 15 KB of heap for each event that waits", async () => {
    const { code, lines, stderr } = await run("holds", ["http://127.0.0.1:1"], { nodeOptions: ["--expose-gc"] });
    assert.deepEqual([code, stderr], [0, ""]);
    const [{ held, encoded }] = lines as [{ held: number; encoded: number }];
    // Its bytes, and no more than 1 KB around them.
    assert.ok(held < encoded + 1_024, `${held} bytes for an event of ${encoded}`);
  });
});
