import assert from "node:assert/strict";
import { test } from "node:test";
import { Program, runProgram } from "./program.ts";

const node = (script: string): [string, string[]] => [process.execPath, ["-e", script]];

test("gives what the program printed", async () => {
  assert.equal(
    await runProgram(...node("console.log(process.env.GREETING)"), { env: { GREETING: "hello" } }),
    "hello\n",
  );
});

test("a failure tells everything that the program printed", async () => {
  const failing = runProgram(...node("console.log('out'); console.error('err'); process.exit(3)"));
  await assert.rejects(failing, /ended with 3\. It printed:\n(out\nerr|err\nout)\n/);
});

test("a command that does not exist is a failure", async () => {
  await assert.rejects(runProgram("pintle-no-such-command", []), /ENOENT/);
});

test("disposing ends a program that goes on", async () => {
  const program = new Program(...node("setInterval(() => {}, 1000)"));
  await program[Symbol.asyncDispose]();
  assert.deepEqual(await program.ended, { code: null, signal: "SIGKILL" });
});
