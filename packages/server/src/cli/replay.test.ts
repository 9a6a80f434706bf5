import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { ReplayStatus } from "../router/replay/log-replays.ts";
import { configured, eventsIn, print, refusal, send, start } from "./run.test.support.ts";

const config = {
  sources: [{ name: "shop", writeKey: "wk_secret_shop", destinations: ["audit", "other"] }],
  destinations: {
    audit: { type: "file", path: "./audit.jsonl" },
    other: { type: "file", path: "./other.jsonl" },
    off: { type: "file", path: "./off.jsonl", enabled: false },
  },
};

function run(folder: string, ...words: string[]): Promise<string> {
  return print(folder, ["replay", ...words]);
}

async function listed(folder: string): Promise<ReplayStatus[]> {
  return JSON.parse(await run(folder, "list", "--json")) as ReplayStatus[];
}

test("the log is replayed to one destination, at a rate, over a restart; its position and the others are left alone", async () => {
  const folder = configured(config);
  const first = start(folder);
  await first.ready();
  const names = Array.from({ length: 12 }, (_, at) => `event ${at}`);
  for (const event of names) await send(first.told("events"), "wk_secret_shop", { userId: "u", event });
  const audit = join(folder, "audit.jsonl");
  await eventsIn(audit, 12);
  await eventsIn(join(folder, "other.jsonl"), 12);
  assert.equal(await run(folder, "list"), "no replays\n");

  const started = await run(folder, "--destination", "audit", "--from", "1h", "--rate", "5");
  assert.match(started, /^[0-9a-f]{8}: replaying what was accepted since .* to audit\n\d+ records? of the log to go; /);
  // One by one, and slowly enough that it is not done when it is interrupted.
  await eventsIn(audit, 14);
  first.signal("SIGTERM");
  assert.equal(await first.ended, 0, first.stderr);
  const [before] = (await eventsIn(audit, 14)).slice(12).map(({ event }) => event);
  assert.equal(before, "event 0");

  const second = start(folder);
  await second.ready();
  const all = await eventsIn(audit, 24);
  const replayed = [...new Set(all.slice(12).map(({ event }) => event))];
  assert.deepEqual(replayed, names, "in order");
  let state: string | undefined;
  while (state !== "done") state = (await listed(folder))[0]?.state;
  assert.match(await run(folder, "list"), /^[0-9a-f]{8} +audit +[\dTZ:.-]+ +5 +done +\d+ +0$/m);

  const never = await run(
    folder,
    "--destination",
    "audit",
    "--from",
    "2026-01-01",
    "--to",
    "2026-01-02",
    "--rate",
    "0.5",
  );
  assert.match(never, /^0 records of the log to go/m);
  const slow = (await run(folder, "--destination", "other", "--from", "1h", "--rate", "0.01")).slice(0, 8);
  assert.match(await run(folder, "stop", slow), new RegExp(`^${slow}: stopped with \\d+ events? given to other$`, "m"));

  const refused = (...words: string[]) => refusal(folder, ["replay", ...words]);
  assert.match(await refused(), /^--destination NAME and --from TIME are needed/);
  assert.match(await refused("--destination", "audit", "--from", "soon"), /^--from takes a time/);
  assert.match(await refused("--destination", "audit", "--from", "1h", "--rate", "0"), /^--rate takes a number/);
  assert.match(
    await refused("--destination", "audit", "--from", "1h", "--to", "2h"),
    /^to: it has to be later than from$/,
  );
  assert.match(
    await refused("--destination", "adit", "--from", "1h"),
    /^no destination is called "adit"; there are audit/,
  );
  assert.match(await refused("--destination", "off", "--from", "1h"), /not enabled$/);
  assert.match(await refused("stop", slow), /^no replay ".*" is running$/);

  second.signal("SIGTERM");
  assert.equal(await second.ended, 0, second.stderr);
  const lines = readFileSync(join(folder, "other.jsonl"), "utf8").split("\n").length - 1;
  assert.ok(lines <= 13, "at most one of the slow replay");
});
