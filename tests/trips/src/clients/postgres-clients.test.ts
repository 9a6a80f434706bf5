import assert from "node:assert/strict";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { callsOf, checkCdnowTables, hasAllCdnowRows, makeCdnowTables, needCdnowAndPostgres } from "../cdnow-tables.ts";
import { cdnowFile, readPurchases } from "../purchases.ts";
import { DataPlane } from "../support/data-plane.ts";
import { Postgres } from "../support/postgres.ts";
import { Program } from "../support/program.ts";
import { until, within } from "../support/until.ts";
import { GoProgram, needGo } from "./go-client.ts";
import { installNodeClients } from "./node-clients.ts";

const writeKey = "wk_cdnow";
/** Calls that are on their way at the same time. */
const atATime = 100;

test("CDNOW by RudderStack's SDK for Node, PostgreSQL killed on the way", needCdnowAndPostgres, async () => {
  const folder = await installNodeClients();
  await sell("timestamp", (url) => [process.execPath, [join(folder, "calls.mjs"), url, writeKey, String(atATime)]]);
});

const needs = needCdnowAndPostgres.skip === false ? await needGo() : needCdnowAndPostgres;
test("CDNOW by RudderStack's SDK for Go, PostgreSQL killed on the way", needs, async () => {
  await using program = await GoProgram.build("./calls");
  await sell("original_timestamp", (url) => [program.path, [url, writeKey, String(atATime)]]);
});

/**
 * Sends all purchases by a program, kills PostgreSQL three times meanwhile, and looks at the
 * tables.
 */
async function sell(
  time: "timestamp" | "original_timestamp",
  command: (dataPlaneUrl: string) => [command: string, args: readonly string[]],
): Promise<void> {
  const purchases = readPurchases(cdnowFile!);
  const calls = callsOf(purchases);
  await using server = await Postgres.start();
  const database = await server.database();
  await makeCdnowTables(database);
  await using plane = await DataPlane.start({
    sources: [{ name: "cdnow", writeKey, destinations: ["warehouse"] }],
    destinations: { warehouse: { type: "postgres", url: database.url, timeout: "10s" } },
  });
  await using program = new Program(...command(plane.url));
  const answers = createInterface({ input: program.child.stdout })[Symbol.asyncIterator]();
  const answered = async (): Promise<number> => {
    const next = answers.next();
    const answer = await within("an answer of the SDK's", 60_000, Promise.race([next, program.ended.then(() => next)]));
    if (answer.done === true) throw new Error(`the program ended. It printed:\n${program.output}`);
    return Number(answer.value);
  };

  const groups = Math.ceil(calls.length / atATime);
  const kills = new Set([0.2, 0.5, 0.8].map((part) => Math.floor(part * groups)));
  let tracked = 0;
  let trackedAtKill = 0;
  let restarting: Promise<void> = Promise.resolve();
  for (let group = 0; group < groups; group++) {
    if (kills.has(group)) {
      await restarting;
      await until(
        "the warehouse to be in the middle of it",
        async () => (await database.value<number>("SELECT count(*)::int FROM cdnow.order_completed")) > trackedAtKill,
        { state: () => plane.output },
      );
      trackedAtKill = tracked;
      // The shop goes on selling, and its data plane says yes.
      restarting = server.kill().then(() => server.restart());
      restarting.catch(() => {}); // Awaited before the next kill, or at the end.
    }
    const some = calls.slice(group * atATime, (group + 1) * atATime);
    tracked += some.filter(({ type }) => type === "track").length;
    const text = some.map((call) => `${JSON.stringify(call)}\n`).join("");
    if (!program.child.stdin.write(text)) await once(program.child.stdin, "drain");
    if (some.length === atATime) assert.equal(await answered(), atATime);
  }
  program.child.stdin.end();
  assert.equal(await answered(), calls.length % atATime);
  await program.succeeded();
  await restarting;
  await until("every purchase in the warehouse", () => hasAllCdnowRows(database, purchases), {
    state: () => `The data plane printed:\n${plane.output}`,
  });
  assert.deepEqual(await plane.stop(), { code: 0, signal: null });
  await checkCdnowTables(database, purchases, time);
}
