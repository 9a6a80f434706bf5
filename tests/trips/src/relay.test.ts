/** Pintle in front of a second Pintle. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Pintle } from "@pintle/sdk";
import { DataPlane } from "./support/data-plane.ts";
import { readEventFile } from "./support/event-file.ts";
import { onFolder, until } from "./support/until.ts";
import type { Delivered } from "./support/webhook-sink.ts";
import { withoutRepeats } from "./support/webhook-sink.ts";

const users = 20;
const events = 3000;

/** What has to be the same behind the second data plane as behind the first. */
const kept = ({ receivedAt: _, ...event }: Delivered): Omit<Delivered, "receivedAt"> => event;

test("events go through two data planes with their ids and times, in order, though the second one is killed on the way", async () => {
  await using second = await DataPlane.start({
    sources: [{ name: "relayed", writeKey: "wk_second", destinations: ["behind"] }],
    destinations: { behind: { type: "file", path: "./behind.jsonl" } },
  });
  await using first = await DataPlane.start({
    sources: [{ name: "shop", writeKey: "wk_first", destinations: ["next", "beside"] }],
    destinations: {
      next: { type: "relay", url: `${second.url}/`, writeKey: "wk_second", batch: { events: 50, bytes: "20KB" } },
      beside: { type: "file", path: "./beside.jsonl" },
    },
  });
  const behind = (): Promise<Delivered[]> => readEventFile(second.path("behind.jsonl")).then(withoutRepeats);
  const arrived = (count: number): Promise<Delivered[]> =>
    until(
      `${count} events behind the second data plane`,
      async () => {
        const found = await behind();
        return found.length >= count && found;
      },
      { hints: [onFolder(second.path("."))], state: () => `${first.output}\n${second.output}` },
    );

  const client = new Pintle("wk_first", first.url);
  const track = async (from: number, to: number): Promise<void> => {
    for (let n = from; n < to; n++) {
      await client.ready();
      client.track({
        userId: `user-${n % users}`,
        messageId: `m-${n}`,
        event: "Counted",
        timestamp: new Date(Date.UTC(2020, 0, 1, 0, 0, n)),
        properties: { n, text: "ä".repeat(n % 100) },
      });
    }
    await client.flush();
  };
  await track(0, 1000);
  await arrived(200);
  await second.kill();
  await track(1000, 2000);
  await second.restart();
  await track(2000, events);
  await client.close();
  const { accepted, delivered } = client.stats();
  assert.deepEqual([accepted, delivered], [events, events]);

  const relayed = await arrived(events);
  const beside = withoutRepeats(await readEventFile(first.path("beside.jsonl")));
  assert.equal(relayed.length, events);
  const byId = new Map(beside.map((event) => [event.messageId, event]));
  for (const event of relayed) assert.deepEqual(kept(event), kept(byId.get(event.messageId)!));
  assert.equal(relayed.find(({ messageId }) => messageId === "m-7")?.timestamp, "2020-01-01T00:00:07.000Z");
  for (let user = 0; user < users; user++) {
    const numbers = relayed
      .filter(({ userId }) => userId === `user-${user}`)
      .map(({ properties }) => (properties as { n: number }).n);
    assert.deepEqual(
      numbers,
      numbers.toSorted((a, b) => a - b),
      `the events of user ${user} are in order`,
    );
  }
});
