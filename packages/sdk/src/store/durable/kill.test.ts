/**
 * A real program in durable mode, ended by SIGKILL again and again. PINTLE_KILLS says how often; 20
 * unless given.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { type Answer, FakeDataPlane } from "../../testing/index.ts";

const program = fileURLToPath(new URL("./kill.test.child.js", import.meta.url));
const kills = Number(process.env.PINTLE_KILLS ?? 20);

/** The server is well, failing and hanging by turns. */
const answers: readonly Answer[] = [200, 503, "hang", 200];
const phases = ["before", "during", "after"];

interface Life {
  readonly signal: NodeJS.Signals | null;
  readonly lines: readonly string[];
  readonly errors: string;
}

/**
 * Runs the program until it ends, by itself or killed from outside after so many milliseconds since
 * its first word.
 */
async function live(args: readonly string[], killAfter: number | undefined): Promise<Life> {
  const child = spawn(process.execPath, ["--unhandled-rejections=strict", program, ...args]);
  child.stdin.end();
  const lastResort = (): void => void child.kill("SIGKILL");
  process.once("exit", lastResort);
  let output = "";
  let errors = "";
  let timer: NodeJS.Timeout | undefined;
  child.stdout.setEncoding("utf8").on("data", (part: string) => {
    output += part;
    if (killAfter !== undefined) timer ??= setTimeout(lastResort, killAfter);
  });
  child.stderr.setEncoding("utf8").on("data", (part: string) => {
    errors += part;
  });
  const deadline = setTimeout(lastResort, 120_000);
  const [, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
  clearTimeout(timer);
  clearTimeout(deadline);
  process.off("exit", lastResort);
  // What it wrote last may be cut off.
  const lines = output.slice(0, output.lastIndexOf("\n") + 1).split("\n");
  return { signal, lines: lines.filter((line) => line !== ""), errors };
}

test(`a program that is ended by SIGKILL ${kills} times loses nothing that was stored`, async (t) => {
  const directory = await mkdtemp(join(tmpdir(), "pintle-durable-"));
  t.after(() => rm(directory, { recursive: true, force: true }));
  await using plane = await FakeDataPlane.start();

  const stored = new Map<string, { readonly user: string; readonly n: number }>();
  /** The life in which a message was told as delivered. */
  const toldIn = new Map<string, number>();
  /** How many messages there were at the end of each life. */
  const receivedBy: number[] = [];
  let signals = 0;
  for (let life = 0; life <= kills; life++) {
    const isLast = life === kills;
    plane.otherwise(isLast ? 200 : answers[life % answers.length]!);
    const atOperation = !isLast && life % 2 === 0;
    // Early ones fall into opening and recovery, later ones into the middle of work.
    const operation = atOperation ? String((life * 13) % 120) : "-1";
    const killAfter = isLast || atOperation ? undefined : (life * 37) % 400;
    const count = isLast ? 100 : 1_000_000;
    const args = [
      directory,
      plane.url,
      String(life * 1_000_000),
      operation,
      phases[((life / 2) % 3) | 0]!,
      String(count),
    ];
    const { signal, lines, errors } = await live(args, killAfter);
    if (signal !== null) signals++;
    assert.equal(errors, "");
    for (const line of lines) {
      const [what, id = "", user = "", n] = line.split(" ");
      if (what === "s") stored.set(id, { user, n: Number(n) });
      if (what === "d") toldIn.set(id, life);
    }
    await plane.until(() => plane.connections.open === 0);
    receivedBy.push(plane.messages.length);
    if (isLast) assert.equal(lines.at(-1), "end 0", "in the end nothing waits");
  }
  assert.equal(signals, kills, "every life but the last was ended by SIGKILL");
  assert.ok(stored.size > kills, `enough was stored: ${stored.size}`);

  /** The life in which each message was answered with 2xx. */
  const receivedIn = new Map<string, number[]>();
  const lastOfUser = new Map<string, number>();
  let life = 0;
  let twice = 0;
  for (const [at, { messageId, userId, properties }] of plane.messages.entries()) {
    while (at >= receivedBy[life]!) life++;
    const before = receivedIn.get(messageId);
    if (before !== undefined) {
      twice++;
      before.push(life);
      continue;
    }
    receivedIn.set(messageId, [life]);
    const n = (properties as { n: number }).n;
    assert.ok(n > (lastOfUser.get(String(userId)) ?? -1), `message ${n} of ${userId} in order`);
    lastOfUser.set(String(userId), n);
  }
  const lost = [...stored].filter(([id]) => !receivedIn.has(id));
  assert.deepEqual(lost, [], "stored, and not delivered under its first id");
  for (const [id, lives] of receivedIn) {
    assert.equal(new Set(lives).size, lives.length, `${id} was answered twice with 2xx in one life`);
    const told = toldIn.get(id) ?? Number.POSITIVE_INFINITY;
    assert.ok(lives.at(-1)! <= told, `${id} came again after its acknowledgement had been written`);
  }
  t.diagnostic(`${stored.size} stored, ${receivedIn.size} delivered, ${twice} of them twice`);
});
