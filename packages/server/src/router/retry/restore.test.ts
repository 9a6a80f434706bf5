import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { AssignedPartition, EngineRecord } from "../../engine/engine.ts";
import { encodeSlice } from "../../records/retry-record.ts";
import { newPartitionState } from "../ledger/partition.ts";
import { finishKnown, restore } from "./restore.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

const lanes = 200;
const perLane = 500;

/**
 * Record `lane` of the retry topic: events of its own user, which stand one behind the other in
 * `events`.
 */
function recordOf(lane: number): EngineRecord {
  const facts = Array.from({ length: perLane }, (_, index) => ({
    partition: 0,
    offset: lane * perLane + index,
    index: 0,
    sourceId: "shop",
    keyHash: lane + 1,
    time: 1,
    attempts: 0,
  }));
  return { partition: 0, offset: lane, time: 1, ...encodeSlice({ lane: lane + 1, pass: 0, facts }, []) };
}

function partition(facts: Partial<AssignedPartition>): AssignedPartition {
  const nothing = {
    topic: "retry.d",
    partition: 0,
    progress: undefined,
    start: () => 0,
    save: () => {},
    wait: async () => {},
  };
  return { ...nothing, end: () => 0, read: async (from) => ({ records: [], next: from }), ...facts };
}

test("at a start nothing is kept of parked events but their records; which they are is read where it matters", async () => {
  const reads: number[] = [];
  const topic = partition({
    end: () => lanes,
    read: async (from) => {
      reads.push(from);
      const records = Array.from({ length: Math.min(5, lanes - from) }, (_, at) => recordOf(from + at));
      return { records, next: from + records.length };
    },
  });
  collect();
  const before = process.memoryUsage();
  const state = newPartitionState(topic, 0);
  const restored = await restore(state);
  collect();
  const after = process.memoryUsage();
  const kept = after.heapUsed + after.external - before.heapUsed - before.external;
  assert.ok(kept < 20 * lanes * perLane, `${kept} bytes for ${lanes * perLane} events in ${lanes} records`);
  assert.equal(restored.lanes.length, lanes);

  // All but the last seven and a half records stand below the position in `events`.
  reads.length = 0;
  const low = (lanes - 8) * perLane + perLane / 2;
  const saved: number[] = [];
  const events = partition({
    progress: { low, finished: [] },
    save: ({ finished }) => void saved.push(finished.length),
  });
  const its = newPartitionState(events, low);
  await finishKnown(restored.known, its);
  const expected = Array.from({ length: 7.5 * perLane }, (_, at) => [low + at, 0]);
  assert.deepEqual([...its.finishedBefore], expected);
  assert.deepEqual([reads, saved], [[lanes - 8, lanes - 3], [expected.length]]);
});
