/**
 * Making a client checks and stores, and does nothing else: at the start of a worker there is no
 * randomness, no clock, no timer and no I/O.
 */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { Pintle } from "../index.ts";
import { Pintle as WebPintle } from "../web.ts";

/** Runs `make` while everything that is not to be used notes that it was. */
function usedBy(t: TestContext, make: () => unknown): readonly string[] {
  const used: string[] = [];
  const trap = (object: object, names: readonly string[], where: string): void => {
    for (const name of names) {
      const original = Reflect.get(object, name) as (...args: unknown[]) => unknown;
      t.mock.method(
        object,
        name as never,
        function (this: unknown, ...args: unknown[]) {
          used.push(`${where}.${name}`);
          return new.target === undefined ? original.apply(this, args) : Reflect.construct(original, args);
        } as never,
      );
    }
  };
  trap(crypto, ["getRandomValues", "randomUUID"], "crypto");
  trap(Math, ["random"], "Math");
  trap(globalThis, ["Date", "setTimeout", "setInterval", "setImmediate", "fetch"], "globalThis");
  trap(performance, ["now"], "performance");
  trap(process, ["on", "once", "prependListener", "nextTick"], "process");
  make();
  t.mock.restoreAll();
  return used;
}

for (const [name, Client] of [
  ["of Node", Pintle],
  ["of fetch", WebPintle],
] as const) {
  test(`a client ${name} draws no randomness, and asks for no time, timer or network`, (t) => {
    const make = () =>
      new Client("key", "https://data.example.com", {
        defaultContext: { app: { name: "shop" } },
        beforeSend: (message) => message,
        plan: { Paid: { "~standard": { version: 1, vendor: "test", validate: (value) => ({ value }) } } },
      });
    assert.deepEqual(usedBy(t, make), []);
  });
}

test("a durable client touches no file either, and begins by itself when the program goes on", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "pintle-construct-"));
  let client: Pintle | undefined;
  const used = usedBy(t, () => {
    client = new Pintle("key", "http://127.0.0.1:1", { durable: { directory } });
  });
  assert.deepEqual(used, []);
  assert.deepEqual(readdirSync(directory), []);
  await client?.flush();
  assert.notDeepEqual(readdirSync(directory), []);
  await client?.close();
  rmSync(directory, { recursive: true });
});
