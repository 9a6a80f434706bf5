import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { EngineRecord } from "./engine.ts";
import { seek } from "./seek.ts";

test("the first record at a time or later is found, whatever gaps there are, in few reads", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ gap: fc.integer({ min: 1, max: 5 }), later: fc.nat(3) }), { maxLength: 200 }),
      fc.nat(300),
      async (steps, time) => {
        const records: EngineRecord[] = [];
        let [offset, now] = [10, 0];
        for (const { gap, later } of steps) {
          offset += gap;
          now += later;
          records.push({ partition: 0, offset, time: now, header: new Uint8Array(0), payload: new Uint8Array(0) });
        }
        let reads = 0;
        const end = offset + 1;
        const found = await seek({ start: 10, end }, time, async (from) => {
          reads++;
          return records.find((each) => each.offset >= from);
        });
        // Where a reader that begins there comes upon its first record.
        const first = records.find((each) => each.offset >= found);
        assert.equal(
          first,
          records.find((each) => each.time >= time),
        );
        assert.ok(reads <= 12, `${reads} reads of ${records.length} records`);
      },
    ),
  );
});
