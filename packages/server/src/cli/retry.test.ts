import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import type { Status } from "../admin/status.ts";
import { retryLine } from "./retry.ts";
import { configured, newFolder, print, refusal, send, start } from "./run.test.support.ts";

/** Asks for a pause of an hour, until it is mended. */
let isMended = false;
const taken: string[] = [];
let told: () => void = () => {};
const server = createServer(async (request, response) => {
  let body = "";
  for await (const chunk of request) body += chunk;
  if (isMended) taken.push((JSON.parse(body) as { event: string }).event);
  response.writeHead(isMended ? 200 : 503, { "retry-after": "3600" }).end();
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

async function asked(): Promise<void> {
  await new Promise<void>((resolve) => {
    told = resolve;
  });
}

test("a destination that asked for a pause is tried now; status says when it would have been", async () => {
  const folder = configured({
    sources: [{ name: "shop", writeKey: "wk_shop", destinations: ["My Hook"] }],
    destinations: { "My Hook": { id: "hook", type: "webhook", url }, off: { type: "webhook", url, enabled: false } },
  });
  const plane = start(folder);
  await plane.ready();
  const status = async () =>
    (JSON.parse(await print(folder, ["status", "--json"])) as Status).destinations.find(({ id }) => id === "hook")!;
  assert.equal((await status()).nextAttempt, undefined);
  assert.equal(
    await print(folder, ["retry", "--destination", "hook"]),
    "hook works, and nothing waits for another attempt\n",
  );

  const refused = asked();
  await send(plane.told("events"), "wk_shop", { userId: "u", event: "a" });
  await refused;
  let standing = await status();
  while (standing.state !== "open") standing = await status();
  const wait = Date.parse(standing.nextAttempt!) - Date.now();
  assert.ok(wait > 3_000_000 && wait <= 3_601_000, `${wait} ms`);
  assert.match(
    await print(folder, ["status"]),
    /^hook: http_503 at .*: the destination answered 503; next attempt in (59m \d+s|1h 0m)$/m,
  );

  isMended = true;
  const delivered = asked();
  // By its name as well as by its id.
  assert.equal(
    await print(folder, ["retry", "--destination", "My Hook"]),
    "hook: trying one event now; pintle status tells how it stands\n",
  );
  await delivered;
  assert.deepEqual(taken, ["a"]);

  const no = (...words: string[]) => refusal(folder, ["retry", ...words]);
  assert.match(await no("--destination", "hok"), /^no destination is called "hok"; there are hook, off$/);
  assert.match(await no("--destination", "off"), /^nothing is tried again for off: it is not enabled$/);
  assert.match(await no(), /^--destination NAME is needed/);
  assert.match(await no("--destination"), /--destination/);
  assert.match(await no("hook"), /hook/);
  plane.signal("SIGTERM");
  assert.equal(await plane.ended, 0, plane.stderr);
  assert.match(await no("--destination", "hook"), /^no data plane answers at /);
  assert.match(await refusal(newFolder(), ["retry", "--destination", "hook"]), /is not the folder of a data plane/);
});

test("what it says follows how the destination stood", () => {
  const line = (state: "closed" | "open" | "half-open", lanes: number) =>
    retryLine({ destination: "hook", state, lanes });
  assert.equal(line("closed", 1), "hook: trying 1 user whose events waited");
  assert.equal(line("closed", 2000), "hook: trying 2,000 users whose events waited");
  assert.equal(
    line("half-open", 3),
    "hook: trying one event now, and then 3 users whose events waited; pintle status tells how it stands",
  );
});
