import assert from "node:assert/strict";
import { test } from "node:test";
import { FencedError } from "./fenced-error.ts";
import { loadPg } from "./pg-driver.ts";
import { isRefusal, postgresErrors, sqlState } from "./sql-error.ts";

const { deadRow, kindOf, trouble } = postgresErrors;

const sql = (code: string, more: object = {}) =>
  Object.assign(new Error("it failed"), { code, severity: "ERROR", ...more });

test("errors of the server are told from all others", () => {
  assert.equal(sqlState(sql("23505")), "23505");
  for (const other of [new Error("x"), Object.assign(new Error("x"), { code: "EPIPE" }), null, "text"])
    assert.equal(sqlState(other), undefined);
});

test("a row is refused for what is in it, never for the state of the server", () => {
  for (const code of ["22P02", "22001", "23502", "23514", "54000", "P0001"]) assert.ok(isRefusal(sql(code)), code);
  for (const code of ["08006", "40P01", "42501", "53100", "53300", "55P03", "57014", "57P01", "58030", "XX000"])
    assert.ok(!isRefusal(sql(code)), code);
  assert.ok(!isRefusal(new Error("Connection terminated unexpectedly")));
  const outcome = deadRow(sql("23514", { table: "tracks", constraint: "positive" }));
  assert.deepEqual([outcome.outcome, outcome.reason], ["dead", "row_23514"]);
  assert.equal(outcome.detail, "it failed (table tracks, constraint positive)");
});

test("races are tried again at once; a row that is there already may be one", () => {
  assert.deepEqual(
    ["40P01", "42P01", "23505", "22001", "57014"].map((code) => kindOf(sql(code))),
    ["race", "race", "repeat", "row", "trouble"],
  );
});

test("everything else is the destination's trouble; what people have to mend ages nothing", () => {
  const all = [
    sql("57P01"),
    sql("28P01"),
    sql("42501"),
    Object.assign(new Error("refused"), { code: "ECONNREFUSED" }),
    new Error("x"),
    new FencedError("moved by another process"),
  ];
  const outcomes = all.map(trouble);
  assert.deepEqual(
    outcomes.map(({ outcome, scope, reason, ages }) => [outcome, scope, reason, ages]),
    [
      ["retry", "destination", "sql_57p01", undefined],
      ["retry", "destination", "sql_28p01", false],
      ["retry", "destination", "sql_42501", false],
      ["retry", "destination", "connection_econnrefused", undefined],
      ["retry", "destination", "connection", undefined],
      ["retry", "destination", "fenced", false],
    ],
  );
});

test("a driver that is missing is named, with the command that brings it", async () => {
  const missing = Object.assign(new Error("Cannot find package 'pg'"), { code: "ERR_MODULE_NOT_FOUND" });
  await assert.rejects(
    loadPg(() => Promise.reject(missing)),
    /npm i pg@8\.23\.1$/,
  );
  await assert.rejects(
    loadPg(() => Promise.reject(new Error("broken"))),
    /^Error: broken$/,
  );
  assert.equal(typeof (await loadPg()), "function");
});
