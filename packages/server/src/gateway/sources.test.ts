import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { type GatewaySource, type RememberedKey, Sources, writeKeyOf } from "./sources.ts";

const shop: GatewaySource = { id: "shop", name: "Shop", writeKeys: ["wk_old", "wk_new"], enabled: true };

test("the write key is the user of Basic authentication", () => {
  const cases: ReadonlyArray<readonly [string | undefined, string | undefined]> = [
    [`Basic ${btoa("wk:")}`, "wk"],
    [`basic ${btoa("wk:password:more")}`, "wk"],
    [`BASIC   ${btoa("wk:")} `, "wk"],
    [`Basic ${Buffer.from("wk_ü:").toString("base64")}`, "wk_ü"],
    [undefined, undefined],
    ["", undefined],
    ["Basic", undefined],
    ["Basic ", undefined],
    [`Basic ${btoa(":password")}`, undefined],
    [`Basic ${btoa("no-colon")}`, undefined],
    [`Bearer ${btoa("wk:")}`, undefined],
    ["Basic ???", undefined],
  ];
  for (const [header, key] of cases) assert.equal(writeKeyOf(header), key, String(header));
});

test("a source is found by each of its keys, and no key stays in memory", () => {
  const sources = new Sources([shop, { id: "app", name: "App", writeKeys: ["wk_app"], enabled: false }]);
  assert.equal(sources.find("wk_old")?.id, "shop");
  assert.equal(sources.find("wk_new")?.id, "shop");
  assert.equal(sources.find("wk_app")?.enabled, false);
  assert.equal(sources.find("wk"), undefined);
  assert.equal(sources.find(""), undefined);
  assert.doesNotMatch(inspect(sources, { depth: 9, showHidden: true }), /wk_/);
});

test("an update replaces keys and settings, and keeps what a limit has counted", () => {
  const limited = { ...shop, rateLimit: 10 };
  const sources = new Sources([limited]);
  const before = sources.find("wk_old")?.limit;
  assert.equal(before?.take(10, 0), 0);

  sources.update([{ ...limited, writeKeys: ["wk_new"] }]);
  assert.equal(sources.find("wk_old"), undefined);
  assert.equal(sources.find("wk_new")?.limit, before);

  sources.update([{ ...shop, rateLimit: 20 }]);
  assert.equal(sources.find("wk_new")?.limit?.eventsPerSecond, 20);
  sources.update([shop]);
  assert.equal(sources.find("wk_new")?.limit, undefined);
});

test("a header is looked up once for a connection, and again after an update", (t) => {
  const sources = new Sources([shop]);
  const connection: { key: RememberedKey | undefined } = { key: undefined };
  const [known, other] = [`Basic ${btoa("wk_old:")}`, `Basic ${btoa("wk_other:")}`];
  const lookUps = t.mock.method(sources, "find").mock;
  assert.equal(sources.ofConnection(connection, known)?.id, "shop");
  assert.equal(sources.ofConnection(connection, known)?.id, "shop");
  assert.equal(lookUps.callCount(), 1);
  assert.equal(sources.ofConnection(connection, other), undefined);
  assert.equal(sources.ofConnection(connection, undefined), null);
  assert.equal(sources.ofConnection(connection, "Bearer x"), null);
  assert.equal(sources.ofConnection(connection, known)?.id, "shop");
  sources.update([{ ...shop, writeKeys: ["wk_new"] }]);
  assert.equal(sources.ofConnection(connection, known), undefined);
});
