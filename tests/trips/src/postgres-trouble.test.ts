import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmod, chown, copyFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import pg from "pg";
import { needPostgres, Postgres } from "./support/postgres.ts";
import { PostgresProxy } from "./support/postgres-proxy.ts";
import { type TempFolder, tempFolder } from "./support/temp-folder.ts";
import { event, TestWarehouse } from "./support/test-warehouse.ts";

let folder: TempFolder;
let server: Postgres;
before(async () => {
  if (needPostgres.skip !== false) return;
  folder = await tempFolder("certificates");
  certify(folder.path);
  server = await Postgres.start({
    settings: { ssl: "on" },
    files: async (data) => {
      const { uid, gid } = await stat(data);
      for (const name of ["server.crt", "server.key"]) {
        await copyFile(join(folder.path, name), join(data, name));
        await chown(join(data, name), uid, gid);
        await chmod(join(data, name), 0o600);
      }
    },
  });
});
after(async () => {
  await server?.[Symbol.asyncDispose]();
  await folder?.remove();
});

/**
 * An authority, a certificate of it for 127.0.0.1 and localhost, and another authority that has
 * nothing to do with it.
 */
function certify(path: string): void {
  const openssl = (...args: string[]) => execFileSync("openssl", args, { cwd: path, stdio: "pipe" });
  for (const ca of ["ca", "other"])
    openssl(
      "req",
      "-x509",
      "-newkey",
      "rsa:2048",
      "-nodes",
      "-days",
      "2",
      "-subj",
      `/CN=${ca}`,
      "-keyout",
      `${ca}.key`,
      "-out",
      `${ca}.crt`,
    );
  openssl(
    "req",
    "-newkey",
    "rsa:2048",
    "-nodes",
    "-subj",
    "/CN=db",
    "-keyout",
    "server.key",
    "-out",
    "server.csr",
    "-addext",
    "subjectAltName=DNS:localhost",
  );
  openssl(
    "x509",
    "-req",
    "-in",
    "server.csr",
    "-CA",
    "ca.crt",
    "-CAkey",
    "ca.key",
    "-CAcreateserial",
    "-days",
    "2",
    "-copy_extensions",
    "copy",
    "-out",
    "server.crt",
  );
}

test("TLS: a certificate is checked, and its name; without a check it is TLS all the same", needPostgres, async () => {
  const database = await server.database();
  const url = database.url.replace("127.0.0.1", "localhost");
  const ca = join(folder.path, "ca.crt");
  const isEncrypted = async (warehouse: TestWarehouse) => {
    assert.deepEqual(await warehouse.load([event({ event: "e" })]), ["delivered"]);
    return await database.value(
      "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'pintle'",
    );
  };
  await using verified = await TestWarehouse.open(url, { tls: "verify", ca });
  assert.equal(await isEncrypted(verified), true);
  await using bySslmode = await TestWarehouse.open(`${url}?sslmode=require`, { ca });
  assert.equal(await isEncrypted(bySslmode), true);
  await using unverified = await TestWarehouse.open(database.url, { tls: "no-verify" });
  assert.equal(await isEncrypted(unverified), true);
  await assert.rejects(
    TestWarehouse.open(url, { tls: "verify", ca: join(folder.path, "other.crt") }),
    /self-signed|unable to (get|verify)/,
  );
  await assert.rejects(TestWarehouse.open(url, { tls: "verify" }), /self-signed|unable to (get|verify)/);
  await assert.rejects(TestWarehouse.open(database.url, { tls: "verify", ca }), /does not match|altname/i);
});

test(
  "a server that restarts is connected to again; nothing is reported as delivered in between",
  needPostgres,
  async () => {
    const database = await server.database();
    await using warehouse = await TestWarehouse.open(database.url);
    assert.deepEqual(await warehouse.load([event({ messageId: "a", event: "e" })]), ["delivered"]);
    await server.stop();
    assert.match((await warehouse.load([event({ messageId: "b", event: "e" })]))[0]!, /^retry (connection|sql_57p01)/);
    assert.match((await warehouse.load([event({ messageId: "b", event: "e" })]))[0]!, /^retry connection_econnrefused/);
    await assert.rejects(warehouse.position());
    await server.restart();
    assert.deepEqual(await warehouse.position(), { low: 1, finished: [] });
    assert.deepEqual(await warehouse.load([event({ messageId: "b", event: "e" })]), ["delivered"]);
    assert.equal(await database.value("SELECT count(*)::int FROM shop.e"), 2);
  },
);

test("one connection, however long it goes on, and none after the end", needPostgres, async () => {
  const database = await server.database();
  const connections = () =>
    database.value(
      "SELECT count(*)::int FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'pintle'",
    );
  {
    await using warehouse = await TestWarehouse.open(database.url);
    await Promise.all(Array.from({ length: 10 }, () => warehouse.connection.deliver([event({ event: "e" })])));
    assert.equal(await connections(), 1);
    assert.equal(await database.value("SELECT count(*)::int FROM shop.e"), 10);
  }
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  // The server notices when it gets to it.
  for (let look = 0; (await connections()) !== 0; look++) assert.ok(look < 1000);
  await client.end();
});

test(
  "a statement that waits too long is given up: the destination is in trouble, no event is",
  needPostgres,
  async () => {
    const database = await server.database();
    await using warehouse = await TestWarehouse.open(database.url, { timeout: 1000 });
    await warehouse.load([event({ messageId: "a", event: "e" })]);
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    try {
      await client.query("BEGIN; LOCK TABLE shop.e IN ACCESS EXCLUSIVE MODE");
      // Which of its two limits ends it first is the server's affair.
      assert.match((await warehouse.load([event({ messageId: "b", event: "e" })]))[0]!, /^retry sql_(57014|55p03)$/);
      await client.query("ROLLBACK");
    } finally {
      await client.end();
    }
    assert.deepEqual(await warehouse.load([event({ messageId: "b", event: "e" })]), ["delivered"]);
  },
);

test("a server that says nothing any more is given up", needPostgres, async () => {
  const database = await server.database();
  await using proxy = await PostgresProxy.listen(server.port);
  const name = new URL(database.url).pathname.slice(1);
  await using warehouse = await TestWarehouse.open(server.urlOf(name, proxy.port), { timeout: 1000 });
  proxy.decide = ({ text }) => (/^SAVEPOINT .*COPY/.test(text) ? "silence" : "pass");
  assert.match((await warehouse.load([event({ event: "e" })]))[0]!, /^retry connection/);
  proxy.decide = () => "pass";
  assert.deepEqual(await warehouse.load([event({ event: "e" })]), ["delivered"]);
});

test(
  "missing rights and wrong credentials stop the destination and kill nothing; the schema alone is enough",
  needPostgres,
  async () => {
    const database = await server.database();
    await database.query("CREATE ROLE loader LOGIN; CREATE SCHEMA shop");
    const url = database.url.replace("postgres@", "loader@");
    await assert.rejects(TestWarehouse.open(url), /permission denied for schema shop/);
    await database.query("GRANT USAGE, CREATE ON SCHEMA shop TO loader");
    await using warehouse = await TestWarehouse.open(url);
    assert.deepEqual(await warehouse.load([event({ event: "e" })]), ["delivered"]);
    await database.query("ALTER TABLE shop.e OWNER TO postgres; REVOKE ALL ON shop.e FROM loader");
    assert.deepEqual(await warehouse.load([event({ event: "e" })]), ["retry sql_42501"]);
    await assert.rejects(
      TestWarehouse.open(database.url.replace("postgres@", "nobody-of-that-name@")),
      /does not exist/,
    );
    assert.deepEqual(warehouse.buried, []);
  },
);

test("a trigger that refuses is a dead letter; a lost dead letter is no commit", needPostgres, async () => {
  const database = await server.database();
  await using warehouse = await TestWarehouse.open(database.url);
  await warehouse.load([event({ event: "e", properties: { n: 1 } })]);
  await database.query(`CREATE FUNCTION shop.no() RETURNS trigger LANGUAGE plpgsql AS
      'BEGIN IF NEW.n = 13 THEN RAISE EXCEPTION ''not thirteen''; END IF; RETURN NEW; END';
    CREATE TRIGGER no BEFORE INSERT ON shop.e FOR EACH ROW EXECUTE FUNCTION shop.no()`);
  const events = [12, 13, 14].map((n) => event({ messageId: `n${n}`, event: "e", properties: { n } }));
  const full = { positions: [], writeLetters: () => Promise.reject(new Error("the disk is full")) };
  const outcomes = await warehouse.connection.deliver(events, { sources: [], commit: full });
  assert.deepEqual(
    outcomes.map(({ outcome, detail }) => `${outcome} ${detail}`),
    new Array(3).fill("retry the disk is full"),
  );
  assert.equal(await database.value("SELECT count(*)::int FROM shop.e"), 1);
  assert.deepEqual(await warehouse.load(events), ["delivered", "dead row_p0001", "delivered"]);
});

test(
  "the settings of others change nothing: time zone, date style, encoding, asynchronous commits",
  needPostgres,
  async () => {
    const database = await server.database();
    const name = await database.value<string>("SELECT current_database()");
    await database.query(`ALTER DATABASE ${name} SET timezone = 'Asia/Kolkata';
    ALTER DATABASE ${name} SET datestyle = 'SQL, DMY'; ALTER DATABASE ${name} SET client_encoding = 'LATIN1';
    ALTER DATABASE ${name} SET synchronous_commit = off; ALTER DATABASE ${name} SET default_transaction_isolation = 'serializable';
    ALTER DATABASE ${name} SET search_path = nowhere`);
    await using proxy = await PostgresProxy.listen(server.port);
    await using warehouse = await TestWarehouse.open(server.urlOf(name, proxy.port));
    const load = () =>
      warehouse.load([
        event({ messageId: "m", event: "e", properties: { when: "2026-03-04T05:06:07", text: "é😀" } }),
        event({ type: "identify", traits: { born: "2026-03-04", text: "é😀" } }),
      ]);
    assert.deepEqual(
      [await load(), await load()],
      [
        ["delivered", "delivered"],
        ["delivered", "delivered"],
      ],
    );
    const [row] = await database.query(
      "SELECT extract(epoch FROM _when)::int AS at, convert_to(text, 'UTF8') AS text FROM shop.e",
    );
    assert.deepEqual([row!.at, String(row!.text)], [Date.UTC(2026, 2, 4, 5, 6, 7) / 1000, "é😀"]);
    assert.equal(
      await database.value("SELECT extract(epoch FROM born)::int FROM shop.users"),
      Date.UTC(2026, 2, 4) / 1000,
    );
  },
);
