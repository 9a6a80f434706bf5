// npm run bench -- warehouse [EVENTS]: rows a second into PostgreSQL, both tables of a track.
// Pintle makes rows of events and loads them in batches of 2,500, two on their way as in the
// router; beside it, in the same run and by turns, psql does what is left when the rows are
// ready-made: COPY into a temporary table and INSERT ... ON CONFLICT into the same tables with the
// same indexes, in transactions of the same size. Median of five.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { loadDestinationType } from "../packages/destinations/dist/index.js";
import { completeEvent } from "../packages/events/dist/gateway/index.js";
import { needPostgres, Postgres } from "../tests/trips/dist/support/postgres.js";

// The bench of the router runs this one, too, and shows what it sends.
if (needPostgres.skip) {
  await new Promise((sent) => (process.send === undefined ? sent() : process.send({ skip: needPostgres.skip }, sent)));
  process.exit();
}

const postgres = await loadDestinationType("postgres");
const count = Number(process.argv[2] ?? 50_000);
const perBatch = 2500;
const rounds = 5;

const bodies = Array.from({ length: count }, (_, n) =>
  JSON.stringify({
    type: "track",
    event: "Order Completed",
    userId: `user-${n % 5000}`,
    anonymousId: `8f0c6a0e-5d7a-4f7e-9c55-${String(n % 9000).padStart(12, "0")}`,
    timestamp: new Date(Date.UTC(2026, 10, 23) + n * 37).toISOString(),
    context: {
      library: { name: "pintle", version: "0.1.0" },
      locale: "en-GB",
      page: { path: `/shop/${n % 100}`, url: `https://shop.example/shop/${n % 100}`, title: "Shop" },
      userAgent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36",
    },
    properties: { orderId: `o-${n}`, revenue: (n % 10_000) / 100, cds: n % 7, gift: n % 3 === 0, currency: "EUR" },
  }),
);

/** As the router hands them on: made of the request's JSON, completed. */
function eventsOf(round, from, to) {
  return bodies.slice(from, to).map((body, index) =>
    completeEvent(JSON.parse(body), {
      receivedAt: Date.UTC(2026, 10, 23) + from,
      requestIp: "192.0.2.1",
      messageId: `${round}-${String(from + index).padStart(8, "0")}-9b2d-4c39-a0d1-5a3f0f6c2f11`,
    }),
  );
}

async function open(url) {
  const settings = postgres.settings.parse({ url, namespace: "shop" });
  const connection = await postgres.open(settings, {
    directory: "/",
    now: Date.now,
    userAgent: "Pintle/bench",
    destinationId: "bench",
  });
  const place = { log: "bench", topic: "events", partition: 0 };
  let from = await connection.position(place, { low: 0, finished: [] });
  return {
    async load(events) {
      const position = { low: from.low + 1, finished: [] };
      const commit = { positions: [{ place, from, position }], bury: async () => {} };
      from = position;
      const outcomes = await connection.deliver(events, { sources: [], commit });
      const failed = outcomes.find(({ outcome }) => outcome !== "delivered");
      if (failed !== undefined) throw new Error(`${failed.reason}: ${failed.detail}`);
    },
    close: () => connection.close(),
  };
}

const folder = mkdtempSync(join(tmpdir(), "pintle-bench-"));
const server = await Postgres.start();
try {
  // The same rows for psql: what Pintle has loaded, one file for each table and batch.
  const source = await server.database();
  const sample = await open(source.url);
  for (let from = 0; from < count; from += perBatch) await sample.load(eventsOf("sample", from, from + perBatch));
  await sample.close();
  const tables = ["tracks", "order_completed"];
  const columns = {};
  const script = [];
  for (const table of tables) columns[table] = Object.keys(await source.columns("shop", table));
  for (let from = 0; from < count; from += perBatch) {
    script.push("BEGIN;");
    for (const table of tables) {
      const file = join(folder, `${table}-${from}`);
      const sql = `COPY (SELECT * FROM shop.${table} ORDER BY id LIMIT ${perBatch} OFFSET ${from}) TO STDOUT`;
      writeFileSync(file, psql(source.url, sql));
      const set = columns[table].filter((name) => name !== "id").map((name) => `"${name}" = excluded."${name}"`);
      script.push(
        `CREATE TEMP TABLE stage (LIKE shop.${table}) ON COMMIT DROP;`,
        `\\copy stage FROM '${file}'`,
        `INSERT INTO shop.${table} SELECT * FROM stage ON CONFLICT (id) DO UPDATE SET ${set.join(", ")} WHERE ${table}.received_at <= excluded.received_at;`,
        "DROP TABLE stage;",
      );
    }
    script.push("COMMIT;");
  }
  writeFileSync(join(folder, "load.sql"), script.join("\n"));

  /** Empty tables with the indexes that Pintle makes. */
  async function fresh() {
    const database = await server.database();
    const first = await open(database.url);
    await first.load(eventsOf("first", 0, 100));
    await first.close();
    for (const table of tables) await database.query(`TRUNCATE shop.${table}`);
    await database.query("CHECKPOINT");
    return database;
  }

  const results = { pintle: [], psql: [] };
  const rows = tables.length * count;
  for (let round = 0; round < rounds; round++) {
    for (const who of round % 2 === 0 ? ["pintle", "psql"] : ["psql", "pintle"]) {
      const database = await fresh();
      let seconds;
      if (who === "pintle") {
        const warehouse = await open(database.url);
        const batches = Array.from({ length: Math.ceil(count / perBatch) }, (_, n) =>
          eventsOf(round, n * perBatch, (n + 1) * perBatch),
        );
        const start = performance.now();
        const loading = [];
        // As the router does it: two batches on their way, and none in memory that is done.
        while (batches.length > 0) {
          if (loading.length === 2) await loading.shift();
          loading.push(warehouse.load(batches.shift()));
        }
        await Promise.all(loading);
        seconds = (performance.now() - start) / 1000;
        await warehouse.close();
      } else {
        const start = performance.now();
        execFileSync("psql", ["-q", "-X", "-v", "ON_ERROR_STOP=1", "-f", join(folder, "load.sql"), database.url]);
        seconds = (performance.now() - start) / 1000;
      }
      const there = await database.value(
        "SELECT (SELECT count(*) FROM shop.tracks)::int + (SELECT count(*) FROM shop.order_completed)::int",
      );
      if (there !== rows) throw new Error(`${who}: ${there} rows instead of ${rows}`);
      results[who].push(rows / seconds);
    }
  }
  const median = (values) => values.toSorted((one, other) => one - other)[values.length >> 1];
  const [ours, theirs] = [median(results.pintle), median(results.psql)];
  const show = (values) => values.map((value) => Math.round(value).toLocaleString("en")).join(", ");
  console.table([
    { figure: "rows, psql, ready-made", value: `${show([theirs])}/s`, beside: 1, goal: "" },
    { figure: "rows, Pintle, from events", value: `${show([ours])}/s`, beside: (ours / theirs).toFixed(2), goal: 0.6 },
  ]);
  process.send?.({ psql: theirs, pintle: ours });
  console.log(`psql:   ${show(results.psql)}\nPintle: ${show(results.pintle)}`);
  console.log(
    `${count} tracks, ${rows} rows, ${rounds} rounds by turns, ${availableParallelism()} cores, ${process.version}`,
  );
} finally {
  await server[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
}

function psql(url, sql) {
  return execFileSync("psql", ["-q", "-X", "-c", sql, url], { maxBuffer: 1 << 30 });
}
