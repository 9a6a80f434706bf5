import assert from "node:assert/strict";
import { test } from "node:test";
import { runInNewContext } from "node:vm";
import { errorMessage } from "./error-message.ts";

const said: [what: string, thrown: unknown, message: string][] = [
  ["an error", new Error("no such file"), "no such file"],
  ["an error of another realm", runInNewContext("new RangeError('far')"), "far"],
  ["an error without a message", new Error(""), ""],
  ["a text", "stop", "stop"],
  ["nothing", undefined, "undefined"],
  ["null", null, "null"],
  ["an object whose message is no text", { message: 1 }, "[object Object]"],
  ["an object without a prototype", Object.create(null), "something that has no text"],
  [
    "an object that throws",
    {
      get message() {
        throw new Error("no");
      },
    },
    "something that has no text",
  ],
];
for (const [what, thrown, message] of said) {
  test(`${what}: ${JSON.stringify(message)}`, () => assert.equal(errorMessage(thrown), message));
}
