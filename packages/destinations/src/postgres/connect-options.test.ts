import assert from "node:assert/strict";
import { test } from "node:test";
import { connectOptions, type ServerSettings } from "./connect-options.ts";

const options = (url: string, more: Partial<ServerSettings> = {}) =>
  connectOptions({ url, tls: undefined, ca: undefined, timeout: 5000, ...more });

test("a URL says where to and who", () => {
  const { host, port, user, password, database, connectionTimeoutMillis } = options(
    "postgres://me:p%40ss%3A@db.example:6543/shop",
  );
  assert.deepEqual(
    [host, port, user, password, database, connectionTimeoutMillis],
    ["db.example", 6543, "me", "p@ss:", "shop", 5000],
  );
  const socket = options("postgresql://me@/shop?host=/run/postgresql&port=5433");
  assert.deepEqual([socket.host, socket.port, socket.database], ["/run/postgresql", 5433, "shop"]);
  assert.deepEqual([options("postgres://[::1]:1/x").host, options("postgres:///x").host], ["::1", "localhost"]);
});

test("TLS with a check is the rule, but for this machine itself", () => {
  const verified = { rejectUnauthorized: true };
  for (const [url, ssl] of [
    ["postgres://db.example/x", verified],
    ["postgres://10.0.0.5/x", verified],
    ["postgres://localhost.example/x", verified],
    ["postgres://127.0.0.1/x", false],
    ["postgres://localhost/x", false],
    ["postgres://[::1]/x", false],
    ["postgres:///x?host=/tmp", false],
    ["postgres://db.example/x?sslmode=disable", false],
    ["postgres://db.example/x?sslmode=require", verified],
    ["postgres://db.example/x?sslmode=prefer", verified],
    ["postgres://127.0.0.1/x?sslmode=verify-full", verified],
  ] as const)
    assert.deepEqual(options(url).ssl, ssl, url);
  assert.deepEqual(options("postgres://db.example/x", { tls: "no-verify" }).ssl, { rejectUnauthorized: false });
  assert.equal(options("postgres://db.example/x?sslmode=require", { tls: "off" }).ssl, false);
  assert.deepEqual(options("postgres://localhost/x", { tls: "verify", ca: "PEM" }).ssl, { ...verified, ca: "PEM" });
});

test("a URL that is none, or asks for what is not known, is refused without being shown", () => {
  for (const url of [
    "",
    "secret",
    "mysql://me:secret@h/x",
    "postgres://me:secret@h/x?sslrootcert=a",
    "postgres://me:secret@h:x/",
  ])
    assert.throws(
      () => options(url),
      (error: Error) => error instanceof TypeError && !error.message.includes("secret"),
      url,
    );
});

test("special characters are percent-encoded; where they are not, the error says how, and shows nothing", () => {
  const all = "#/?@:%+ &=é";
  const { user, password, database, host } = options(
    `postgres://${encodeURIComponent(all)}:${encodeURIComponent(all)}@h/${encodeURIComponent(all)}`,
  );
  assert.deepEqual([user, password, database, host], [all, all, all, "h"]);
  assert.equal(options("postgres://me:a+b@h/x").password, "a+b");
  assert.equal(options("postgres://h/x?user=me@corp&password=a+b").password, "a+b");
  assert.equal(options("postgres://h/x?user=me@corp").user, "me@corp");
  assert.equal(options("postgres://me:p@ss@h/x").password, "p@ss");
  for (const url of [
    "postgres://me:secret#1@h/x",
    "postgres://me:1#secret@h/x",
    "postgres://me:secret@h/x#y",
    "postgres://me:secret/1@h/x",
    "postgres://me:1/secret@h/x",
    "postgres://me:1?secret@h/x",
    "postgres://me:1/2?secret@h/x",
    "postgres://me:1?a=b&secret@h/x",
    "postgres://me:secret%@h/x",
    "postgres://me:100%secret@h/x",
    "postgres://me:secret%ff@h/x",
  ])
    assert.throws(
      () => options(url),
      (error: Error) => error instanceof TypeError && /%23/.test(error.message) && !error.message.includes("secret"),
      url,
    );
  for (const port of ["0", "70000", "x", "5432.5"])
    assert.throws(() => options(`postgres://h/x?port=${port}`), /The port in the url/, port);
});
