import assert from "node:assert/strict";
import { test } from "node:test";
import { Reporter } from "./reporter.ts";

function reporter() {
  const lines: string[] = [];
  const line = (level: string) => (text: string) => void lines.push(`${level} ${text}`);
  const logger = { debug: line("debug"), info: line("info"), warn: line("warn"), error: line("error") };
  const time = { now: 0 };
  return { lines, time, reporter: new Reporter(logger, false, () => time.now) };
}

test("the same problem is told once a minute, with how often it was held back", () => {
  const { lines, time, reporter: to } = reporter();
  for (let i = 0; i < 3; i++) to.problem("warn", "kind", "text", "a");
  time.now = 60_000;
  to.problem("warn", "kind", "text", "a");
  assert.deepEqual(lines, ["warn pintle: text", "warn pintle: text (2 more since it was last reported)"]);
});

test("problems that differ in detail are told apart, and what was held back is told at the end, once", () => {
  const { lines, reporter: to } = reporter();
  for (const detail of ["a", "b", "a", "a"]) to.problem("error", "kind", `text ${detail}`, detail);
  to.problem("warn", "other", "once");
  lines.length = 0;
  to.close();
  to.close();
  assert.deepEqual(lines, ["error pintle: text a (2 more since it was last reported)"]);
});

test("details made of data fill neither the log nor the memory, and hide no other problem", () => {
  const { lines, reporter: to } = reporter();
  for (let i = 0; i < 1_000; i++) to.problem("warn", "kind", `text ${i}`, String(i));
  to.problem("warn", "other", "other");
  assert.equal(lines.length, 22);
  to.close();
  assert.match(lines.at(-1) ?? "", /979 more/);
});
