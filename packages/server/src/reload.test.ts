import assert from "node:assert/strict";
import { test } from "node:test";
import { checkConfig } from "./config/check-config.ts";
import type { Config } from "./config/config.ts";
import { ServerError } from "./errors.ts";
import type { Logger } from "./logger.ts";
import { Reloader } from "./reload.ts";

/** A file, and a reloader that looks at it when the test says so. */
function reloading() {
  const sound = (text: string): Config => ({
    ...checkConfig(
      { sources: [{ name: text, writeKey: "k" }] },
      { file: "/pintle.config.json", directory: "/", environment: {}, types: new Map() },
    ),
    text,
  });
  const state = { file: "one" as string | undefined, applied: [] as string[], logged: [] as string[] };
  const log = (fields: object | string, message?: string) => void state.logged.push(message ?? String(fields));
  const logger: Logger = { debug: log, info: log, warn: log, error: log };
  const reloader = new Reloader({
    config: sound("one"),
    async load() {
      const { file = "" } = state;
      if (file.startsWith("bad")) throw new ServerError("CONFIG_INVALID", `${file}\nin two ways`);
      if (file.startsWith("odd")) throw new Error("with a secret");
      return sound(file);
    },
    apply: async ({ sources }) => void state.applied.push(sources[0]!.name),
    logger,
    // Far away: the test polls itself.
    pollEvery: 3_600_000,
    async read() {
      if (state.file === undefined) throw new Error("ENOENT");
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
