/**
 * A data folder of an older version, killed in the middle of everything: this version goes on with
 * it and loses nothing.
 */
import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { test } from "node:test";
import { DataPlane, pintleCommand } from "./support/data-plane.ts";
import { readOldFolder, unpack } from "./support/old-folder.ts";
import { runProgram } from "./support/program.ts";
import { onEvent, until } from "./support/until.ts";
import { WebhookSink } from "./support/webhook-sink.ts";

test("a folder of 0a4275c with events unread, parked, dead and half replayed loses none of them", async () => {
  const old = await readOldFolder("0a4275c");
  const arrived = new Map(Object.keys(old.arrived).map((name) => [name, [] as string[]]));
  await using sink = await WebhookSink.listen(({ path, event }) => {
    arrived.get(path.slice("/events/".length))?.push(event.messageId);
    return 200;
  });
  const url = (name: string): string => `${sink.url}/${name}`;
  const names = [...arrived.keys()];
  await using plane = await DataPlane.start({
    sources: [{ name: "shop", writeKey: "wk", destinations: names }],
    destinations: Object.fromEntries(names.map((name) => [name, { type: "webhook", url: url(name) }])),
  });
  await plane.stop();
  await rm(plane.data, { recursive: true });
  await unpack(old, plane.data);
  await plane.restart();
  const pintle = async (...words: string[]): Promise<string> =>
    runProgram(process.execPath, [pintleCommand, ...words, "--data", plane.data]);
  const options = { hints: [onEvent(sink, "event")], state: () => plane.output };
  const now = (name: string): string[] => arrived.get(name)!;
  const all = (name: string): string[] => [...old.arrived[name]!, ...now(name)];

  const [strict] = JSON.parse(await pintle("dead", "list", "--destination", "strict", "--limit", "1000", "--json")) as [
    { letters: { messageId: string }[] },
  ];
  const letters = strict.letters.map(({ messageId }) => messageId).sort();
  const decided = [...old.purged, ...old.replayed];
  assert.deepEqual(letters, old.dead.filter((id) => !decided.includes(id)).toSorted(), "letters, and verdicts on them");
  await pintle("dead", "replay", "--destination", "strict", "--all");

  const missing = (name: string): string[] => {
    const has = new Set([...all(name), ...(name === "strict" ? old.purged : [])]);
    return old.accepted.filter((id) => !has.has(id));
  };
  await until("every event at every destination", () => names.every((name) => missing(name).length === 0), options);
  const isReplayed = (): boolean => {
    const times = new Map<string, number>();
    for (const id of all("again")) times.set(id, (times.get(id) ?? 0) + 1);
    return old.accepted.every((id) => times.get(id)! >= 2);
  };
  await until("the rest of the replay", isReplayed, options);
  const isDone = async (): Promise<boolean> => (await pintle("replay", "list")).includes("done");
  await until("the replay to be done", isDone, options);
  assert.match(await pintle("replay", "list"), new RegExp(old.replay));

  for (const name of ["down", "stuck"]) {
    const numbers = new Map<number, number>();
    for (const id of now(name)) {
      const n = Number(id.slice("m-".length));
      const before = numbers.get(n % users) ?? -1;
      assert.ok(n > before, `${name}: ${id} of user ${n % users} comes after m-${before}`);
      numbers.set(n % users, n);
    }
  }
  assert.equal(now("steady").length, 0, "what had ended is not sent again");
  assert.equal(now("down").length, old.accepted.length, "what was never delivered comes once");
  assert.deepEqual(await plane.stop(), { code: 0, signal: null });
});

/** Of event `m-<n>`, the user is `n % users`. */
const users = 8;
