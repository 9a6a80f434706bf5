import assert from "node:assert/strict";
import { test } from "node:test";
import { bundle, gzipped, mostAtStart } from "../../bench/bundle.mjs";

test(`what a program loads at its start from the SDK's fetch build has at most ${mostAtStart} bytes, gzipped`, async () => {
  const [start, ...later] = await bundle("browser", ["browser"]);
  assert.ok(gzipped(start) <= mostAtStart, `${gzipped(start)} bytes: npm run bench -- bundle`);
  // Otherwise the goal would be reached by leaving out what sends.
  assert.ok(later.length > 0);
});
