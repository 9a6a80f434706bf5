import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Pintle } from "@pintle/sdk";
import { DataPlane } from "./support/data-plane.ts";
import { type Database, needPostgres, Postgres } from "./support/postgres.ts";
import { PostgresProxy } from "./support/postgres-proxy.ts";
import { until } from "./support/until.ts";

/*
 * Exactly once, shown on real processes: no unique index helps, and a row that was loaded twice
 * shows even if the second took the place of the first (see `prepare`).
 */

let server: Postgres;
before(async () => {
  if (needPostgres.skip === false) server = await Postgres.start();
});
after(() => server?.[Symbol.asyncDispose]());

const writeKey = "wk_once";

function startPlane(url: string): Promise<DataPlane> {
  return DataPlane.start({
    sources: [{ name: "once", writeKey, destinations: ["warehouse"] }],
    destinations: { warehouse: { type: "postgres", url, namespace: "once", timeout: "5s" } },
  });
}

/**
 * The tables as they would be taken over from elsewhere: with an index on `id` that lets everything
 * through. And a table that notes each row that is ever inserted by a transaction that was
 * committed, so that a row which was replaced shows, too.
 */
async function prepare(database: Database): Promise<void> {
  await database.query(`CREATE SCHEMA once;
    CREATE TABLE once.tracks (id text, received_at timestamptz); CREATE INDEX ON once.tracks (id);
    CREATE TABLE once.step (id text, received_at timestamptz); CREATE INDEX ON once.step (id);
    CREATE TABLE once.inserted (id text, place text);
    CREATE FUNCTION once.note() RETURNS trigger LANGUAGE plpgsql AS
      'BEGIN INSERT INTO once.inserted VALUES (NEW.id, TG_TABLE_NAME); RETURN NEW; END';
    CREATE TRIGGER note AFTER INSERT ON once.tracks FOR EACH ROW EXECUTE FUNCTION once.note();
    CREATE TRIGGER note AFTER INSERT ON once.step FOR EACH ROW EXECUTE FUNCTION once.note();`);
}

/**
 * Sends `count` tracks, numbered from `from`, of three users; resolves when the data plane has said
 * that it has them.
 */
async function send(plane: DataPlane, from: number, count: number): Promise<void> {
  const client = new Pintle(writeKey, plane.url, { strict: true });
  for (let n = from; n < from + count; n++) {
    await client.ready();
    client.track({ userId: `u${n % 3}`, event: "Step", messageId: `m${n}`, properties: { n, text: `text ${n % 7}` } });
  }
  await client.close({ timeout: 60_000 });
  assert.equal(client.stats().delivered, count);
}

/**
 * Waits until `count` events are loaded, then compares everything that was ever inserted with what
 * was sent.
 */
async function check(database: Database, plane: DataPlane, count: number): Promise<void> {
  const loaded = () => database.value<number>("SELECT count(DISTINCT id)::int FROM once.step").catch(() => -1);
  let reached = 0;
  await until(
    `${count} events in the warehouse`,
    async () => {
      reached = await loaded();
      return reached >= count;
    },
    { state: () => `${reached}. The data plane printed:\n${plane.output}` },
  );
  const expected = Array.from({ length: count }, (_, n) => `m${n}`).sort();
  for (const table of ["tracks", "step"]) {
    const there = await database.query<{ id: string }>(`SELECT id FROM once.${table} ORDER BY id COLLATE "C"`);
    assert.deepEqual(
      there.map(({ id }) => id),
      expected,
      `rows of ${table}`,
    );
    const ever = await database.query<{ id: string }>(
      `SELECT id FROM once.inserted WHERE place = $1 ORDER BY id COLLATE "C"`,
      [table],
    );
    assert.deepEqual(
      ever.map(({ id }) => id),
      expected,
      `rows that were ever committed to ${table}`,
    );
  }
}

test("the data plane is killed between any two statements of a load", needPostgres, async () => {
  const database = await server.database();
  await prepare(database);
  await using proxy = await PostgresProxy.listen(server.port);
  const { pathname } = new URL(database.url);
  await using plane = await startPlane(server.urlOf(pathname.slice(1), proxy.port));
  await send(plane, 0, 5);
  await check(database, plane, 5);

  let sent = 5;
  let points = 0;
  // A COMMIT has two points: the server never gets it, or it does and nobody is there to hear the
  // answer.
  let isCommitDone = false;
  for (let point = 1; ; point++) {
    let seen = 0;
    let killed: Promise<unknown> | undefined;
    let wasCommit = false;
    let sending: Promise<void> | undefined;
    proxy.decide = async ({ text }) => {
      if (killed !== undefined) return "cut";
      // Else the client could miss the answer, and send again what is accepted already.
      await sending;
      if (++seen !== point) return "pass";
      wasCommit = text === "COMMIT";
      killed = plane.kill();
      await killed;
      return wasCommit && isCommitDone ? "cut answer" : "cut";
    };
    sending = send(plane, sent, 5);
    await sending;
    sent += 5;
    // Either the point is reached, or the load has fewer statements than that and is through.
    await until("the kill, or the end of the load", async () => {
      if (killed !== undefined) return true;
      return (await database.value<number>("SELECT count(*)::int FROM once.step")) >= sent;
    });
    if (killed === undefined) break;
    points++;
    await killed;
    proxy.decide = () => "pass";
    await plane.restart();
    await check(database, plane, sent);
    if (wasCommit && !isCommitDone) {
      isCommitDone = true;
      point--;
    }
  }
  await check(database, plane, sent);
  assert.ok(isCommitDone && points >= 10, `${points} points`);
  assert.ok(proxy.statements.some(({ text }) => text === "end of COPY"));
});

test(
  "the connection is cut at each statement, and in the middle of COMMIT: before the server has it, and after",
  needPostgres,
  async () => {
    const database = await server.database();
    await prepare(database);
    await using proxy = await PostgresProxy.listen(server.port);
    const { pathname } = new URL(database.url);
    await using plane = await startPlane(server.urlOf(pathname.slice(1), proxy.port));
    let sent = 0;
    for (const verdict of ["cut", "cut answer"] as const) {
      for (const what of [/^UPDATE .*progress/s, /^LOCK TABLE/, /^COPY/, /^end of COPY/, /^COMMIT/, /^COMMIT/]) {
        let isDone = false;
        proxy.decide = ({ text }) => {
          if (isDone || !what.test(text)) return "pass";
          isDone = true;
          return verdict;
        };
        await send(plane, sent, 5);
        sent += 5;
        await until(`a statement like ${what}`, () => isDone, { state: () => plane.output });
        await check(database, plane, sent);
      }
    }
    assert.ok(proxy.connections <= 1, `${proxy.connections} connections`);
  },
);

test("PostgreSQL is killed under load, again and again", needPostgres, async () => {
  const database = await server.database();
  await prepare(database);
  await using plane = await startPlane(database.url);
  const count = 12_000;
  const sending = send(plane, 0, count);
  try {
    for (let kill = 1; kill <= 3; kill++) {
      const wanted = (kill * count) / 4;
      await until(
        "the warehouse to be in the middle of it",
        async () => (await database.value<number>("SELECT count(*)::int FROM once.step").catch(() => 0)) >= wanted / 2,
        { state: () => plane.output },
      );
      await server.kill();
      await server.restart();
    }
  } finally {
    await sending;
  }
  await check(database, plane, count);
});

test("both are killed at once", needPostgres, async () => {
  const database = await server.database();
  await prepare(database);
  await using plane = await startPlane(database.url);
  await send(plane, 0, 3000);
  await Promise.all([server.kill(), plane.kill()]);
  await server.restart();
  await plane.restart();
  await check(database, plane, 3000);
});

test(
  "while PostgreSQL is away the status says why, nothing dies, and all is loaded when it is back",
  needPostgres,
  async () => {
    const database = await server.database();
    await prepare(database);
    await using plane = await startPlane(database.url);
    await send(plane, 0, 5);
    await check(database, plane, 5);
    await server.stop();
    await send(plane, 5, 500);
    let last: Status | undefined;
    const isAway = async () => {
      last = await statusOf(plane);
      return (
        last.state !== "closed" &&
        last.waiting === 500 &&
        /connection_econnrefused|position/.test(last.problem?.reason ?? "")
      );
    };
    await until("the destination to be known as away", isAway, { state: () => JSON.stringify(last) });
    assert.deepEqual([last?.delivered, last?.dead], [5, {}]);
    await server.restart();
    await check(database, plane, 505);
    const isWell = async () => {
      last = await statusOf(plane);
      return last.state === "closed" && last.waiting === 0;
    };
    await until("the destination to be well again", isWell, { state: () => JSON.stringify(last) });
    assert.deepEqual([last?.delivered, last?.dead], [505, {}]);
  },
);

interface Status {
  readonly state: string;
  readonly waiting: number;
  readonly delivered: number;
  readonly dead: Readonly<Record<string, number>>;
  readonly problem?: { readonly reason: string };
}

async function statusOf(plane: DataPlane): Promise<Status> {
  const token = (await readFile(join(plane.data, "admin-token"), "utf8")).trim();
  const answer = await fetch(`${plane.adminUrl}/status`, { headers: { authorization: `Bearer ${token}` } });
  const { destinations } = (await answer.json()) as { destinations: Status[] };
  return destinations[0]!;
}

test("a schema that was dropped gets everything again, whether the data plane runs or not", needPostgres, async () => {
  const database = await server.database();
  await prepare(database);
  await using plane = await startPlane(database.url);
  await send(plane, 0, 20);
  await check(database, plane, 20);
  for (const [turn, isRunning] of [true, false].entries()) {
    if (!isRunning) await plane.kill();
    await database.query("DROP SCHEMA once CASCADE");
    await prepare(database);
    if (!isRunning) await plane.restart();
    await send(plane, 20 + turn, 1);
    await check(database, plane, 21 + turn);
  }
});
