import assert from "node:assert/strict";
import { test } from "node:test";
import { type Message, Pintle } from "@pintle/sdk";
import { callsOf, checkCdnowTables, hasAllCdnowRows, makeCdnowTables, needCdnowAndPostgres } from "./cdnow-tables.ts";
import { cdnowFile, readPurchases } from "./purchases.ts";
import { DataPlane } from "./support/data-plane.ts";
import { Postgres } from "./support/postgres.ts";
import { until } from "./support/until.ts";

const writeKey = "wk_cdnow";

test(
  "18 months of CDNOW's purchases in tables, exactly, though data plane and PostgreSQL are killed on the way",
  needCdnowAndPostgres,
  async () => {
    const purchases = readPurchases(cdnowFile!);
    const calls = callsOf(purchases);
    await using server = await Postgres.start();
    const database = await server.database();
    await makeCdnowTables(database);
    await using plane = await DataPlane.start({
      sources: [{ name: "cdnow", writeKey, destinations: ["warehouse"] }],
      destinations: { warehouse: { type: "postgres", url: database.url, timeout: "10s" } },
    });
    // Small batches: many requests, so that each kill finds some answered, some on their way and
    // some not yet sent.
    const client = new Pintle(writeKey, plane.url, { strict: true, batchSize: 20 });
    const at = (part: number) => Math.floor(part * calls.length);
    const kills = new Map([
      [at(0.15), "plane"],
      [at(0.35), "server"],
      [at(0.5), "both"],
      [at(0.65), "server"],
      [at(0.85), "plane"],
    ]);
    const loaded = () => database.value<number>("SELECT count(*)::int FROM cdnow.order_completed");
    let tracked = 0;
    let trackedAtKill = 0;
    let restarting: Promise<unknown> = Promise.resolve();
    for (const [index, { timestamp, ...call }] of calls.entries()) {
      const kill = kills.get(index);
      if (kill !== undefined) {
        await restarting;
        await until("the warehouse to be in the middle of it", async () => (await loaded()) > trackedAtKill, {
          state: () => plane.output,
        });
        trackedAtKill = tracked;
        // The shop goes on selling while one, or the other, is down.
        const down: Promise<void>[] = [];
        if (kill !== "server") down.push(plane.kill().then(() => plane.restart()));
        if (kill !== "plane") down.push(server.kill().then(() => server.restart()));
        restarting = Promise.all(down);
        restarting.catch(() => {}); // Awaited before the next kill, or at the end.
      }
      if (call.type === "track") tracked++;
      await client.ready();
      client.enqueue({ ...call, timestamp: new Date(timestamp) } as Message);
    }
    await restarting;
    await client.close({ timeout: 120_000 });
    const { dropped, pending, delivered } = client.stats();
    const lost = Object.values(dropped).reduce((sum, count) => sum + count, 0);
    assert.deepEqual([lost, pending, delivered], [0, 0, calls.length]);
    await until("every purchase in the warehouse", () => hasAllCdnowRows(database, purchases), {
      state: () => `The data plane printed:\n${plane.output}`,
    });
    assert.deepEqual(await plane.stop(), { code: 0, signal: null });
    await checkCdnowTables(database, purchases);
  },
);
