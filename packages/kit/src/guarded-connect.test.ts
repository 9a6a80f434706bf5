import assert from "node:assert/strict";
import type { LookupAddress } from "node:dns";
import { createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { after, before, test } from "node:test";
import { Pool } from "undici";
import { classifyError } from "./classify.ts";
import { guardedConnector, type ResolveAll } from "./guarded-connect.ts";
import { poolSender } from "./sender.ts";

/** A server that must never be reached. */
const server = createServer((_request, response) => response.end("secret"));
const connections: Socket[] = [];
server.on("connection", (socket) => connections.push(socket));
let port = 0;
before(async () => {
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  port = (server.address() as AddressInfo).port;
});
after(() => {
  server.closeAllConnections();
  server.close();
});

const v4 = (address: string): LookupAddress => ({ address, family: 4 });

/**
 * What a request to `host` comes to where its name has these addresses, one answer for each
 * look-up.
 */
async function reasonFor(
  host: string,
  ...answers: (LookupAddress[] | Error)[]
): Promise<[reason: string, lookups: number]> {
  let lookups = 0;
  const resolve: ResolveAll = (_name, _options, found) => {
    const answer = answers[Math.min(lookups++, answers.length - 1)] ?? [];
    if (answer instanceof Error) found(answer, []);
    else found(null, answer);
  };
  const pool = new Pool(`http://${host}:${port}`, { connect: guardedConnector(1000, resolve) });
  try {
    await pool.request({ path: "/", method: "GET" });
    return ["answered", lookups];
  } catch (error) {
    return [classifyError(error).reason, lookups];
  } finally {
    await pool.destroy();
  }
}

const literals = [
  "127.0.0.1",
  "[::1]",
  "[::ffff:127.0.0.1]",
  "[::ffff:7f00:1]",
  "2130706433",
  "0x7f.1",
  "0.0.0.0",
  "169.254.169.254",
];
for (const host of literals) {
  test(`an address in the URL is checked: ${host}`, async () => {
    assert.deepEqual(await reasonFor(host), ["blocked_address", 0]);
  });
}

const names: LookupAddress[][] = [
  [v4("127.0.0.1")],
  [{ address: "::ffff:127.0.0.1", family: 6 }],
  [{ address: "fe80::1", family: 6 }],
  [v4("93.184.215.14"), v4("10.0.0.1")],
];
for (const addresses of names) {
  test(`a name is refused with ${addresses.map(({ address }) => address).join(" and ")}`, async () => {
    assert.deepEqual(await reasonFor("rebound.example", addresses), ["blocked_address", 1]);
  });
}

test("a name that changes its address between two connections is looked up and refused each time", async () => {
  // The first look-up finds nothing, so that no test depends on a public address being reachable.
  const gone = Object.assign(new Error("not found"), { code: "ENOTFOUND" });
  assert.deepEqual(await reasonFor("rebound.example", gone, [v4("127.0.0.1")]), ["dns", 1]);
  assert.deepEqual(await reasonFor("rebound.example", [v4("127.0.0.1")]), ["blocked_address", 1]);
});

test("the system's own look-up is guarded, and the sender uses it", async () => {
  const sender = poolSender({ connections: 1, blockPrivate: true });
  const request = { method: "POST", url: `http://localhost:${port}/`, headers: {}, body: "x" } as const;
  const sending = sender.send(request, { timeout: 20_000, bodyBytes: 100 });
  const outcome = await sending.then(() => assert.fail("it must not get through"), classifyError);
  assert.ok(outcome.outcome === "retry");
  assert.deepEqual([outcome.scope, outcome.reason], ["destination", "blocked_address"]);
  assert.match(outcome.detail ?? "", /^localhost is (127\.0\.0\.1|::1), which is no public address/);
  await sender.close();
  const open = poolSender({ connections: 1 });
  assert.equal((await open.send(request, { timeout: 20_000, bodyBytes: 100 })).body, "secret");
  await open.close();
});

test("nobody has connected that was refused", () => {
  assert.equal(connections.length, 1);
});
