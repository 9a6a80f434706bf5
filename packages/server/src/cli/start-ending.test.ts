import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { LogReader } from "@pintle/log";
import { decodeEventRecord } from "../records/event-record.ts";
import { configured, eventsIn, send, start } from "./run.test.support.ts";

const sound = {
  sources: [{ name: "shop", writeKey: "wk_shop", destinations: ["audit"] }],
  destinations: { audit: { type: "file", path: "./out.jsonl" } },
};

test("SIGTERM under load: every ok is on disk, every answer is whole, and it exits with 0", async () => {
  const folder = configured(sound);
  const run = start(folder, "--data", "data");
  await run.ready();
  const { hostname, port } = new URL(run.told("events"));
  const agent = new Agent({ keepAlive: true, maxSockets: 20 });
  const acknowledged: string[] = [];
  let refused = 0;

  /**
   * The status of an answer that arrived whole; `undefined` where the connection ended before one
   * began.
   */
  const post = (messageId: string): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const body = JSON.stringify({ userId: "u", event: "A", messageId });
      const headers = { authorization: `Basic ${btoa("wk_shop:")}`, "content-length": body.length };
      const sent = request({ agent, hostname, port, method: "POST", path: "/v1/track", headers }, (response) => {
        response.setEncoding("utf8");
        let text = "";
        response.on("data", (chunk: string) => {
          text += chunk;
        });
        response.on("error", reject);
        response.on("end", () => {
          if (response.statusCode === 200) assert.equal(text, "ok");
          resolve(response.statusCode);
        });
      });
      sent.on("error", () => resolve(undefined));
      sent.end(body);
    });

  async function client(name: number): Promise<void> {
    for (let count = 0; ; count++) {
      const messageId = `${name}-${count}`;
      const status = await post(messageId);
      if (status === 200) acknowledged.push(messageId);
      else {
        refused++;
        return assert.equal(status, undefined, "what is answered at all is answered with ok");
      }
      if (acknowledged.length === 500) run.signal("SIGTERM");
    }
  }

  await Promise.all(Array.from({ length: 20 }, (_, name) => client(name)));
  assert.equal(await run.ended, 0);
  agent.destroy();
  assert.equal(refused, 20);
  assert.ok(acknowledged.length >= 500);

  const reader = await LogReader.open(join(folder, "data", "topics", "events-0"));
  const stored = new Set<string>();
  for (let from = 0; ; ) {
    const { records, next } = await reader.read(from, { end: Number.MAX_SAFE_INTEGER });
    for (const { header } of records) for (const id of decodeEventRecord(header).messageIds) stored.add(id);
    if (next === from || records.length === 0) break;
    from = next;
  }
  await reader.close();
  assert.deepEqual(
    acknowledged.filter((id) => !stored.has(id)),
    [],
  );
});

test("--drain: /health says stopping, and requests are served meanwhile", async () => {
  const run = start(configured(sound), "--drain", "1h");
  await run.ready();
  const url = run.told("events");
  const health = () => fetch(`${url}/health`, { headers: { connection: "close" } });
  assert.equal((await health()).status, 200);
  run.signal("SIGTERM");
  let answer = await health();
  while (answer.status === 200) answer = await health();
  assert.equal(answer.status, 503);
  assert.deepEqual(await answer.json(), { status: "stopping" });
  assert.equal(await send(url, "wk_shop", { userId: "u", event: "A" }), "ok");
  run.signal("SIGTERM");
  assert.equal(await run.ended, "SIGTERM");
});

test("--trust-proxy: the first address that the proxy names is the event's", async () => {
  const folder = configured(sound);
  const run = start(folder, "--trust-proxy", "127.0.0.1");
  await run.ready();
  const answer = await fetch(`${run.told("events")}/v1/track`, {
    method: "POST",
    headers: {
      authorization: `Basic ${btoa("wk_shop:")}`,
      "x-forwarded-for": "192.0.2.7, 10.0.0.1",
      connection: "close",
    },
    body: JSON.stringify({ userId: "u", event: "A" }),
  });
  assert.equal(await answer.text(), "ok");
  const [event] = await eventsIn(join(folder, "out.jsonl"), 1);
  assert.equal(event?.request_ip, "192.0.2.7");
  run.signal("SIGTERM");
  assert.equal(await run.ended, 0);
});

test("a data plane whose output nobody reads any more goes on", async () => {
  const folder = configured(sound);
  const run = start(folder);
  await run.ready();
  run.hangUp();
  const token = readFileSync(join(folder, "pintle-data", "admin-token"), "utf8").trim();
  const headers = { authorization: `Bearer ${token}`, connection: "close" };
  // Each of them is logged.
  for (let reload = 0; reload < 3; reload++) {
    assert.equal((await fetch(`${run.told("admin")}/reload`, { method: "POST", headers })).status, 200);
  }
  assert.equal(await send(run.told("events"), "wk_shop", { userId: "u", event: "A" }), "ok");
  run.signal("SIGTERM");
  assert.equal(await run.ended, 0);
});
