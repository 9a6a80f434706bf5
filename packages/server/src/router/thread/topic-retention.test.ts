import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeFileSystem } from "@pintle/log/testing";
import { EmbeddedEngine } from "../../engine/embedded/embedded-engine.ts";
import type { AssignedPartition } from "../../engine/engine.ts";
import { retentionOf } from "./topic-retention.ts";

const quiet = { debug() {}, info() {}, warn() {}, error() {} };

test("of a retry topic goes what has ended, and of the router's register nothing", async (t) => {
  t.mock.timers.enable({ apis: ["Date"], now: Date.parse("2026-01-01T00:00:00Z") });
  const engine = new EmbeddedEngine({
    directory: "/data",
    owns: () => true,
    fs: new FakeFileSystem().process(),
    logger: quiet,
    retention: retentionOf,
  });
  const partitions = new Map<string, AssignedPartition>();
  for (const topic of ["retry.d", "destinations"]) {
    for (let n = 0; n < 5; n++) await engine.append(topic, { header: Buffer.from("{}"), payload: new Uint8Array(100) });
    await engine.subscribe([topic], "d", {
      assigned: ([partition]) => void partitions.set(topic, partition!),
      revoked: async () => {},
    });
  }
  const [retry, register] = [partitions.get("retry.d")!, partitions.get("destinations")!];
  t.mock.timers.tick(120_000);
  retry.save({ low: 3, finished: [] });
  register.save({ low: 5, finished: [] });
  await engine.retain();
  assert.equal(retry.start(), 0, "two of its records have not ended");
  retry.save({ low: 5, finished: [] });
  await engine.retain();
  await engine.retain();
  assert.deepEqual([retry.start(), register.start()], [5, 0]);
  await engine.close();
});

test("dead letters are kept for a month, up to 5 GB", () => {
  assert.deepEqual(retentionOf("dead.d"), { maxAge: 30 * 24 * 60 * 60 * 1000, maxBytes: 5e9 });
});
