import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { loadDestinationType } from "@pintle/destinations";
import { completeEvent } from "@pintle/events/gateway";
import { lockForDestination } from "./destination-lock.ts";

const file = await loadDestinationType("file");
const directory = mkdtempSync(join(tmpdir(), "pintle-lock-"));
after(() => rmSync(directory, { recursive: true }));

test("a file has one writer at a time, and the next one goes on where it stopped", async () => {
  const settings = file.settings.parse({ path: "events.jsonl" });
  const open = () =>
    file.open(settings, { directory, now: Date.now, userAgent: "Pintle/test", lock: lockForDestination });
  const event = (messageId: string) =>
    completeEvent({ type: "track", userId: "u" }, { receivedAt: 0, requestIp: "", messageId });
  const first = await open();
  await first.deliver([event("a")]);
  await assert.rejects(open(), /events\.jsonl\.lock is in use by/);
  await first.deliver([event("b")]);
  await first.close();
  const second = await open();
  await second.deliver([event("c")]);
  await second.close();
  const lines = readFileSync(join(directory, "events.jsonl"), "utf8").trimEnd().split("\n");
  assert.deepEqual(
    lines.map((line) => (JSON.parse(line) as { messageId: string }).messageId),
    ["a", "b", "c"],
  );
  assert.equal(existsSync(join(directory, "events.jsonl.lock")), false);
});

test("a file that cannot be opened leaves no lock", async () => {
  mkdirSync(join(directory, "taken"));
  const settings = file.settings.parse({ path: "taken" });
  const tools = {
    directory,
    now: Date.now,
    userAgent: "Pintle/test",
    lock: lockForDestination,
  };
  for (let attempt = 0; attempt < 2; attempt++)
    await assert.rejects(file.open(settings, tools), /EISDIR|illegal operation/);
  assert.equal(existsSync(join(directory, "taken.lock")), false);
});
