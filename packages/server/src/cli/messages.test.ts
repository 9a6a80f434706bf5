import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ServerError } from "../errors.ts";
import { parseCommandLine } from "./command.ts";
import { commands } from "./commands.ts";
import { newFolder } from "./run.test.support.ts";

/*
 * What every command says to whatever stands in a flag or an argument: in one line, once, and in
 * words of our own.
 */

const badValues = [
  "0",
  "-1",
  "1e308",
  "x",
  " ",
  "\u0000",
  "folder",
  "none.json",
  "broken.json",
  "list.json",
  "x".repeat(300),
];

/**
 * What keeps a command from doing anything: there is no configuration, and no data plane, in the
 * folder.
 */
async function said(folder: string, words: readonly string[]): Promise<string | undefined> {
  try {
    const parsed = parseCommandLine(words, commands);
    assert.ok(parsed.kind === "run");
    await parsed.command.run(parsed.call, { print: () => {}, environment: {}, directory: folder });
    return undefined;
  } catch (error) {
    assert.ok(error instanceof ServerError, `${words.join(" ")}: ${error instanceof Error ? error.stack : error}`);
    return error.message;
  }
}

test("no refusal says a thing twice, quotes a library, or ends in nothing", async () => {
  const folder = newFolder();
  mkdirSync(join(folder, "folder"));
  writeFileSync(join(folder, "broken.json"), '{"secret": "canary", ');
  writeFileSync(join(folder, "list.json"), "[1]");
  let count = 0;
  for (const { name, arguments: needed, flags } of commands) {
    const lines = badValues.flatMap((value) => {
      const given = needed.map(() => value);
      const plain = needed.map(() => "list.json");
      return [
        [...name.split(" "), ...given],
        ...Object.entries(flags).map(([flag, { value: takes }]) => [
          ...name.split(" "),
          ...plain,
          takes === undefined ? `--${flag}=${value}` : `--${flag}`,
          ...(takes === undefined ? [] : [value]),
          // It would start for good, with all values but this one.
          ...(name === "start" && flag !== "config" ? ["--config", "none.json"] : []),
        ]),
      ];
    });
    for (const words of lines) {
      // Without a configuration it would be a data plane to try out.
      if (name === "start" && !words.includes("--config")) continue;
      const message = await said(folder, words);
      if (message === undefined) continue;
      count++;
      const where = `${words.join(" ")}: ${message}`;
      assert.doesNotMatch(
        message,
        /invalid input|too (small|big)|received|unrecognized|ENOENT|EISDIR|EACCES|canary|\n/i,
        where,
      );
      assert.doesNotMatch(message, /cannot be read:?\s*$|[:,;(]\s*$/, where);
      const clauses = message.split(/[:;,()]\s*/).filter((clause) => clause.length > 5);
      assert.equal(new Set(clauses).size, clauses.length, where);
    }
  }
  assert.ok(count > 300, String(count));
});
