import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Status } from "../admin/status.ts";
import { letterLines } from "./dead.ts";
import { configured, newFolder, print, refusal, send, start } from "./run.test.support.ts";

/** Refuses events whose names begin with "bad", until it is mended. */
let isMended = false;
const taken: string[] = [];
let told: () => void = () => {};
const server = createServer(async (request, response) => {
  let body = "";
  for await (const chunk of request) body += chunk;
  const { event } = JSON.parse(body) as { event: string };
  if (event.startsWith("bad") && !isMended) {
    return void response.writeHead(400, { "x-why": "key_of_hook" }).end(`no ${event}, key_of_hook`);
  }
  taken.push(event);
  response.end();
  told();
});
let url = "";
before(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(() => {
  server.close();
  server.closeAllConnections();
});

test("a letter is shown whole, whatever words of it are keys elsewhere; those who have no request show none", () => {
  const letter = {
    ...{ destination: "hook", letter: 1, reason: "http_413", sourceId: "shop", partition: 0, offset: 0, index: 0 },
    ...{ at: 0, attempts: 1, event: { messageId: "m", event: "x".repeat(20_000) } as never },
  };
  const text = letterLines(letter).join("\n");
  assert.ok(text.includes("x".repeat(20_000)));
  assert.doesNotMatch(text, /^(request|answer)/m);
  const request = { method: "PUT", url: "http://x/", headers: { a: "b" }, body: "y", bytes: 12_345 };
  assert.match(
    letterLines({ ...letter, request }).join("\n"),
    /^request PUT http:\/\/x\/\na: b\n\ny\n\(the beginning of 12,345 bytes\)$/m,
  );
});

/** Until so many events were taken. */
async function untilTaken(count: number): Promise<void> {
  while (taken.length < count) {
    await new Promise<void>((resolve) => {
      told = resolve;
    });
  }
}

function run(folder: string, ...words: string[]): Promise<string> {
  return print(folder, ["dead", ...words]);
}

test("dead letters are listed, shown, replayed and purged", async () => {
  const folder = configured({
    sources: [{ name: "shop", writeKey: "webshop", destinations: ["hook"] }],
    destinations: { hook: { type: "webhook", url, headers: { authorization: "key_of_hook" } } },
  });
  const plane = start(folder);
  await plane.ready();
  const events: [userId: string, event: string][] = [
    ["u1", "good 1"],
    ["u1", "bad 1"],
    ["u2", "bad 2"],
    ["u1", "bad 3"],
    ["u3", "bad 4\u001b[31m"],
    ["u1", "good 2"],
  ];
  for (const [userId, event] of events) {
    await send(plane.told("events"), "webshop", {
      userId,
      event,
      messageId: `m ${event}`,
      properties: { at: "webshop" },
    });
  }
  await untilTaken(2);
  // Its letter was written before the last event of its user went out; those of the others are
  // asked for until they are there.
  for (let list = ""; !list.includes("4 dead letters"); ) list = await run(folder, "list");

  const list = await run(folder, "list", "--limit", "2");
  assert.match(list, /^letter +given up +reason +type +attempts +messageId$/m);
  assert.equal(list.match(/^hook\/\d+ +[\dTZ:.-]+ +http_400 +track +1 +m bad /gm)?.length, 2, list);
  assert.match(list, /^hook: 4 dead letters \(http_400 4\), of which the newest 2 are listed$/m);
  assert.ok(!list.includes("\u001b"));
  assert.match(await run(folder, "list", "--user", "u2"), /^hook: 1 dead letter \(http_400 1\)$/m);
  assert.match(
    await run(folder, "list", "--id", "m bad 3", "--reason", "http_400", "--from", "1h"),
    /^hook: 1 dead letter/m,
  );
  assert.equal(await run(folder, "list", "--reason", "expired"), "no dead letters\n");
  assert.equal(await run(folder, "list", "--to", "2026-01-01"), "no dead letters\n");

  const [first] = JSON.parse(await run(folder, "list", "--user", "u2", "--json")) as {
    letters: { letter: number }[];
  }[];
  const letter = `hook/${first?.letters[0]?.letter}`;
  const shown = await run(folder, "show", letter);
  assert.match(
    shown,
    /^hook\/\d+: http_400: the destination answered 400\ngiven up at .* after 1 attempt, the first at /,
  );
  assert.match(shown, /"event": "bad 2"/);
  assert.match(shown, /"at": "webshop"/, "the write key is a word like any other in what customers do");
  assert.match(
    shown,
    /^request POST http:\/\/127\.0\.0\.1:\d+\/?\n(.+\n)*authorization: \[redacted\]\n(.+\n)*\n\{.*"bad 2".*\}$/m,
  );
  assert.match(shown, /^answer 400\n(.+\n)*x-why: \[redacted\]\n(.+\n)*\nno bad 2, \[redacted\]$/m);
  assert.ok(!shown.includes("key_of_hook"));

  assert.equal(await run(folder, "purge", "--letter", letter), "hook: purged 1 dead letter\n");
  assert.equal(await run(folder, "purge", "--letter", letter), "no dead letters to purge\n");
  assert.match(await run(folder, "show", letter), /^purged at /m);
  isMended = true;
  assert.equal(await run(folder, "replay", "--user", "u1"), "hook: replayed 2 dead letters\n");
  await untilTaken(4);
  assert.deepEqual(taken, ["good 1", "good 2", "bad 1", "bad 3"], "those of a user in their order");
  assert.equal(await run(folder, "replay", "--all"), "hook: replayed 1 dead letter\n");
  await untilTaken(5);
  assert.equal(await run(folder, "list"), "no dead letters\n");

  const refused = (...words: string[]) => refusal(folder, ["dead", ...words]);
  assert.match(await refused("replay"), /^say which letters to replay: by a flag .* or --all$/);
  assert.match(await refused("show", "hook/999"), /^there is no dead letter hook\/999$/);
  assert.match(await refused("show", "../etc/1"), /^a letter is named like hook\/42/);
  assert.match(await refused("list", "--destination", "hok"), /^no destination is called "hok"; there are hook$/);
  assert.match(await refused("purge", "--letter", "hook/1", "--destination", "other"), /is not one of --destination/);
  assert.match(await refused("list", "--from", "yesterday"), /^--from takes a time/);
  assert.match(await refused("list", "--limit", "0"), /^--limit takes a number from 1 to 1000/);
  assert.match(await refused("remove"), /^pintle dead has no command "remove"; there are: dead list, /);

  plane.signal("SIGTERM");
  assert.equal(await plane.ended, 0, plane.stderr);
  assert.match(await refusal(newFolder(), ["dead", "list"]), /is not the folder of a data plane/);
});

test("what was denied stays denied: a replay goes through the filter as it is now, and says what became of the letters", async () => {
  isMended = false;
  taken.length = 0;
  const config = (more: object) => ({
    sources: [{ name: "shop", writeKey: "wk_secret_shop", destinations: ["hook"] }],
    destinations: { hook: { type: "webhook", url, consent: { ids: ["ads"] }, ...more } },
  });
  const folder = configured(config({}));
  const plane = start(folder);
  await plane.ready();
  const context = { consentManagement: { deniedConsentIds: ["ads"] } };
  const unknown = { userId: "u1", event: "denied", type: "shout", integrations: { All: false }, context };
  const response = await fetch(`${plane.told("events")}/v1/batch`, {
    method: "POST",
    headers: { authorization: `Basic ${btoa("wk_secret_shop:")}`, connection: "close" },
    body: JSON.stringify({
      batch: [unknown, ...["bad 1", "bad 2"].map((event) => ({ type: "track", userId: "u1", event }))],
    }),
  });
  assert.equal(response.status, 200);
  for (let list = ""; !list.includes("3 dead letters"); ) list = await run(folder, "list");
  writeFileSync(join(folder, "pintle.config.json"), JSON.stringify(config({ except: { events: ["bad 2"] } })));
  const token = readFileSync(join(folder, "pintle-data", "admin-token"), "utf8").trim();
  const headers = { authorization: `Bearer ${token}`, connection: "close" };
  assert.equal((await fetch(`${plane.told("admin")}/reload`, { method: "POST", headers })).status, 200);

  isMended = true;
  assert.equal(
    await run(folder, "replay", "--all"),
    [
      "hook: replayed 1 dead letter",
      "hook: filtered 1 dead letter (except 1): not for it any more",
      "hook: left 1 dead letter (type 1): nothing that can be sent",
      "",
    ].join("\n"),
  );
  await untilTaken(1);
  assert.match(await run(folder, "list"), /^hook: 1 dead letter \(type 1\)$/m);
  const status = JSON.parse(await print(folder, ["status", "--json"])) as Status;
  const [{ filtered, replayed, dead } = assert.fail("no destination")] = status.destinations;
  assert.deepEqual([replayed, filtered, dead], [2, { except: 1 }, { type: 1, http_400: 2 }]);
  plane.signal("SIGTERM");
  assert.equal(await plane.ended, 0, plane.stderr);
  assert.deepEqual(taken, ["bad 1"]);
});
