import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { newFolder, print, start } from "./run.test.support.ts";

/* Whatever fails, and whoever quotes an event in what they say: nothing of it is in the log. */

const canary = "canary@example.com";

test("nothing of an event reaches the log, whatever becomes of it", async () => {
  // Servers that quote what they refuse.
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    response.writeHead(Number(request.url?.slice(1, 4)), { "x-quote": canary });
    response.end(`cannot take ${body}`);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const folder = newFolder();
  writeFileSync(
    join(folder, "pintle.config.ts"),
    `import { existsSync, writeFileSync } from "node:fs";
     import { defineConfig } from "pintle";
     import { dead, defineDestination, retry } from "pintle/kit";
     const own = (type, deliver) => defineDestination({
       type, displayName: type, description: type, settings: {},
       open: async () => ({ deliver, close: async () => {} }),
     });
     const quote = (events) => JSON.stringify(events);
     const refuses = own("refuses", async (events) => events.map(() => dead("no", { detail: quote(events) })));
     const sick = own("sick", async (events) => events.map(() => retry("destination", "sick", { detail: quote(events) })));
     const failing = own("failing", async (events) => events.map(() => retry("event", "failing", { detail: quote(events) })));
     const throws = own("throws", async (events) => { throw new Error(quote(events)); });
     const kills = own("kills", async (events) => {
       if (existsSync("died")) return new Promise(() => {});
       writeFileSync("died", "");
       throw setImmediate(() => { throw new TypeError("at large: " + quote(events)); });
     });
     const hook = (status) => ({ type: "webhook", url: "${url}/" + status });
     const destinations = {
       ...Object.fromEntries([400, 401, 404, 413, 418, 429, 500, 503].map((status) => ["w" + status, hook(status)])),
       ...Object.fromEntries([401, 404, 400, 500].map((status) => ["r" + status, { type: "relay", url: "${url}/" + status, writeKey: "wk", gzip: false }])),
       refuses: { type: refuses }, sick: { type: sick }, failing: { type: failing }, throws: { type: throws }, kills: { type: kills },
       rejects: { ...hook(200), transform: (event) => { throw new Error(event.userId); } },
       odd: { ...hook(200), transform: (event) => event.userId },
       foreign: { ...hook(200), transform: (event) => ({ ...event, type: event.userId, userId: { a: event.userId } }) },
     };
     export default defineConfig({
       sources: [{ name: "shop", writeKey: "wk_shop", destinations: Object.keys(destinations) }],
       destinations,
     });`,
  );
  try {
    const plane = start(folder, "--log-level", "debug");
    await plane.ready();
    const post = async (path: string, body: string, headers: Record<string, string> = {}): Promise<void> => {
      const authorization = `Basic ${btoa("wk_shop:")}`;
      await fetch(plane.told("events") + path, {
        method: "POST",
        headers: { authorization, connection: "close", ...headers },
        body,
      });
    };
    const event = { userId: canary, event: canary, properties: { email: canary } };
    await post("/v1/track", JSON.stringify(event));
    await post("/v1/track", `{"userId": "${canary}", `);
    await post("/v1/track", JSON.stringify([event]));
    await post(
      "/v1/batch",
      JSON.stringify({
        batch: [
          { ...event, type: canary },
          { ...event, type: { a: canary } },
        ],
      }),
    );
    await post("/v1/track", JSON.stringify(event), { "content-encoding": "gzip" });
    await post(`/${canary}`, canary, { authorization: `Basic ${btoa(`${canary}:`)}` });

    // Everything has failed once: each destination has letters or is in trouble, and the router's
    // thread has died.
    const isThrough = async (): Promise<boolean> => {
      if (!plane.stderr.includes("thread died")) return false;
      try {
        const status = JSON.parse(await print(folder, ["status", "--json"])) as {
          destinations: { id: string; problem?: object }[];
        };
        // Without a router there are none.
        return (
          status.destinations.length > 0 &&
          status.destinations.every(({ id, problem }) => id === "kills" || problem !== undefined)
        );
      } catch {
        return false; // The router starts again.
      }
    };
    while (!(await isThrough())) await pause(50);
    const shown = await print(folder, ["status", "--json"]);
    assert.ok(shown.includes(canary), "who looks for it finds it in the status");
    plane.signal("SIGTERM");
    assert.equal(await plane.ended, 0);
    assert.match(plane.stderr, /destination in trouble: sick \(in \d+ characters, which pintle status shows\)/);
    assert.match(plane.stderr, /"destination":"r404".*destination in trouble: it answered 404 \(in \d+ characters/);
    assert.match(plane.stderr, /"message":"TypeError \(in \d+ characters\)"/);
    for (const line of (plane.stdout + plane.stderr).split("\n")) assert.ok(!line.includes("canary"), line);
  } finally {
    server.close();
    server.closeAllConnections();
  }
});
