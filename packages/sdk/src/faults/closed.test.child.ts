/**
 * A program that closed.test.ts runs: makes clients and closes them, one after the other, and
 * counts what is left.
 */
import { readdirSync } from "node:fs";
import { Pintle } from "../index.ts";

const [url = "", count = "", config = "{}"] = process.argv.slice(2);
const quiet = { debug() {}, info() {}, warn() {}, error() {} };

let delivered = 0;
async function useOne(i: number): Promise<void> {
  const client = new Pintle("key", url, { logger: quiet, closeOnSignals: i % 2 === 0, ...JSON.parse(config) });
  client.track({ userId: "1", event: "Paid" });
  delivered += (await client.close()).delivered;
}

// What a program loads once is no leak.
await useOne(0);

function left() {
  const names = ["beforeExit", "exit", "SIGTERM", "SIGINT", "warning"];
  return {
    resources: process.getActiveResourcesInfo().filter((name) => name !== "TTYWrap" && !name.startsWith("Pipe")),
    listeners: names.map((name) => process.listenerCount(name)),
  };
}

const descriptors = (): number => readdirSync("/proc/self/fd").length;

await new Promise((resolve) => setImmediate(resolve));
const before = { ...left(), descriptors: descriptors() };
for (let i = 1; i < Number(count); i++) await useOne(i);
await new Promise((resolve) => setImmediate(resolve));
const after = { ...left(), descriptors: descriptors() };
console.log(JSON.stringify({ delivered, before, after }));
