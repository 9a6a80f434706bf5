import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import fc from "fast-check";
import { markBytes, RunningFile } from "./running-file.ts";

const folder = mkdtempSync(join(tmpdir(), "pintle-running-"));
after(() => rmSync(folder, { recursive: true }));

/** What the next life knows if everything ends now. */
function leftBy(path: string) {
  const copy = `${path}.copy`;
  copyFileSync(path, copy);
  const next = new RunningFile(copy);
  next.close();
  return next.left;
}

test("whichever of two batches the event is in that runs, the next life knows it", () => {
  const id = fc.record({ source: fc.string(), messageId: fc.string({ unit: "binary" }) }, { noNullPrototype: true });
  const ids = fc.array(id, { minLength: 1 });
  const path = join(folder, "hook.running");
  fc.assert(
    fc.property(fc.array(ids, { minLength: 1, maxLength: 3 }), fc.nat(), (batches, which) => {
      const running = new RunningFile(path);
      try {
        assert.equal(leftBy(path), undefined);
        for (const [number, batch] of batches.entries()) {
          assert.equal(running.begin(number, batch, false), true);
          for (const runs of [number - 1, number].filter((each) => each >= 0)) {
            const index = which % batches[runs]!.length;
            writeSync(running.fd, Uint32Array.of(index, 1, runs, which % 1000), 0, markBytes, 0);
            assert.deepEqual(running.mark(), { batch: runs, index, count: 1, ran: which % 1000 });
            assert.deepEqual(leftBy(path), batches[runs]![index]);
          }
        }
        running.clear();
        assert.equal(leftBy(path), undefined);
      } finally {
        running.close();
      }
    }),
    { numRuns: 10 },
  );
});

test("a batch with long ids is named when it is alone, and takes no other one's place", () => {
  const path = join(folder, "long.running");
  const running = new RunningFile(path);
  const first = [{ source: "shop", messageId: "m" }];
  const long = [{ source: "shop", messageId: "x".repeat(20_000) }];
  running.begin(1, first, false);
  assert.equal(running.begin(2, long, false), false);
  writeSync(running.fd, Uint32Array.of(0, 1, 1, 0), 0, markBytes, 0);
  assert.deepEqual(leftBy(path), first[0]);
  assert.equal(running.begin(2, long, true), true);
  writeSync(running.fd, Uint32Array.of(0, 2, 2, 0), 0, markBytes, 0);
  assert.deepEqual(leftBy(path), long[0]);
  // Its place was run over: what is left there is none of its batch.
  writeSync(running.fd, Uint32Array.of(0, 3, 1, 0), 0, markBytes, 0);
  assert.equal(leftBy(path), undefined);
  running.close();
});
