import assert from "node:assert/strict";
import { test } from "node:test";
import type { RetentionReport } from "@pintle/log";
import { RetentionReports, reportEvery } from "./retention-reports.ts";

function harness() {
  const lines: { level: string; fields: object }[] = [];
  const at = (level: string) => (fields: object | string) => {
    lines.push({ level, fields: fields as object });
  };
  const reports = new RetentionReports("events", {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
  });
  return { lines, reports };
}

const forced = (from: number, to: number): RetentionReport => ({
  removed: { from, to },
  bytes: 1000,
  forced: { from, to },
  warning: undefined,
});
const warning: RetentionReport = {
  removed: undefined,
  bytes: 0,
  forced: undefined,
  warning: { bytes: 9, maxBytes: 10, next: { from: 1, to: 2 } },
};

test("what goes by force is told at once, and what follows as one range a minute later", () => {
  const { lines, reports } = harness();
  reports.add(forced(0, 10), 1000);
  assert.deepEqual(lines, [{ level: "error", fields: { topic: "events", from: 0, to: 10 } }]);
  reports.add(forced(10, 20), 2000);
  reports.add(forced(20, 30), 3000);
  assert.equal(lines.length, 1);
  reports.tell(999 + reportEvery);
  assert.equal(lines.length, 1);
  reports.tell(1000 + reportEvery);
  assert.deepEqual(lines[1], { level: "error", fields: { topic: "events", from: 10, to: 30 } });
  reports.tell(1e9);
  assert.equal(lines.length, 2);
});

test("what waits to be told is told at the end", () => {
  const { lines, reports } = harness();
  reports.add(forced(0, 10), 0);
  reports.add(forced(10, 20), 1);
  reports.flush(2);
  assert.equal(lines.length, 2);
});

test("a warning is given before, and again while it lasts, but not with each segment", () => {
  const { lines, reports } = harness();
  reports.add(warning, 0);
  reports.add(warning, 1);
  assert.deepEqual(lines, [{ level: "warn", fields: { topic: "events", ...warning.warning } }]);
  reports.add(warning, reportEvery);
  assert.equal(lines.length, 2);
});
