import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { verifyLog } from "./inspect.ts";
import { Log } from "./log.ts";
import { nodeFileSystem } from "./node-file-system.ts";
import { numberOf, readAll } from "./testing/harness.ts";

const child = fileURLToPath(new URL("./testing/kill-child.js", import.meta.url));
const appends = 72;

interface Run {
  readonly signal: NodeJS.Signals | null;
  /** Offset by number. */
  readonly acknowledged: Map<number, number>;
  /** Operations of a run to its end. */
  readonly operations: number | undefined;
}

function run(directory: string, fatal: number, phase: string, first: number): Promise<Run> {
  return new Promise((resolve, reject) => {
    const process_ = spawn(process.execPath, [child, directory, String(fatal), phase, String(first)]);
    let output = "";
    let errors = "";
    process_.stdout.setEncoding("utf8").on("data", (part: string) => {
      output += part;
    });
    process_.stderr.setEncoding("utf8").on("data", (part: string) => {
      errors += part;
    });
    process_.on("error", reject);
    process_.on("close", (code, signal) => {
      if (signal === null && code !== 0) return reject(new Error(errors));
      const lines = output.split("\n").filter((line) => line !== "");
      const end = lines.find((line) => line.startsWith("end "));
      const pairs = lines.filter((line) => line !== end).map((line) => line.split(" ").map(Number) as [number, number]);
      resolve({ signal, acknowledged: new Map(pairs), operations: end && Number(end.slice(4)) } as Run);
    });
  });
}

/** What must hold after any number of runs of which each was killed. */
async function check(directory: string, runs: readonly Run[]): Promise<void> {
  const log = await Log.open(directory);
  const { records, damage } = await readAll(log, nodeFileSystem, { maxBytes: 4096 });
  await log.close();
  const found = new Map(records.map((record) => [record.offset, numberOf(record)]));
  const numbers = [...found.values()];
  assert.deepEqual(
    numbers,
    numbers.toSorted((a, b) => a - b),
    "in the order of the appends",
  );
  assert.equal(new Set(numbers).size, numbers.length, "each once");
  for (const { acknowledged } of runs) {
    for (const [number, offset] of acknowledged) {
      if (offset >= log.start) assert.equal(found.get(offset), number, `append ${number}, acknowledged at ${offset}`);
    }
  }
  assert.deepEqual(damage, []);
  assert.deepEqual(
    (await verifyLog(directory)).damage.filter(({ acknowledged }) => acknowledged),
    [],
  );
}

/** All points in CI; elsewhere every seventh, which is another choice in each phase. */
const stride = process.env.PINTLE_REQUIRE_ALL === "1" ? 1 : 7;

for (const [shift, phase] of ["before", "during", "after"].entries()) {
  test(`a process ended by SIGKILL ${phase} any operation on files loses nothing that it acknowledged`, async (t) => {
    const base = await mkdtemp(join(tmpdir(), "pintle-kill-"));
    t.after(() => rm(base, { recursive: true }));
    const whole = await run(join(base, "whole"), -1, phase, 0);
    assert.equal(whole.acknowledged.size, appends);
    await check(join(base, "whole"), [whole]);
    for (let point = shift; point < whole.operations!; point += stride) {
      const directory = join(base, `point-${point}`);
      const first = await run(directory, point, phase, 0);
      // The number of operations differs a little between runs; a run that came to its end was not
      // killed.
      assert.ok(first.signal === "SIGKILL" || first.operations !== undefined);
      await check(directory, [first]);
      // And once more, on what the first one left: recovery is interrupted too.
      const second = await run(directory, point % 17, phase, 1000);
      await check(directory, [first, second]);
      await rm(directory, { recursive: true });
    }
  });
}
