/**
 * Whole numbers beyond 2^53, from a body as a Go or Java client writes it to every kind of
 * destination, digit for digit.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { DataPlane, pintleCommand } from "./support/data-plane.ts";
import { needPostgres, Postgres } from "./support/postgres.ts";
import { runProgram } from "./support/program.ts";
import { onEvent, until } from "./support/until.ts";

const [ann, bob, most, least] = [
  "157963456373623803",
  "157963456373623804",
  "9223372036854775807",
  "-9223372036854775808",
];
const properties = `{"n":${most},"deep":{"list":[${least},1,1.5,"${ann}"]}}`;
const event = (userId: string | undefined, more: string) =>
  `{"type":"track","event":"Paid","userId":${userId},"properties":${properties},"context":{"traits":{"id":${userId}}},${more}}`;
const body = `{"batch":[${event(ann, '"messageId":"m-1"')},${event(bob, `"messageId":${most}`)}]}`;

const config = (url: string): string => `
  import { defineConfig } from "pintle";
  import { defineDestination } from "pintle/kit";

  const own = defineDestination<{ url: string }>({
    type: "own",
    displayName: "Own",
    description: "Knows nothing of large numbers",
    settings: {},
    batch: () => ({ events: 10, bytes: 100_000 }),
    requests: (events) => [{
      method: "POST",
      url: "${url}/own",
      headers: {},
      body: JSON.stringify(events.map(({ userId, properties }) => ({ userId, properties }))),
    }],
  });

  export default defineConfig({
    sources: [{ name: "shop", writeKey: "wk", destinations: ["hook", "hooks", "relayed", "audit", "own", "fussy", "changed"] }],
    destinations: {
      hook: { type: "webhook", url: "${url}/hook" },
      hooks: { type: "webhook", url: "${url}/hooks", batch: {}, signingKey: "whsec_${Buffer.alloc(24, 1).toString("base64")}" },
      relayed: { type: "relay", url: "${url}/relayed", writeKey: "other", gzip: false },
      audit: { type: "file", path: "./events.jsonl" },
      own: { type: own },
      fussy: { type: "webhook", url: "${url}/fussy" },
      changed: {
        type: "webhook",
        url: "${url}/changed",
        transform: (event) => ({ ...event, before: event.properties.n - 1n, text: JSON.stringify(event.context), copy: JSON.parse(JSON.stringify({ n: event.properties.n })) }),
      },
    },
  });
`;

interface Sink {
  readonly server: Server;
  readonly url: string;
  /** Bodies by path. */
  readonly got: Map<string, string[]>;
  isFussy: boolean;
}

async function listen(): Promise<Sink> {
  const got = new Map<string, string[]>();
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const path = request.url ?? "";
    const refused = sink.isFussy && path === "/fussy";
    if (!refused) got.set(path, [...(got.get(path) ?? []), Buffer.concat(chunks).toString()]);
    response.statusCode = refused ? 400 : 200;
    response.end();
    server.emit("answered");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const sink: Sink = { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, got, isFussy: true };
  return sink;
}

/** Both events, whole, wherever they are. */
function assertWhole(text: string): void {
  assert.equal(text.split(`"userId":"${ann}"`).length, 2, text);
  assert.equal(text.split(`"userId":"${bob}"`).length, 2, text);
  assert.equal(text.split(`"traits":{"id":${ann}}`).length, 2, text);
  assert.equal(text.split(`"traits":{"id":${bob}}`).length, 2, text);
  assert.equal(text.split(`"messageId":"${most}"`).length, 2, text);
  assert.equal(text.split(`"properties":${properties}`).length, 3, text);
}

test("every destination, a dead letter and its replay have the digits that came", async () => {
  const sink = await listen();
  try {
    await using plane = await DataPlane.start({ files: new Map([["pintle.config.ts", config(sink.url)]]) });
    const pintle = (...words: string[]): Promise<string> => {
      const port = new URL(plane.adminUrl).port;
      return runProgram(process.execPath, [pintleCommand, ...words, "--data", plane.data, "--admin-port", port]);
    };
    const authorization = `Basic ${Buffer.from("wk:").toString("base64")}`;
    const answer = await fetch(`${plane.url}/v1/batch`, { method: "POST", headers: { authorization }, body });
    assert.equal(await answer.text(), "ok");

    const at = (path: string): string => (sink.got.get(path) ?? []).join("");
    const audit = () => readFile(plane.path("events.jsonl"), "utf8").catch(() => "");
    const hasBoth = (text: string): boolean => text.includes(ann) && text.includes(bob);
    const paths = ["/hook", "/hooks", "/relayed/v1/batch", "/own", "/changed"];
    const options = { hints: [onEvent(sink.server, "answered")], state: () => `${[...sink.got]} ${plane.output}` };
    await until(
      "both events everywhere",
      async () => paths.every((path) => hasBoth(at(path))) && hasBoth(await audit()),
      options,
    );
    for (const path of ["/hook", "/hooks", "/relayed/v1/batch", "/changed"]) assertWhole(at(path));
    assert.equal(at("/changed").split(`"before":${BigInt(most) - 1n},`).length, 3, at("/changed"));
    assertWhole(await audit());
    // A program of the user's own: digits as a number where its Node can write them so, else as
    // text.
    const isExact = "rawJSON" in JSON;
    assert.ok(at("/own").includes(isExact ? `"n":${most}` : `"n":"${most}"`), at("/own"));
    const written = JSON.stringify(`{"traits":{"id":${bob}}}`);
    assert.ok(at("/changed").includes(`"text":${written},"copy":{"n":${most}}`), at("/changed"));

    await until("both dead letters", async () => /2 dead letters/.test(await pintle("dead", "list")), options);
    const show = (...words: string[]) => Promise.all([0, 1].map((n) => pintle("dead", "show", ...words, `fussy/${n}`)));
    // Behind the event stands the request, with the event in it.
    const shown = (await show()).map((text) => text.split("\nrequest ", 1)[0]).join("\n");
    const letters = (await show("--json")).join("\n");
    for (const text of [shown, letters]) assertWhole(text.replaceAll(/\n */g, "").replaceAll('": ', '":'));

    sink.isFussy = false;
    await pintle("dead", "replay", "--all");
    await until("both events at the fussy one", () => hasBoth(at("/fussy")), options);
    assertWhole(at("/fussy"));
  } finally {
    sink.server.closeAllConnections();
    sink.server.close();
  }
});

test("PostgreSQL has the digits that came, and so has what it refused", needPostgres, async () => {
  await using server = await Postgres.start();
  const database = await server.database();
  await database.query(`CREATE SCHEMA shop;
    CREATE TABLE shop.paid (id text PRIMARY KEY, received_at timestamptz, fussy bigint CHECK (fussy < ${most}))`);
  await using plane = await DataPlane.start({
    sources: [{ name: "shop", writeKey: "wk", destinations: ["warehouse"] }],
    destinations: { warehouse: { type: "postgres", url: database.url, jsonPaths: ["track.properties.cart"] } },
  });
  const past = `${most}0`;
  const values = `"n":${least},"past":${past},"cart":{"id":${past}},"list":[${ann},${past}],"text":"${past}"`;
  const paid = (userId: string, messageId: string, fussy: string) =>
    `{"userId":${userId},"messageId":${messageId},"event":"Paid","properties":{${values},"fussy":${fussy}}}`;
  const authorization = `Basic ${Buffer.from("wk:").toString("base64")}`;
  for (const event of [paid(ann, ann, "1"), paid(bob, bob, most)]) {
    const answer = await fetch(`${plane.url}/v1/track`, { method: "POST", headers: { authorization }, body: event });
    assert.equal(await answer.text(), "ok");
  }
  const rows = () =>
    database.query(`SELECT id, user_id, n::text, past::text, cart->>'id' AS cart, list, text FROM shop.paid`);
  const options = { state: () => plane.output };
  const row = { user_id: ann, n: least, past, cart: past, list: `[${ann},${past}]`, text: past };
  const count = () => database.value<number>("SELECT count(*)::int FROM shop.paid");
  await until("the row", async () => (await count()) === 1, options);
  assert.deepEqual(await rows(), [{ id: ann, ...row }]);

  const port = new URL(plane.adminUrl).port;
  const pintle = (...words: string[]): Promise<string> =>
    runProgram(process.execPath, [pintleCommand, ...words, "--data", plane.data, "--admin-port", port]);
  await until("the dead letter", async () => /1 dead letter/.test(await pintle("dead", "list")), options);
  const shown = (await pintle("dead", "show", "warehouse/0")).replaceAll(/\n */g, "").replaceAll('": ', '":');
  assert.ok(shown.includes(`{${values},"fussy":${most}}`), shown);
  await database.query("ALTER TABLE shop.paid DROP CONSTRAINT paid_fussy_check");
  await pintle("dead", "replay", "--user", bob);
  await until("the other row", async () => (await count()) === 2, options);
  assert.deepEqual(await rows(), [
    { id: ann, ...row },
    { id: bob, ...row, user_id: bob },
  ]);
});
