/** A thread for the test of reading while writing: is told durable ends, and reads up to each. */
import assert from "node:assert/strict";
import { parentPort, workerData } from "node:worker_threads";
import { LogReader } from "../log-reader.ts";
import { numberOf } from "./harness.ts";

const { directory, total, maxBytes } = workerData as { directory: string; total: number; maxBytes: number };
const reader = await LogReader.open(directory);
let from = 0;
let reading = Promise.resolve();
parentPort!.on("message", (end: number) => {
  reading = reading.then(async () => {
    while (from < end) {
      const { records, next, damage } = await reader.read(from, { end, maxBytes });
      assert.deepEqual(damage, []);
      for (const record of records) {
        assert.equal(record.offset, from++);
        assert.equal(numberOf(record), record.offset);
      }
      assert.equal(next, from);
    }
    if (from < total) return;
    await reader.close();
    parentPort!.postMessage(from);
    parentPort!.close();
  });
});
