import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { EventError, eventErrors } from "../../packages/events/dist/index.js";
import { sendErrors } from "../../packages/kit/dist/send-errors.js";
import { logErrors } from "../../packages/log/dist/index.js";
import { PintleError, sdkErrors } from "../../packages/sdk/dist/errors.js";
import { responseErrors } from "../../packages/sdk/dist/send/response-errors.js";
import { durableError, durableErrors } from "../../packages/sdk/dist/store/durable/durable-errors.js";
import { serverErrors } from "../../packages/server/dist/errors.js";

/** Whether the same may succeed later, by code: all that the tables of the packages have. */
const retryable = Object.fromEntries([
  ...Object.keys(eventErrors).map((code) => [code, new EventError(code, "track", "", undefined).retryable]),
  ...Object.keys(sdkErrors).map((code) => [code, new PintleError(code, "").retryable]),
  ...Object.keys(durableErrors).map((code) => [code, durableError(code, "").retryable]),
  ...Object.entries({ ...responseErrors, ...serverErrors, ...sendErrors, ...logErrors }).map(([code, error]) => [
    code,
    error.retryable,
  ]),
]);
const page = readFileSync(new URL("../../docs/errors.md", import.meta.url), "utf8");
const rows = [...page.matchAll(/^\| `(PINTLE_\w+)` \| (.+) \| (.+) \| (yes|no) \|$/gm)];

test("docs/errors.md has every code once, and no other", () => {
  assert.deepEqual(rows.map(([, code]) => code).sort(), Object.keys(retryable).sort());
  // In the text around the tables, too.
  for (const [code] of page.matchAll(/PINTLE_\w*[A-Z]/g)) assert.ok(code in retryable, code);
});

test("docs/errors.md says of each what the package says: whether to try again", () => {
  for (const [, code, , , again] of rows) assert.equal(again === "yes", retryable[code], code);
});
