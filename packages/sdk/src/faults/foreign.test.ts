/**
 * No function that is called for the program ends it, whatever it does: each in each way, in a
 * process under the strictest rule.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { FakeDataPlane } from "../testing/index.ts";

const programFile = fileURLToPath(new URL("./foreign.test.child.js", import.meta.url));
const run = promisify(execFile);

const functions = [
  "listeners",
  "logger",
  "waitUntil",
  "beforeSend",
  "transport",
  "transport, on fetch",
  "an answer",
  "a header of an answer",
  "validator",
  "a validator's answer",
  "a message",
  "the adapters' options",
  "a callback of RudderStack's SDK",
  "the signal of a flush",
];
const ways = [
  "throws",
  "throws what has no text",
  "throws a symbol as its message",
  "rejects",
  "rejects with nothing",
  "gives a thenable that rejects",
  "gives a thenable that throws",
];

describe("a program lives on", () => {
  for (const name of functions) {
    test(`when it is ${name} that fails`, async () => {
      await using plane = await FakeDataPlane.start();
      // The first is answered; what comes later is kept, tried, and given up.
      plane.script(200).otherwise(401);
      const args = ["--unhandled-rejections=strict", programFile, name, plane.url, ...ways];
      const { stdout, stderr } = await run(process.execPath, args, { timeout: 60_000 });
      assert.equal(stdout, `${ways.join("\n")}\n`, stderr);
      assert.equal(stderr, "");
    });
  }
});
