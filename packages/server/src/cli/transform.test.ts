import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Status } from "../admin/status.ts";
import { eventsIn, newFolder, send, start } from "./run.test.support.ts";

test("events go through the transformation of their destination, anew after a reload; what fails is a dead letter", async () => {
  const folder = newFolder();
  const helper = (word: string) => writeFileSync(join(folder, "helper.ts"), `export const word: string = "${word}";`);
  helper("first");
  writeFileSync(
    join(folder, "pintle.config.ts"),
    `import { defineConfig } from "pintle";
     import { word } from "./helper.ts";
     export default defineConfig({
       sources: [{ name: "shop", writeKey: "wk_secret_shop", destinations: ["changed", "plain"] }],
       destinations: {
         changed: {
           type: "file",
           path: "./changed.jsonl",
           transformTimeout: "300ms",
           transform(event) {
             if (event.event === "drop") return null;
             if (event.event === "loop") for (;;);
             if (event.event === "throw") throw new Error("not with wk_secret_shop");
             return { ...event, word };
           },
         },
         plain: { type: "file", path: "./plain.jsonl" },
       },
     });`,
  );
  const plane = start(folder);
  await plane.ready();
  const url = plane.told("events");
  for (const event of ["a", "drop", "throw", "loop", "b"]) await send(url, "wk_secret_shop", { userId: "u", event });
  const changed = join(folder, "changed.jsonl");
  const shown = async (count: number) => (await eventsIn(changed, count)).map(({ event, word }) => `${event} ${word}`);
  assert.deepEqual(await shown(2), ["a first", "b first"]);

  helper("second");
  const token = readFileSync(join(folder, "pintle-data", "admin-token"), "utf8").trim();
  const headers = { authorization: `Bearer ${token}`, connection: "close" };
  const reloaded = await fetch(`${plane.told("admin")}/reload`, { method: "POST", headers });
  assert.equal(reloaded.status, 200);
  await send(url, "wk_secret_shop", { userId: "u", event: "c" });
  assert.deepEqual(await shown(3), ["a first", "b first", "c second"], "what it imports is new as well");

  const plain = await eventsIn(join(folder, "plain.jsonl"), 6);
  assert.ok(
    plain.every((event) => !("word" in event)),
    "the other destination gets them as they are",
  );
  const answer = await fetch(`${plane.told("admin")}/status`, { headers });
  const { destinations } = (await answer.json()) as Status;
  const { filtered, dead, problem } = destinations.find(({ id }) => id === "changed")!;
  assert.deepEqual([filtered, dead], [{ transformation: 1 }, { transformation: 2 }]);
  assert.ok(!JSON.stringify(problem).includes("wk_secret_shop"));
  plane.signal("SIGTERM");
  assert.equal(await plane.ended, 0, plane.stderr);
});

test("an event that takes the whole data plane with it is given up at the second time; no process is left behind", async () => {
  const folder = newFolder();
  const pids = join(folder, "pids");
  writeFileSync(pids, "");
  writeFileSync(
    join(folder, "pintle.config.ts"),
    `import { writeFileSync } from "node:fs";
     export default {
       sources: [{ name: "shop", writeKey: "wk_secret_shop", destinations: ["file"] }],
       destinations: {
         file: {
           type: "file",
           path: "./out.jsonl",
           transformTimeout: "60s",
           transform(event) {
             if (event.event !== "deadly") return event;
             writeFileSync(${JSON.stringify(pids)}, process.pid + "\\n", { flag: "a" });
             for (;;);
           },
         },
       },
     };`,
  );
  const ran = () => readFileSync(pids, "utf8").split("\n").filter(Boolean).map(Number);
  const pause = () => new Promise((resolve) => setTimeout(resolve, 20));
  let plane = start(folder);
  await plane.ready();
  for (const event of ["a", "deadly", "b"]) await send(plane.told("events"), "wk_secret_shop", { userId: "u", event });
  for (const life of [1, 2]) {
    while (ran().length < life) await pause();
    plane.signal("SIGKILL");
    await plane.ended;
    // It runs in an endless loop, and hears nothing.
    while (isAlive(ran().at(-1)!)) await pause();
    plane = start(folder);
    await plane.ready();
  }
  const events = await eventsIn(join(folder, "out.jsonl"), 2);
  assert.deepEqual([...new Set(events.map(({ event }) => event))], ["a", "b"]);
  assert.equal(ran().length, 2);
  plane.signal("SIGTERM");
  assert.equal(await plane.ended, 0, plane.stderr);
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return false;
  }
}
