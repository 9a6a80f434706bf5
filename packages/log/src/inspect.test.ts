import assert from "node:assert/strict";
import { test } from "node:test";
import { inspectLog, verifyLog } from "./inspect.ts";
import { Log } from "./log.ts";
import { ProgressFile } from "./progress-file.ts";
import { renderInspection } from "./render-inspection.ts";
import { FakeFileSystem } from "./testing/fake-file-system.ts";
import { epochs, payloadOf, settle } from "./testing/harness.ts";

const directory = "/data/events";
const none = new Uint8Array(0);
const start = Date.UTC(2026, 0, 2, 3, 4, 5);

async function example(): Promise<FakeFileSystem> {
  const fs = new FakeFileSystem();
  let now = start;
  const log = await Log.open(directory, {
    fs,
    now: () => now,
    random: epochs(),
    segmentBytes: 8192,
    firstSegmentBytes: 4096,
  });
  for (let number = 0; number < 12; number++) {
    await log.append(none, payloadOf(number, 1000));
    now += 1000;
  }
  await settle();
  const hook = await ProgressFile.open(`${directory}/progress/hook`, { fs });
  hook.save({
    low: 9,
    finished: [
      [10, 0],
      [10, 1],
    ],
  });
  await hook.flush();
  await ProgressFile.open(`${directory}/progress/new`, { fs });
  return fs;
}

test("an inspection tells segments, times and what consumers still have to read, without writing anything", async () => {
  const fs = await example();
  const before = fs.operations.length;
  const inspection = await inspectLog(directory, { fs });
  const writing = new Set(["write", "truncate", "remove", "sync", "makeDirectory", "syncDirectory"]);
  assert.deepEqual(
    fs.operations.slice(before).filter(({ kind }) => writing.has(kind)),
    [],
  );
  assert.equal(inspection.start, 0);
  assert.equal(inspection.end, 12);
  assert.deepEqual(inspection.damage, []);
  assert.deepEqual(inspection.consumers, [{ group: "hook", low: 9, finishedAbove: 2, behind: 3, since: start + 9000 }]);
  assert.equal(
    renderInspection(inspection, start + 69_000),
    [
      "/data/events",
      "offsets 0 to 12 (exclusive), 3 segments, 18.4 KiB",
      "",
      "segment                  offsets  records  size     first record          last record",
      "0000000001.seg           0..3     -        3.2 KiB  2026-01-02T03:04:05Z  2026-01-02T03:04:07Z",
      "0000000002.seg           3..10    -        7.2 KiB  2026-01-02T03:04:08Z  2026-01-02T03:04:14Z",
      "0000000003.seg (active)  10..12   2        8.0 KiB  2026-01-02T03:04:15Z  2026-01-02T03:04:16Z",
      "",
      "consumer  position  finished above  behind  for",
      "hook      9         2               3       60 s",
      "",
      "no damage",
      "",
    ].join("\n"),
  );
});

test("a verification counts every record and tells damage with its offset", async () => {
  const fs = await example();
  fs.flipBit(`${directory}/0000000002.seg`, 128 + 60, 1);
  fs.flipBit(`${directory}/0000000002.seg`, 20, 1);
  const inspection = await verifyLog(directory, { fs });
  assert.deepEqual(
    inspection.segments.map(({ records }) => records),
    [3, 6, 2],
  );
  const text = renderInspection(inspection, start);
  assert.match(text, /0000000002\.seg at byte 128, 1040 bytes: record 3 is damaged\n/);
  assert.match(text, /0000000002\.seg at byte 0, 128 bytes: header is damaged\n/);
});

test("what an interrupted write left is told from damage", async () => {
  const fs = await example();
  const log = await Log.open(directory, { fs: fs.process(), now: () => start });
  fs.interference = ({ kind }) => (kind === "sync" ? new Promise(() => {}) : undefined);
  void log.append(none, payloadOf(12, 3000));
  await settle();
  // The process dies, and of the write only the first 100 bytes are there.
  fs.kill();
  const path = `${directory}/0000000003.seg`;
  const content = fs.contentOf(path);
  fs.put(path, content.fill(0, 128 + 2 * 1040 + 100));
  fs.interference = () => {};
  const { damage, end } = await verifyLog(directory, { fs });
  assert.equal(end, 12);
  assert.deepEqual(
    damage.map(({ acknowledged, from }) => ({ acknowledged, from })),
    [{ acknowledged: false, from: 12 }],
  );
  assert.match(renderInspection(await inspectLog(directory, { fs }), 0), /perhaps what an interrupted write left/);
});

test("a folder that is not there is an empty log", async () => {
  const inspection = await inspectLog("/nowhere", { fs: new FakeFileSystem() });
  assert.deepEqual(inspection.segments, []);
  assert.equal(inspection.end, 0);
});
