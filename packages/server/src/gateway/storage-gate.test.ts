import assert from "node:assert/strict";
import { test } from "node:test";
import { EngineError } from "../engine/engine-error.ts";
import { StorageGate } from "./storage-gate.ts";

test("shut for a second after each failure, open after a success, logged once each way", () => {
  const lines: string[] = [];
  const log = (level: string) => (fields: object | string, message?: string) => {
    lines.push(`${level} ${typeof fields === "string" ? fields : `${(fields as { code: string }).code} ${message}`}`);
  };
  const gate = new StorageGate({ debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") });
  const full = new EngineError("PINTLE_STORAGE_FULL", "no space left");

  gate.stored();
  assert.ok(gate.open && gate.admits(0));
  gate.failed(full, 0);
  gate.failed(full, 10);
  assert.equal(gate.open, false);
  assert.equal(gate.admits(1009), false);
  assert.equal(gate.admits(1010), true);
  gate.failed(full, 1010);
  assert.equal(gate.admits(1011), false);
  gate.stored();
  assert.ok(gate.open && gate.admits(1011));
  assert.deepEqual(lines, [
    "error PINTLE_STORAGE_FULL the storage takes no events; requests are answered with 503 meanwhile",
    "info the storage takes events again",
  ]);
});
