import assert from "node:assert/strict";
import { test } from "node:test";
import { LogError } from "./errors.ts";
import { Log } from "./log.ts";
import { FakeFileSystem, type OperationKind, systemError } from "./testing/fake-file-system.ts";
import { numberOf, payloadOf, readAll } from "./testing/harness.ts";

const directory = "/data/events";
const none = new Uint8Array(0);
/** What takes room. */
const taking: ReadonlySet<OperationKind> = new Set([
  "open",
  "makeDirectory",
  "write",
  "sync",
  "truncate",
  "syncDirectory",
]);
const appends = 12;

/** Enough for several segments. */
async function run(fs: FakeFileSystem, now: () => number): Promise<{ log: Log | undefined; stored: number[] }> {
  const stored: number[] = [];
  const opened = await Log.open(directory, {
    fs: fs.process(),
    now,
    segmentBytes: 8192,
    firstSegmentBytes: 4096,
  }).catch((error: unknown) => {
    assert.equal((error as { code: string }).code, "ENOSPC");
    return undefined;
  });
  for (let n = 0; n < appends; n++) {
    await opened?.append(none, payloadOf(n, 1500)).then(
      () => stored.push(n),
      (error: unknown) => assert.ok(error instanceof LogError && error.retryable, String(error)),
    );
  }
  return { log: opened, stored };
}

test("the disk is full from any operation on, for good or for one: with room again nothing is lost, and nothing is called damaged", async () => {
  const whole = new FakeFileSystem();
  await (await run(whole, () => 0)).log?.close();
  const operations = whole.operations.length;
  assert.ok(operations > 40, String(operations));
  let broken = 0;
  for (let from = 0; from < operations; from++) {
    for (const isForGood of [true, false]) {
      const fs = new FakeFileSystem();
      let at = 0;
      let now = 0;
      fs.interference = ({ kind, path }) => {
        const number = at++;
        if (taking.has(kind) && (isForGood ? number >= from : number === from))
          throw systemError("ENOSPC", `${kind} ${path}`);
      };
      const { log, stored } = await run(fs, () => now);
      const where = `full from operation ${from} on${isForGood ? "" : ", once"}`;
      if (log !== undefined) {
        // Within a second of a failure nothing is tried again.
        now += 1000;
        if (stored.length < appends && isForGood) {
          broken++;
          await assert.rejects(log.revive(), (error: unknown) => error instanceof LogError && error.retryable, where);
        }
        fs.interference = () => {};
        now += 1000;
        await assert.doesNotReject(log.revive(), where);
        await log.append(none, payloadOf(100, 10));
        stored.push(100);
        const { records, damage } = await readAll(log, fs);
        assert.deepEqual(
          [records.map(numberOf), damage.filter(({ remains }) => remains !== true)],
          [stored, []],
          where,
        );
        await log.close();
        await assert.rejects(log.revive(), { code: "PINTLE_LOG_CLOSED" });
      }
      fs.interference = () => {};
      fs.crash();
      const again = await Log.open(directory, { fs: fs.process(), now: () => 2000 });
      const { records, damage } = await readAll(again, fs);
      const lost = stored.filter((number) => !records.map(numberOf).includes(number));
      assert.deepEqual([lost, damage.filter(({ remains }) => remains !== true)], [[], []], `${where}, after a crash`);
      await again.close();
    }
  }
  assert.ok(broken > 10, `${broken} states in which it took nothing`);
});
