import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, test } from "node:test";
import type { DeliveredEvent } from "@pintle/events/gateway";
import { systemClock } from "../clock.ts";
import type { Staged } from "../stage.ts";
import { Transformation, type TransformationOptions } from "./transformation.ts";

const folder = mkdtempSync(join(tmpdir(), "pintle-transform-"));
after(() => rmSync(folder, { recursive: true }));
const open: Transformation[] = [];
afterEach(async () => {
  for (const transformation of open.splice(0)) await transformation.close();
});

let files = 0;
/** What happens to events whose names say what they do to the thread in which they run. */
function transformation(options: Partial<TransformationOptions> = {}): Transformation {
  const file = join(folder, `pintle.config.${files++}.ts`);
  const text = `import { defineConfig, type TransformEvent } from "pintle";
     const kept: unknown[] = [];
     let calls = 0;
     export default defineConfig({
       sources: [{ name: "shop", writeKey: "k", destinations: ["hook"] }],
       destinations: {
         hook: {
           type: "file",
           path: "x",
           async transform(event: TransformEvent) {
             calls++;
             if (event.event === "drop") return null;
             if (event.event === "twice") return [event, event];
             if (event.event === "throw") throw new Error("no such thing");
             if (event.event === "loop") for (;;);
             if (event.event === "never") await new Promise(() => setInterval(() => {}, 1000));
             if (event.event === "fill") for (;;) kept.push(new Array(1000).fill(event.messageId + kept.length));
             if (event.event === "exit") process.exit(0);
             if (event.event === "stray") {
               setImmediate(() => { throw new Error("stray"); });
               await new Promise((resolve) => setTimeout(resolve, 60_000));
             }
             return { ...event, calls };
           },
         },
       },
     });`;
  writeFileSync(file, text);
  const made = new Transformation({
    file,
    text,
    run: "1",
    destination: "hook",
    timeout: 60_000,
    memory: 128,
    clock: systemClock,
    ...options,
  });
  open.push(made);
  return made;
}

function run(stage: Transformation, names: readonly string[]): Promise<readonly Staged[]> {
  const events = names.map((event, at) => ({ type: "track", event, messageId: `m${at}` }) as unknown as DeliveredEvent);
  return stage.run(
    events,
    events.map(() => ({ id: "shop", name: "shop" })),
  );
}

function shown(staged: readonly Staged[]): string[] {
  return staged.map((each) =>
    each.kind === "deliver"
      ? each.events.map(({ messageId }) => messageId).join("+")
      : each.kind === "dead"
        ? `${each.reason}: ${each.detail.replace(/ \(.*/, "")}`
        : `filtered: ${each.reason}`,
  );
}

test("each event gets what became of it, in order", async () => {
  const results = await run(transformation(), ["a", "drop", "twice", "throw", "b"]);
  assert.deepEqual(shown(results), [
    "m0",
    "filtered: transformation",
    "m2:0+m2:1",
    "transformation: Error: no such thing",
    "m4",
  ]);
  const failed = results[3];
  assert.match(failed?.kind === "dead" ? failed.detail : "", /\(pintle\.config\.\d+\.ts:\d+:\d+\)$/, "and where");
});

test("calls that overlap share the thread, and each gets its own results", async () => {
  const stage = transformation();
  const calls = Array.from({ length: 250 }, (_, at) => run(stage, at % 3 === 0 ? ["a", "drop"] : ["b"]));
  for (const [at, results] of (await Promise.all(calls)).entries()) {
    assert.deepEqual(shown(results), at % 3 === 0 ? ["m0", "filtered: transformation"] : ["m0"]);
  }
});

const faults: [event: string, options: Partial<TransformationOptions>, detail: RegExp][] = [
  ["loop", { timeout: 200 }, /^transformation: it took longer than 200 ms$/],
  ["never", { timeout: 200 }, /^transformation: it took longer than 200 ms$/],
  ["fill", { memory: 32 }, /^transformation: it used more than 32 MB of memory$/],
  ["exit", {}, /^transformation: it ended its thread$/],
  ["stray", {}, /^transformation: an error that nobody caught: stray$/],
];
for (const [event, options, detail] of faults) {
  test(`of a thread that has to be ended by "${event}", one event is given up, and the others are run again`, async () => {
    const stage = transformation(options);
    const [first, second, later] = await Promise.all([
      run(stage, ["a", "b", event, "c"]),
      run(stage, ["drop", event, "d"]),
      run(stage, ["e"]),
    ]);
    assert.deepEqual(shown(first).toSpliced(2, 1), ["m0", "m1", "m3"]);
    assert.match(shown(first)[2] ?? "", detail);
    assert.deepEqual(shown(second).toSpliced(1, 1), ["filtered: transformation", "m2"]);
    assert.match(shown(second)[1] ?? "", detail);
    assert.deepEqual(shown(later), ["m0"]);
  });
}

test("a configuration that cannot be imported gives nothing up; once what it imports is mended, it runs", async () => {
  const file = join(folder, "importing.config.ts");
  const helper = join(folder, "imported.ts");
  const text = `import { change } from "./imported.ts"; export default { destinations: { hook: { transform: change } } };`;
  writeFileSync(file, text);
  writeFileSync(helper, "export const change = {");
  const stage = transformation({ file, text });
  await assert.rejects(run(stage, ["a"]), /importing\.config\.ts: cannot be run/);
  writeFileSync(helper, "export const change = undefined;");
  await assert.rejects(run(stage, ["a"]), /the destination "hook" has no transform any more/);
  writeFileSync(helper, "export const change = (event) => event;");
  assert.deepEqual(shown(await run(stage, ["a"])), ["m0"]);
});

test("a configuration that was broken or removed since is run as it was accepted", async () => {
  for (const spoil of [(file: string) => writeFileSync(file, "export default {"), (file: string) => rmSync(file)]) {
    const file = join(folder, `accepted.${files++}.config.ts`);
    const text = `import type { Transform } from "pintle";
      const transform: Transform = (event) => (event.event === "exit" ? process.exit(0) : event);
      export default { destinations: { hook: { transform } } };`;
    writeFileSync(file, text);
    const stage = transformation({ file, text });
    assert.deepEqual(shown(await run(stage, ["a"])), ["m0"]);
    spoil(file);
    assert.deepEqual(shown(await run(stage, ["exit", "b"])), ["transformation: it ended its thread", "m1"]);
  }
});

test("what waits when it is closed is rejected, and so is what comes later", async () => {
  const stage = transformation();
  const waiting = run(stage, ["never"]);
  const closing = stage.close();
  await assert.rejects(waiting, /closed/);
  await closing;
  await assert.rejects(run(stage, ["a"]), /closed/);
});
