import assert from "node:assert/strict";
import { test } from "node:test";
import { loadDriver } from "./driver.ts";

const missing = (name: string) => () => import(name) as Promise<unknown>;

test("a driver that is there is given, and what is wrong with it is told as it is", async () => {
  assert.equal(await loadDriver("things", "db@1.0.0", async () => 7), 7);
  await assert.rejects(
    loadDriver("things", "db@1.0.0", () => Promise.reject(new SyntaxError("bad"))),
    /^SyntaxError: bad$/,
  );
  await assert.rejects(loadDriver("things", "db@1.0.0", missing("what-the-driver-needs")), /'what-the-driver-needs'/);
});

test("of one that is missing the error says the line that installs it", async () => {
  await assert.rejects(loadDriver("things", "no-such-driver@1.0.0", missing("no-such-driver")), {
    message:
      'The destination type "things" needs the driver no-such-driver, which is not installed: npm i no-such-driver@1.0.0',
  });
  await assert.rejects(loadDriver("things", "@no-such/driver@2", missing("@no-such/driver")), {
    message:
      'The destination type "things" needs the driver @no-such/driver, which is not installed: npm i @no-such/driver@2',
  });
});
