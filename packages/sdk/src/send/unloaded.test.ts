/** Where the code for responses cannot be loaded, nothing is lost, and it is asked for again. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { FakeDataPlane } from "../testing/index.ts";

const run = promisify(execFile);
const program = fileURLToPath(new URL("./unloaded.test.child.js", import.meta.url));

for (const failures of [0, 1, 2]) {
  test(`a refused message is sent again ${failures} times, until the code for its answer is there`, async () => {
    await using plane = await FakeDataPlane.start();
    for (let count = 0; count <= failures; count++) plane.script({ status: 400, body: "no such event" });
    const { stdout, stderr } = await run(process.execPath, [program, plane.url, String(failures)]);
    assert.equal(stderr, "");
    const { errors, ...ends } = JSON.parse(stdout) as { errors: string[] };
    assert.deepEqual(ends, { bad: "dropped", good: "delivered" });
    assert.equal(plane.requests.length, failures + 2);
    assert.equal(errors.length, failures);
    for (const error of errors) assert.match(error, /status 400, and the code for it cannot be loaded/);
  });
}
