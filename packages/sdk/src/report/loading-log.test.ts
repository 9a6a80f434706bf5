import assert from "node:assert/strict";
import { test } from "node:test";
import { settled } from "../simulation/virtual-environment.ts";
import { loadingLog } from "./loading-log.ts";
import { openLog, type TellLog } from "./problem-log.ts";

function start() {
  const lines: string[] = [];
  const line = (text: string): void => void lines.push(text);
  const logger = { debug: line, info: line, warn: line, error: line };
  const loads: { arrive(): void; fail(): void }[] = [];
  const tell = loadingLog(
    () =>
      new Promise<TellLog>((resolve, reject) => {
        loads.push({
          arrive: () => resolve(openLog({ logger, verbose: true }, () => 0)),
          fail: () => reject(new Error("404")),
        });
      }),
  );
  return { lines, loads, say: (text: string) => tell((to) => to.debug(() => text)) };
}

test("what is told before the code is there is logged when it comes, in order", async () => {
  const { lines, loads, say } = start();
  assert.equal(loads.length, 0);
  for (const text of ["a", "b"]) say(text);
  assert.deepEqual([loads.length, lines], [1, []]);
  loads[0]?.arrive();
  await settled();
  say("c");
  assert.deepEqual(lines, ["pintle: a", "pintle: b", "pintle: c"]);
});

test("where the code cannot be loaded, a hundred lines wait, and the next one tries again", async () => {
  const { lines, loads, say } = start();
  for (let i = 0; i < 120; i++) say(String(i));
  loads[0]?.fail();
  await settled();
  assert.equal(loads.length, 1);
  say("last");
  assert.equal(loads.length, 2);
  loads[1]?.arrive();
  await settled();
  assert.deepEqual([lines.length, lines.at(-1)], [100, "pintle: 99"]);
});
