/** A file that is rotated and compressed while the data plane is killed. */
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { Pintle } from "@pintle/sdk";
import { DataPlane } from "./support/data-plane.ts";
import { readEventFile } from "./support/event-file.ts";
import { tempFolder } from "./support/temp-folder.ts";
import { onFolder, until } from "./support/until.ts";
import { type Delivered, withoutRepeats } from "./support/webhook-sink.ts";

const total = 4000;
const users = 10;

test("no line is lost in any of the files, though the data plane is killed while it closes and compresses them", async () => {
  await using plane = await DataPlane.start({
    sources: [{ name: "shop", writeKey: "wk", destinations: ["audit"] }],
    destinations: { audit: { type: "file", path: "./audit/events.jsonl", rotateSize: "20KB", rotateEvery: "1s" } },
  });
  const folder = plane.path("audit");
  const closed = async (): Promise<string[]> =>
    (await readdir(folder).catch(() => [])).filter((name) => /^events-\w+\.jsonl(\.gz)?$/.test(name));
  const client = new Pintle("wk", plane.url, { batchSize: 20 });
  for (let n = 0; n < total; n++) {
    if (n % 1000 === 500) {
      const wanted = (await closed()).length + 3;
      await until("files to be closed", async () => (await closed()).length >= wanted, {
        hints: [onFolder(plane.path("."))],
        state: () => plane.output,
      });
      await plane.kill();
      await plane.restart();
    }
    await client.ready();
    client.track({ userId: `user-${n % users}`, messageId: `m-${n}`, event: "Counted", properties: { n } });
  }
  await client.close();

  const arrived = await until(
    "all events in the files, and all closed ones compressed",
    async () => {
      const names = await readdir(folder);
      if (names.some((name) => /^events-.*(jsonl|part)$/.test(name))) return false;
      const events = withoutRepeats(await eventsIn(folder).catch(() => []));
      return events.length >= total && events;
    },
    { hints: [onFolder(folder)], state: () => plane.output },
  );
  assert.equal(arrived.length, total);
  for (let user = 0; user < users; user++) {
    const numbers = arrived
      .filter(({ userId }) => userId === `user-${user}`)
      .map(({ properties }) => (properties as { n: number }).n);
    assert.deepEqual(
      numbers,
      numbers.toSorted((a, b) => a - b),
      `the events of user ${user} are in order`,
    );
  }
  assert.deepEqual(await plane.stop(), { code: 0, signal: null });
  assert.ok(!(await readdir(folder)).includes("events.jsonl.lock"), "the lock is gone");
});

test("of two data planes with one file, the second writes when the first has ended", async () => {
  await using shared = await tempFolder("shared");
  const path = join(shared.path, "events.jsonl");
  const config = {
    sources: [{ name: "shop", writeKey: "wk", destinations: ["audit"] }],
    destinations: { audit: { type: "file", path } },
  };
  const ids = async (): Promise<string[]> => (await readEventFile(path)).map(({ messageId }) => messageId);
  const arrived = (count: number, plane: DataPlane): Promise<string[]> =>
    until(`${count} lines`, async () => ((await ids()).length >= count ? ids() : undefined), {
      hints: [onFolder(shared.path)],
      state: () => plane.output,
    });
  const track = async (plane: DataPlane, messageId: string): Promise<void> => {
    const client = new Pintle("wk", plane.url);
    client.track({ userId: "42", messageId, event: "Counted" });
    await client.close();
  };

  await using first = await DataPlane.start(config);
  await track(first, "a");
  await arrived(1, first);
  await using second = await DataPlane.start(config);
  await track(second, "b");
  await until("the second one to say that it cannot", () => /events\.jsonl\.lock is in use/.test(second.output), {
    state: () => second.output,
  });
  await track(first, "c");
  assert.deepEqual(await arrived(2, first), ["a", "c"]);
  // Also without a word: the lock goes with the process.
  await first.kill();
  assert.deepEqual(await arrived(3, second), ["a", "c", "b"]);
});

/**
 * The events of all files, in the order of their names; the one that is written to has no stamp and
 * comes last.
 */
async function eventsIn(folder: string): Promise<Delivered[]> {
  const names = (await readdir(folder)).filter((name) => /^events.*\.(jsonl|gz)$/.test(name)).sort();
  const texts = await Promise.all(
    names.map(async (name) => {
      const bytes = await readFile(`${folder}/${name}`);
      return (name.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString();
    }),
  );
  const lines = texts.flatMap((text) => text.split("\n").slice(0, -1));
  return lines.map((line) => JSON.parse(line) as Delivered);
}
