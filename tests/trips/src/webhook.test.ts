/**
 * Webhooks in batches: signed ones, verified with the code that docs/destinations/webhook.md gives
 * to receivers, and failing ones.
 */
import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { Pintle } from "@pintle/sdk";
import { transform } from "esbuild";
import { DataPlane } from "./support/data-plane.ts";
import { readPage, samplesIn } from "./support/docs-sample.ts";
import { onEvent, until } from "./support/until.ts";
import { type Delivered, withoutRepeats } from "./support/webhook-sink.ts";

type Verified = (body: string, headers: IncomingHttpHeaders, key: string) => unknown;

async function verifierOfThePage(): Promise<Verified> {
  const sample = samplesIn(await readPage("destinations/webhook.md")).find(({ name }) => name === "verify");
  assert.ok(sample !== undefined);
  const { code } = await transform(sample.code, { loader: "ts", format: "esm" });
  const module = (await import(`data:text/javascript,${encodeURIComponent(code)}`)) as { verified: Verified };
  return module.verified;
}

const key = `whsec_${Buffer.from("a key that nobody else has, 32 b").toString("base64")}`;
const oldKey = `whsec_${Buffer.alloc(24, 1).toString("base64")}`;
const otherKey = `whsec_${Buffer.alloc(24, 2).toString("base64")}`;

test("a receiver knows who sent a batch, and that nobody has changed it", async () => {
  const verified = await verifierOfThePage();
  const got = new EventEmitter();
  const requests: { body: string; headers: IncomingHttpHeaders }[] = [];
  const events: Delivered[] = [];
  const faults: unknown[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    try {
      const body = gunzipSync(Buffer.concat(chunks)).toString();
      requests.push({ body, headers: request.headers });
      events.push(...(verified(body, request.headers, key) as Delivered[]));
      verified(body, request.headers, oldKey);
    } catch (error) {
      faults.push(error);
    }
    response.end();
    got.emit("request");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    const { port } = server.address() as AddressInfo;
    await using plane = await DataPlane.start({
      sources: [{ name: "shop", writeKey: "wk", destinations: ["hook"] }],
      destinations: {
        hook: {
          type: "webhook",
          url: `http://127.0.0.1:${port}/`,
          signingKey: [key, oldKey],
          batch: { events: 10 },
          gzip: true,
          concurrency: 1,
        },
      },
    });
    const client = new Pintle("wk", plane.url);
    for (let n = 0; n < 100; n++) client.track({ userId: "42", event: "Größe geändert", properties: { n } });
    await client.close();
    await until("all events at the receiver", () => events.length + faults.length >= 100, {
      hints: [onEvent(got, "request")],
      state: () => `${events.length} events. The data plane printed:\n${plane.output}`,
    });
    assert.deepEqual(faults, []);
    assert.deepEqual(
      events.map(({ properties }) => (properties as { n: number }).n),
      Array.from({ length: 100 }, (_, n) => n),
      "in order, though it is one user's",
    );
    assert.ok(requests.length < 100, "events travel together");
    assert.equal(plane.output.includes(key), false);
  } finally {
    server.closeAllConnections();
    server.close();
  }

  const { body, headers } = requests[0]!;
  assert.doesNotThrow(() => verified(body, headers, key));
  const forged: [what: string, body: string, headers: IncomingHttpHeaders, key: string][] = [
    ["another key", body, headers, otherKey],
    ["another body", body.replace("Größe", "Grösse"), headers, key],
    ["another id", body, { ...headers, "webhook-id": "x" }, key],
    ["another time", body, { ...headers, "webhook-timestamp": String(Number(headers["webhook-timestamp"]) - 1) }, key],
    ["a recording", body, { ...headers, "webhook-timestamp": "1614265330" }, key],
    ["no time", body, { ...headers, "webhook-timestamp": undefined }, key],
    ["no signature", body, { ...headers, "webhook-signature": undefined }, key],
    ["an empty signature", body, { ...headers, "webhook-signature": "v1," }, key],
    [
      "a signature of another version",
      body,
      { ...headers, "webhook-signature": `v2${String(headers["webhook-signature"]).slice(2, 47)}` },
      key,
    ],
  ];
  for (const [what, ...received] of forged) assert.throws(() => verified(...received), /too old|wrong/, what);
});

test("of batches that are refused for one event, or fail, only the events at fault become dead letters", async () => {
  const total = 1500;
  const users = 300;
  const isBad = (n: number): boolean => n % 97 === 0;
  const numberOf = ({ properties }: Delivered): number => (properties as { n: number }).n;
  const got = new EventEmitter();
  const kept: Delivered[] = [];
  let requests = 0;
  const server = createServer(async (request, response) => {
    let body = "";
    request.setEncoding("utf8");
    for await (const chunk of request) body += chunk;
    const events = JSON.parse(body) as Delivered[];
    const status = ++requests % 23 === 3 ? 500 : events.some((event) => isBad(numberOf(event))) ? 422 : 200;
    if (status === 200) kept.push(...events);
    response.writeHead(status).end();
    got.emit("request");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    const { port } = server.address() as AddressInfo;
    await using plane = await DataPlane.start({
      sources: [{ name: "shop", writeKey: "wk", destinations: ["hook"] }],
      destinations: {
        hook: { type: "webhook", url: `http://127.0.0.1:${port}/`, batch: { events: 40 }, concurrency: 3 },
      },
    });
    const client = new Pintle("wk", plane.url);
    for (let n = 0; n < total; n++) {
      await client.ready();
      client.track({ userId: `user-${n % users}`, event: "Counted", properties: { n } });
    }
    await client.close();

    const bad = Array.from({ length: total }, (_, n) => n).filter(isBad);
    const last = await until(
      "every event to be delivered or given up",
      async () => {
        const [hook] = await destinationsOf(plane);
        return hook !== undefined && hook.delivered + (hook.dead.http_422 ?? 0) >= total && hook;
      },
      {
        hints: [onEvent(got, "request")],
        state: () => `${kept.length} kept. The data plane printed:\n${plane.output}`,
      },
    );
    assert.deepEqual(last.dead, { http_422: bad.length });
    assert.equal(last.delivered, total - bad.length);
    const first = withoutRepeats(kept).map(numberOf);
    assert.deepEqual(
      first.toSorted((a, b) => a - b),
      Array.from({ length: total }, (_, n) => n).filter((n) => !isBad(n)),
    );
    for (let user = 0; user < users; user++) {
      const ofUser = first.filter((n) => n % users === user);
      assert.deepEqual(
        ofUser,
        ofUser.toSorted((a, b) => a - b),
        `the events of user ${user} are in order`,
      );
    }
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test("where private addresses are blocked no connection is made to one, by whatever name, and no event dies for it", async () => {
  let connections = 0;
  const server = createServer((_request, response) => response.end());
  server.on("connection", () => connections++);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    const { port } = server.address() as AddressInfo;
    const hosts = ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433"];
    const hook = (host: string) => ({ type: "webhook", url: `http://${host}:${port}/`, blockPrivate: true });
    const names = hosts.map((_, at) => `hook-${at}`);
    await using plane = await DataPlane.start({
      sources: [{ name: "shop", writeKey: "wk", destinations: names }],
      destinations: Object.fromEntries(hosts.map((host, at) => [names[at]!, hook(host)])),
    });
    const client = new Pintle("wk", plane.url);
    client.track({ userId: "42", event: "Counted" });
    await client.close();
    const all = await until(
      "every destination to be stopped",
      async () => {
        const found = await destinationsOf(plane);
        return found.every(({ problem }) => problem !== undefined) && found;
      },
      { state: () => plane.output },
    );
    assert.deepEqual(
      all.map(({ problem, dead, waiting }) => [problem?.reason, dead, waiting]),
      hosts.map(() => ["blocked_address", {}, 1]),
    );
    assert.equal(connections, 0);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

interface Standing {
  readonly delivered: number;
  readonly dead: Record<string, number>;
  readonly waiting: number;
  readonly problem?: { readonly reason: string };
}

/** How the destinations stand, by the admin port. */
async function destinationsOf(plane: DataPlane): Promise<readonly Standing[]> {
  const token = await readFile(plane.path("data", "admin-token"), "utf8");
  const answer = await fetch(`${plane.adminUrl}/status`, { headers: { authorization: `Bearer ${token.trim()}` } });
  return ((await answer.json()) as { destinations: Standing[] }).destinations;
}
