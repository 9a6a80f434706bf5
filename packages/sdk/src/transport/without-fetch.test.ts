import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";

const program = `
  import { createServer } from "node:http";
  const server = createServer((request, response) => request.resume().on("end", () => response.end("OK")));
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  // From Node 22 on node:http loads it itself.
  const ofFetch = () => process.moduleLoadList.filter((name) => name.includes("undici"));
  const before = ofFetch();
  const { Pintle } = await import(${JSON.stringify(new URL("../index.js", import.meta.url).href)});
  const client = new Pintle("key", "http://127.0.0.1:" + server.address().port);
  client.track({ userId: "1", event: "e" });
  const { delivered } = await client.close();
  server.close();
  console.log(JSON.stringify({ delivered, fetch: ofFetch().slice(before.length) }));
`;

test("delivering an event on Node loads nothing of fetch, which nobody has asked for", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", program]);
  assert.deepEqual(JSON.parse(stdout), { delivered: 1, fetch: [] });
});
