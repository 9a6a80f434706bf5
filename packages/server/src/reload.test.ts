import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { checkConfig } from "./config/check-config.ts";
import type { DataPlaneConfig } from "./config/config.ts";
import { ServerError } from "./errors.ts";
import type { PlaneLogger } from "./logger.ts";
import { type Reloaded, Reloader } from "./reload.ts";

/** A file, and a reloader that looks at it when the test says so. */
function reloading(pollEvery = 3_600_000) {
  const sound = (text: string): DataPlaneConfig => ({
    ...checkConfig(
      { sources: [{ name: text, writeKey: "k" }], destinations: {} },
      { file: "/pintle.config.json", directory: "/", environment: {}, types: new Map() },
    ),
    text,
  });
  const state = {
    file: "one" as string | undefined,
    applied: [] as string[],
    logged: [] as string[],
    /** Loads that have begun and not ended. */
    loading: 0,
    began: () => {},
  };
  const log = (fields: object | string, message?: string) => void state.logged.push(message ?? String(fields));
  const logger: PlaneLogger = { debug: log, info: log, warn: log, error: log };
  const reloader = new Reloader({
    config: sound("one"),
    async load(signal) {
      const { file = "" } = state;
      if (file.startsWith("hang")) {
        state.loading++;
        state.began();
        await once(signal, "abort");
        state.loading--;
        throw new ServerError("PINTLE_CONFIG_TIMEOUT", "given up");
      }
      if (file.startsWith("bad")) throw new ServerError("PINTLE_CONFIG_INVALID", `${file}\nin two ways`);
      if (file.startsWith("odd")) throw new Error("with a secret");
      return sound(file);
    },
    async apply({ sources: [source] }) {
      if (source!.name === "unfit") throw new ServerError("PINTLE_CONFIG_UNREADABLE", "crm.ts: cannot be run");
      state.applied.push(source!.name);
    },
    logger,
    // Far away by default: the test polls itself.
    pollEvery,
    async read() {
      if (state.file === undefined) throw Object.assign(new Error("no such file"), { code: "ENOENT" });
      return state.file;
    },
  });
  return { state, reloader };
}

test("a new content is taken over once it has been the same twice in a row", async () => {
  const { state, reloader } = reloading();
  await reloader.poll();
  await reloader.poll();
  assert.deepEqual(state.applied, [], "nothing has changed");
  state.file = "tw";
  await reloader.poll();
  state.file = "two";
  await reloader.poll();
  assert.deepEqual(state.applied, [], "it is still being written");
  await reloader.poll();
  await reloader.poll();
  await reloader.poll();
  assert.deepEqual(state.applied, ["two"]);
  state.file = undefined;
  await reloader.poll();
  state.file = "two";
  await reloader.poll();
  await reloader.poll();
  assert.deepEqual(state.applied, ["two"], "it was away, and came back as it was");
  await reloader.close();
});

test("a content that is refused is refused once, and what runs goes on", async () => {
  const { state, reloader } = reloading();
  state.file = "bad";
  for (let look = 0; look < 4; look++) await reloader.poll();
  assert.deepEqual(state.applied, []);
  assert.deepEqual(state.logged, ["the new configuration is refused, and the one before goes on: bad; in two ways"]);
  state.file = "one";
  for (let look = 0; look < 3; look++) await reloader.poll();
  assert.deepEqual(state.applied, ["one"], "mended, it is loaded, as it may import what was changed as well");
  await reloader.close();
});

test("a reload that is asked for loads also what looks the same; reloads take turns", async () => {
  const { state, reloader } = reloading();
  const [first, second] = await Promise.all([reloader.reload(), reloader.reload()]);
  assert.deepEqual([first.outcome, second.outcome, state.applied], ["applied", "applied", ["one", "one"]]);
  state.file = "odd";
  assert.deepEqual(await reloader.reload(), { outcome: "refused", problem: "it cannot be loaded" });
  state.file = "two";
  await reloader.reload();
  await reloader.poll();
  await reloader.poll();
  assert.deepEqual(state.applied, ["one", "one", "two"], "what was reloaded is not new to a look at the file");
  await reloader.close();
  assert.equal((await reloader.reload()).outcome, "refused");
});

/** A reload of a configuration that hangs, which is being loaded. */
async function hanging({
  state,
  reloader,
}: ReturnType<typeof reloading>): Promise<{ readonly reloaded: Promise<Reloaded> }> {
  state.file = "hang";
  const began = new Promise<void>((resolve) => {
    state.began = resolve;
  });
  const reloaded = reloader.reload();
  await began;
  return { reloaded };
}

test("what ends while a configuration is being loaded does not wait for it", async () => {
  const world = reloading();
  const { reloaded } = await hanging(world);
  const waiting = world.reloader.reload();
  await world.reloader.close();
  assert.deepEqual(await reloaded, { outcome: "refused", problem: "the data plane is stopping" });
  assert.deepEqual(await waiting, { outcome: "refused", problem: "the data plane is stopping" });
  assert.deepEqual([world.state.loading, world.state.applied, world.state.logged], [0, [], []]);
});

test("a mended file does not wait for one that hangs; without a change calls take turns", async () => {
  const world = reloading();
  const { reloaded } = await hanging(world);
  const same = world.reloader.reload();
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(world.state.loading, 1, "nothing has changed");
  world.state.file = "two";
  const mended = world.reloader.reload();
  const outcome = await reloaded;
  assert.match(
    outcome.outcome === "refused" ? outcome.problem : "",
    /was changed while it was loaded, and is loaded again/,
  );
  assert.equal((await same).outcome, "applied");
  assert.equal((await mended).outcome, "applied");
  assert.deepEqual(world.state.applied, ["two", "two"]);
  await world.reloader.close();
});

test("what cannot be applied is refused as what cannot be loaded", async () => {
  const { state, reloader } = reloading();
  state.file = "unfit";
  assert.deepEqual(await reloader.reload(), { outcome: "refused", problem: "crm.ts: cannot be run" });
  assert.match(state.logged.join(), /is refused, and the one before goes on: crm\.ts: cannot be run/);
  await reloader.close();
});

test("that the file is gone is said once, and that it is back", async () => {
  const { state, reloader } = reloading();
  state.file = undefined;
  await reloader.poll();
  assert.deepEqual(state.logged, [], "it may be replaced just now");
  for (let look = 0; look < 3; look++) await reloader.poll();
  const gone = "the configuration /pintle.config.json is gone: what runs goes on, but would not start again";
  assert.deepEqual(state.logged, [gone]);
  state.file = "one";
  await reloader.poll();
  await reloader.poll();
  assert.deepEqual(state.logged, [gone, "the configuration /pintle.config.json is back"]);
  await reloader.close();
});

test("what can hardly be meant is warned of once", async () => {
  const { state, reloader } = reloading();
  await reloader.reload();
  assert.deepEqual(state.logged, ["the new configuration is in use"], "said at the start");
  state.file = "two";
  await reloader.reload();
  await reloader.reload();
  const warnings = state.logged.filter((line) => line !== "the new configuration is in use");
  assert.deepEqual(warnings, ['the source "two" has no destinations: its events are stored and go nowhere']);
  await reloader.close();
});

test("a mended file is found by looking at it, too, while the one before hangs", async () => {
  const { state, reloader } = reloading(1);
  const until = async (isSo: () => boolean) => {
    while (!isSo()) await new Promise((resolve) => setTimeout(resolve));
  };
  state.file = "hang";
  await until(() => state.loading === 1);
  state.file = "two";
  await until(() => state.applied.length > 0);
  assert.deepEqual([state.applied, state.loading], [["two"], 0]);
  await reloader.close();
});
