import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, test } from "node:test";
import type { DeliveredEvent } from "@pintle/events/gateway";
import { chosenRequest } from "@pintle/kit";
import { systemClock } from "../time/clock.ts";
import { sizeOf, type Transformed } from "./event-transform.ts";
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
     import { writeSync } from "node:fs";
     const kept: unknown[] = [];
     const number = (value: number) => Buffer.from(Uint32Array.of(value).buffer);
     const forged = (piece: string, text: string) => {
       const content = [number(2), number(piece.length), number(text.length), Buffer.from(piece + text)];
       const all = Buffer.concat(content);
       return Buffer.concat([number(1 + all.length), Buffer.from([4]), all]);
     };
     const spin = (milliseconds: number) => { for (const end = Date.now() + milliseconds; Date.now() < end; ); };
     const text = "x".repeat(100_000);
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
             if (event.event === "pieces") return new Array(300).fill({ toJSON: () => { spin(20); return { ...event, text }; } });
             if (event.event === "never") await new Promise(() => setInterval(() => {}, 1000));
             if (event.event === "fill") for (;;) kept.push(new Array(1000).fill(event.messageId + kept.length));
             if (event.event === "text") return { ...event, text: "y".repeat(400_000_000) + event.messageId };
             if (event.event === "buffer") { kept.push(Buffer.alloc(700_000_000, 1)); await new Promise(() => setInterval(() => {}, 1000)); }
             if (event.event === "garbage") { writeSync(4, Buffer.alloc(5000, 200)); return event; }
             if (event.event === "forged") { writeSync(4, forged("1 0", "[1]")); return event; }
             if (event.event === "ended") { writeSync(4, forged("6 0", "")); return event; }
             if (event.event === "abort") process.abort();
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

function run(transform: Transformation, names: readonly string[]): Promise<readonly Transformed[]> {
  const events = names.map((event, at) => ({ type: "track", event, messageId: `m${at}` }) as unknown as DeliveredEvent);
  return transform.run(
    events,
    events.map(() => ({ id: "shop", name: "shop" })),
  );
}

function shown(transformed: readonly Transformed[]): string[] {
  return transformed.map((each) =>
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

test("calls that overlap share the process, and each gets its own results", async () => {
  const transform = transformation();
  const calls = Array.from({ length: 250 }, (_, at) => run(transform, at % 3 === 0 ? ["a", "drop"] : ["b"]));
  for (const [at, results] of (await Promise.all(calls)).entries()) {
    assert.deepEqual(shown(results), at % 3 === 0 ? ["m0", "filtered: transformation"] : ["m0"]);
  }
});

const faults: [event: string, options: Partial<TransformationOptions>, detail: RegExp][] = [
  ["loop", { timeout: 200 }, /^transformation: it took longer than 200 ms$/],
  // Results that are made one by one, and given in pieces: all of it is the time of one event.
  ["pieces", { timeout: 300 }, /^transformation: it took longer than 300 ms$/],
  ["never", { timeout: 200 }, /^transformation: it took longer than 200 ms$/],
  ["fill", { memory: 32 }, /^transformation: it used more than 32 MB of memory/],
  ["text", {}, /^transformation: it used more than 128 MB of memory/],
  ["abort", {}, /^transformation: it crashed its process/],
  ["exit", {}, /^transformation: it ended its process/],
  [
    "buffer",
    { timeout: 10_000 },
    /^transformation: its process took (38[4-9]|39\d|[4-9]\d\d|\d{4,}) MB of memory; 128 MB of heap and 256 MB/,
  ],
  ["garbage", {}, /^transformation: a frame of \d+ bytes/],
  ["forged", {}, /^transformation: it gave no event/],
  ["ended", {}, /^transformation: it ended a batch in the middle of an event/],
  ["stray", {}, /^transformation: an error that nobody caught: stray$/],
];
for (const [event, options, detail] of faults) {
  test(`of a process that has to be ended by "${event}", one event is given up, and the others are run again`, async () => {
    const transform = transformation(options);
    const [first, second, later] = await Promise.all([
      run(transform, ["a", "b", event, "c"]),
      run(transform, ["drop", "d"]),
      run(transform, ["e"]),
    ]);
    assert.deepEqual(shown(first).toSpliced(2, 1), ["m0", "m1", "m3"]);
    assert.match(shown(first)[2] ?? "", detail);
    assert.deepEqual(shown(second), ["filtered: transformation", "m1"]);
    assert.deepEqual(shown(later), ["m0"]);
  });
}

test("a configuration that cannot be imported gives nothing up; once what it imports is mended, it runs", async () => {
  const file = join(folder, "importing.config.ts");
  const helper = join(folder, "imported.ts");
  const text = `import { change } from "./imported.ts"; export default { destinations: { hook: { transform: change } } };`;
  writeFileSync(file, text);
  writeFileSync(helper, "export const change = {");
  const transform = transformation({ file, text });
  await assert.rejects(run(transform, ["a"]), /importing\.config\.ts: cannot be run/);
  writeFileSync(helper, "export const change = undefined;");
  await assert.rejects(run(transform, ["a"]), /the destination "hook" has no transform any more/);
  writeFileSync(helper, "export const change = (event) => event;");
  assert.deepEqual(shown(await run(transform, ["a"])), ["m0"]);
});

test("importing the configuration may take as long as it may when it is loaded", async () => {
  const text = "await new Promise(() => setInterval(() => {}, 1000)); export default {};";
  const transform = transformation({ text, startLimit: 200 });
  await assert.rejects(
    run(transform, ["a"]),
    /pintle\.config\.\d+\.ts: not loaded within 200 ms: .*--config-timeout TIME/,
  );
});

test("a configuration that was broken or removed since is run as it was accepted", async () => {
  for (const spoil of [(file: string) => writeFileSync(file, "export default {"), (file: string) => rmSync(file)]) {
    const file = join(folder, `accepted.${files++}.config.ts`);
    const text = `import type { Transform } from "pintle";
      const transform: Transform = (event) => (event.event === "exit" ? process.exit(0) : event);
      export default { destinations: { hook: { transform } } };`;
    writeFileSync(file, text);
    const transform = transformation({ file, text });
    assert.deepEqual(shown(await run(transform, ["a"])), ["m0"]);
    spoil(file);
    assert.deepEqual(shown(await run(transform, ["exit", "b"])), ["transformation: it ended its process", "m1"]);
  }
});

test("what waits when it is closed is rejected, and so is what comes later", async () => {
  const transform = transformation();
  const waiting = run(transform, ["never"]);
  const closing = transform.close();
  await assert.rejects(waiting, /closed/);
  await closing;
  await assert.rejects(run(transform, ["a"]), /closed/);
});

/** A transformation whose function is `body`, with `event` and what a module may import. */
function withBody(body: string, options: Partial<TransformationOptions> = {}, before = ""): Transformation {
  const file = join(folder, `own.config.${files++}.ts`);
  const text = `import { writeFileSync } from "node:fs";
    ${before}
    export default { destinations: { hook: { async transform(event) { ${body} } } } };`;
  writeFileSync(file, text);
  return transformation({ file, text, ...options });
}

test("a toJSON that the function gives to every object is that event's letter, and is gone with its process", async () => {
  const names = ["Object", "Array", "String", "Number", "Boolean"];
  const transform = withBody(
    `if (event.event !== "a") globalThis[event.event].prototype.toJSON = () => "forged"; return [event, event];`,
  );
  const events = names.flatMap((name) => ["a", name, "a"]);
  const results = shown(await run(transform, events));
  for (const [at, name] of events.entries()) {
    if (name === "a") assert.equal(results[at], `m${at}:0+m${at}:1`);
    else assert.match(results[at]!, new RegExp(`^transformation: it changed toJSON of ${name}\\.prototype`));
  }
});

test("a toJSON that the configuration's module brings with it is the owner's", async () => {
  const transform = withBody(
    "return event;",
    {},
    `Date.prototype.toJSON = Object.prototype.toJSON = undefined;
    Number.prototype.toJSON = function () { return 7; };`,
  );
  assert.deepEqual(shown(await run(transform, ["a"])), ["m0"]);
});

test("what takes more memory than its bytes tell is that event's letter before it is parsed", async () => {
  const transform = withBody(
    `if (event.event === "a") return event;
     const list = { list: Array.from({ length: 1e6 }, () => []) };
     return event.event === "one" ? list : Array.from({ length: 10 }, () => list);`,
    { memory: 512, timeout: 30_000 },
  );
  const [first, second, third] = shown(await run(transform, ["a", "many", "one"]));
  assert.deepEqual([first, third], ["m0", "m2"]);
  assert.match(
    second!,
    /^transformation: what it gave for one event may take 17\d MB of memory once it is parsed; 168 MB/,
  );
});

test("what the function replaces in its process changes no answer", async () => {
  const transform = withBody(
    `if (event.event === "a") {
       JSON.stringify = () => '"forged"';
       JSON.parse = () => { throw new Error("no"); };
       Array.isArray = () => true;
       Buffer.concat = Buffer.from = () => Buffer.alloc(1);
       globalThis.Promise = undefined;
       process.send?.("forged");
     }
     return event.event === "text" ? { ...event, toJSON: () => "forged" } : event;`,
    { timeout: 5000 },
  );
  const transformed = await run(transform, ["a", "text", "b"]);
  assert.deepEqual(shown(transformed), [
    "m0",
    "transformation: TypeError: it gave an object whose toJSON gives no object; it has to return an event, a list of events, or null",
    "m2",
  ]);
  assert.deepEqual(shown(await run(transform, ["b", "c"])), ["m0", "m1"], "and so for what comes later");
});

test("an event that breaks what brings its answer is found, and given up", async () => {
  const transform = withBody(
    `if (event.event === "breaks") Buffer.prototype.writeUInt32LE = () => { throw new Error("broken"); };
     if (event.event === "silences") (await import("node:net")).Socket.prototype.emit = () => false;
     return event;`,
    { timeout: 1000 },
  );
  const results = shown(await run(transform, ["a", "breaks", "b", "silences", "c"]));
  assert.deepEqual(results.toSpliced(1, 1), ["m0", "m2", "m3", "m4"]);
  assert.match(results[1] ?? "", /^transformation: /);
  assert.deepEqual(shown(await run(transform, ["d"])), ["m0"]);
});

test("results that fit singly, but not together, are given one by one", async () => {
  const transform = withBody(`return new Array(20).fill({ ...event, text: "y".repeat(4_000_000) });`);
  const [transformed] = await run(transform, ["a", "b"]);
  assert.ok(transformed?.kind === "deliver", JSON.stringify(transformed));
  assert.deepEqual(
    transformed.events.map(({ messageId, text }) => [messageId, (text as string).length]),
    Array.from({ length: 20 }, (_, at) => [`m0:${at}`, 4_000_000]),
  );
});

test("of large results, only so many are held at a time; the rest is asked for again", async () => {
  const transform = withBody(`return { ...event, text: "y".repeat(10_000_000) };`);
  const names = ["a", "b", "c", "d", "e", "f", "g"];
  const first = await run(transform, names);
  assert.ok(first.length >= 1 && first.length < names.length, `${first.length} of ${names.length}`);
  let isGiven = false;
  const others = run(transform, names.slice(first.length)).then((transformed) => {
    isGiven = true;
    return transformed;
  });
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(isGiven, false, "not while the first ones are held");
  transform.release(first.reduce((sum, transformed) => sum + sizeOf(transformed), 0));
  assert.ok((await others).length >= 1);
});

test("the event that runs whenever everything ends is given up at the second time, and no other", async () => {
  const notes = { folder: join(folder, "notes"), destinationId: "hook" };
  const pids = join(folder, "pids");
  writeFileSync(pids, "");
  const body = `if (event.event !== "deadly") return event;
    writeFileSync(${JSON.stringify(pids)}, "x", { flag: "a" });
    await new Promise((resolve) => setInterval(resolve, 1_000_000));`;
  for (const life of [1, 2]) {
    const transform = withBody(body, { notes });
    const running = run(transform, ["a", "deadly", "b"]);
    running.catch(() => {});
    while (readFileSync(pids, "utf8").length < life) await new Promise((resolve) => setTimeout(resolve, 20));
    // Everything is lost but the files: as if all had been killed.
    const copy = readFileSync(join(notes.folder, "hook.running"));
    await transform.close();
    writeFileSync(join(notes.folder, "hook.running"), copy);
  }
  const transform = withBody(body, { notes });
  assert.deepEqual(shown(await run(transform, ["a", "deadly", "b"])), [
    "m0",
    "transformation: everything, or its process, was ended from outside while it ran, for the second time",
    "m2",
  ]);
  assert.equal(readFileSync(pids, "utf8").length, 2);
});

test("an event whose process is ended from outside is run again, once", async () => {
  const transform = withBody(
    `if (event.event === "deadly") process.kill(process.pid, "SIGKILL");
     if (event.event === "all") for (const signal of ["SIGTERM", "SIGINT"]) process.kill(process.pid, signal);
     return event;`,
  );
  assert.deepEqual(shown(await run(transform, ["all"])), ["m0"], "what a terminal sends to everybody ends nothing");
  assert.deepEqual(shown(await run(transform, ["a", "deadly", "b"])), [
    "m0",
    "transformation: everything, or its process, was ended from outside while it ran, for the second time",
    "m2",
  ]);
});

test("a function chooses the request of an event where the type lets it, and no client does in its place", async () => {
  const body = `return event.event === "plain" ? event : { ...event, $request: { url: "/x" } };`;
  const theirs = { $request: { url: "/theirs" }, header: { a: "theirs" }, fullPath: "theirs", appendPath: "theirs" };
  const events = ["plain", "chosen"].map(
    (event) => ({ type: "track", event, messageId: event, ...theirs }) as unknown as DeliveredEvent,
  );
  const source = { id: "shop", name: "shop" };
  const results = async (takesRequests: boolean) =>
    (await withBody(body, { takesRequests }).run(events, [source, source])).map((transformed) =>
      transformed.kind === "deliver"
        ? [JSON.parse(JSON.stringify(transformed.events[0])), chosenRequest(transformed.events[0]!)]
        : transformed.kind === "dead" && transformed.detail,
    );
  const bare = (event: string) => ({ type: "track", event, messageId: event });
  assert.deepEqual(await results(true), [
    [bare("plain"), undefined],
    [bare("chosen"), { url: "/x" }],
  ]);
  const { $request: _, ...data } = theirs;
  assert.deepEqual(await results(false), [
    [{ ...bare("plain"), ...data }, undefined],
    "it gave $request, and this type of destination lets nobody choose its requests",
  ]);
});
