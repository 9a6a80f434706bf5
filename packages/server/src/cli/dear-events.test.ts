import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import type { Status } from "../admin/status.ts";
import { anyPort, CommandRun, configured } from "./run.test.support.ts";

const destinations = ["one", "two"];
const events = 3;

test("requests that are 28 times as large on the heap end neither the router nor, with as little memory, its next start", async (t) => {
  let holds = true;
  const held: ServerResponse[] = [];
  let asked = 0;
  let tell: () => void = () => {};
  const hook = createServer((request, response) => {
    request.resume();
    request.on("end", () => {
      asked++;
      tell();
      if (holds) held.push(response);
      else response.end();
    });
  }).listen(0, "127.0.0.1");
  await once(hook, "listening");
  t.after(() => {
    hook.closeAllConnections();
    hook.close();
  });
  const origin = `http://127.0.0.1:${(hook.address() as AddressInfo).port}`;
  const folder = configured({
    memory: "64MB",
    sources: [{ name: "shop", writeKey: "wk_shop", destinations }],
    destinations: Object.fromEntries(
      destinations.map((name) => [name, { type: "webhook", url: `${origin}/${name}`, timeout: "5m" }]),
    ),
  });
  const begin = async (): Promise<CommandRun> => {
    const run = new CommandRun(folder, ["start", ...anyPort, "--data", "data"], {
      NODE_OPTIONS: "--max-old-space-size=512",
    });
    await run.ready();
    return run;
  };
  const status = async (run: CommandRun): Promise<Status> => {
    const authorization = `Bearer ${readFileSync(join(folder, "data", "admin-token"), "utf8").trim()}`;
    const response = await fetch(`${run.told("admin")}/status`, { headers: { authorization, connection: "close" } });
    return (await response.json()) as Status;
  };
  // Without looking again and again: the time of the processor is what the data plane needs here.
  const untilAsked = (count: number): Promise<void> =>
    new Promise((resolve) => {
      tell = () => {
        if (asked >= count) resolve();
      };
      tell();
    });

  const first = await begin();
  const arrays = `[${"[],".repeat(1_300_000)}[]]`;
  for (let n = 0; n < events; n++) {
    const { status: answered } = await fetch(`${first.told("events")}/v1/track`, {
      method: "POST",
      headers: { authorization: `Basic ${btoa("wk_shop:")}`, connection: "close" },
      body: `{"userId":"u${n}","event":"A","messageId":"m${n}","properties":{"x":${arrays}}}`,
    });
    assert.equal(answered, 200);
  }
  await untilAsked(destinations.length);
  const { memory, router } = await status(first);
  assert.equal(router.state, "running");
  // Each destination holds one record as its text beyond what there is, with what its request
  // takes.
  assert.ok(memory.held <= memory.bytes + destinations.length * 3.1 * 4e6, `${memory.held} of ${memory.bytes}`);
  assert.doesNotMatch(first.stderr, /the router's thread/);
  first.signal("SIGKILL");
  await first.ended;

  holds = false;
  for (const response of held) response.destroy();
  asked = 0;
  const second = await begin();
  await untilAsked(events * destinations.length);
  let told = await status(second);
  while (told.memory.held > 0) told = await status(second);
  assert.doesNotMatch(second.stderr, /the router's thread/);
  second.signal("SIGTERM");
  assert.equal(await second.ended, 0);
});
