import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Dialect } from "./dialect.ts";
import { eventTable, Names, snakeCase } from "./names.ts";

const none = { own: () => false, rudderStack: () => false };
const dialect: Dialect = {
  name: "TEST",
  maxNameBytes: 63,
  maxColumns: 1600,
  columns: none,
  tables: none,
  isReservedSchema: (name) => name.startsWith("pg_"),
};

const cases: readonly (readonly [sent: string, name: string | undefined, divided?: string])[] = [
  ["omega v2", "omega_v2", "omega_v_2"],
  ["CamelCase123Key", "camel_case123_key", "camel_case_123_key"],
  ["9mega", "_9mega", "_9_mega"],
  ["9mega________-________90", "_9mega_90", "_9_mega_90"],
  ["path to $1,00,000", "path_to_1_00_000"],
  ["Cízǔ", "c_z"],
  ["address1line", "address1_line", "address_1_line"],
  ["p256dh", "p256_dh", "p_256_dh"],
  ["v2a", "v2_a", "v_2_a"],
  ["a1b2c3", "a1_b2_c3", "a_1_b_2_c_3"],
  ["3D Model", "_3d_model", "_3_d_model"],
  ["2FA enabled", "_2fa_enabled", "_2_fa_enabled"],
  ["test_event_1A", "test_event_1a", "test_event_1_a"],
  ["9Mega", "_9mega", "_9_mega"],
  ["1CComega", "_1cc_omega", "_1_c_comega"],
  ["iOS14App", "i_os14_app", "i_os_14_app"],
  ["sha256Hash", "sha256_hash", "sha_256_hash"],
  ["42nd", "_42nd", "_42_nd"],
  ["userID", "user_id"],
  ["HTTPRequest", "http_request"],
  ["HTTPServer2Go", "http_server2_go", "http_server_2_go"],
  ["ABCDef", "abc_def"],
  ["A1b", "a1_b", "a_1_b"],
  ["A1B", "a1_b", "a_1_b"],
  ["aB1", "a_b1", "a_b_1"],
  ["1a2B", "_1a2_b", "_1_a_2_b"],
  ["9MegaByte", "_9mega_byte", "_9_mega_byte"],
  ["v2beta", "v2_beta", "v_2_beta"],
  ["x-1", "x_1"],
  ["1 2 3", "_1_2_3"],
  ["user's name", "user_s_name"],
  ["a😀B", "a_b"],
  ["ﬁT", "t"],
  ["iOS", "i_os"],
  ["already_fits", "already_fits"],
  ["a__b", "a_b"],
  ["_x__y", "_x_y"],
  ["trailing_", "trailing"],
  ["__leading", "__leading"],
  ["_9", "_9"],
  ["__Two Words", "__two_words"],
  [" _space", "space"],
  ["x", "x"],
  ["X", "x"],
  ["7", "_7"],
  ["", undefined],
  ["___", undefined],
  ["订单完成", undefined],
  ["订单 ok", "ok"],
];

test("names are in snake case of ASCII", () => {
  for (const [sent, name, divided = name] of cases) {
    assert.equal(snakeCase(sent, false), name, sent);
    assert.equal(snakeCase(sent, true), divided, `${sent}, digits apart`);
  }
});

/**
 * The words of a run of letters and digits by the table of states in docs/warehouse.md, character
 * by character.
 */
function wordsByTable(run: string): string[] {
  type State = "number" | "capital" | "capitals" | "small" | "digits";
  const words: string[] = [];
  let word = "";
  let state: State | undefined;
  const begin = (with_: string, next: State): void => {
    if (word !== "") words.push(word);
    word = with_;
    state = next;
  };
  const goOn = (with_: string, next: State): void => {
    word += with_;
    state = next;
  };
  for (const character of run) {
    if (/[0-9]/.test(character)) {
      if (state === undefined) begin(character, "number");
      else goOn(character, state === "number" ? "number" : "digits");
    } else if (/[A-Z]/.test(character)) {
      if (state === "number") goOn(character, "capital");
      else if (state === "capital" || state === "capitals") goOn(character, "capitals");
      else begin(character, "capital");
    } else if (state === "capitals") {
      const startsWithNumber = /^[0-9]/.test(word);
      const last = startsWithNumber ? "" : word.slice(-1);
      if (!startsWithNumber) word = word.slice(0, -1);
      begin(last + character, "small");
    } else if (state === undefined || state === "digits") begin(character, "small");
    else goOn(character, "small");
  }
  if (word !== "") words.push(word);
  return words;
}

test("words are those of the table in the docs", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[aAbB12]+$/), (run) => {
      const words = wordsByTable(run).join("_").toLowerCase();
      assert.equal(snakeCase(run, false), /^[0-9]/.test(words) ? `_${words}` : words);
    }),
    { numRuns: 2000 },
  );
});

test("a name is a name, and stays what it is when it is made again", () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.string({ unit: "binary" }), fc.stringMatching(/^[_a-zA-Z0-9 -]*$/)),
      fc.boolean(),
      (text, divide) => {
        const name = snakeCase(text, divide);
        if (name === undefined) {
          assert.doesNotMatch(text, /[A-Za-z0-9]/);
          return;
        }
        assert.match(name, /^_*[a-z][a-z0-9]*(_[a-z0-9]+)*$|^_+[0-9][a-z0-9]*(_[a-z0-9]+)*$/);
        assert.equal(snakeCase(name, divide), name);
        const kept = (from: string) => from.replace(/[^A-Za-z0-9]/g, "").toLowerCase();
        assert.equal(kept(name), kept(text));
      },
    ),
  );
});

test("an event cannot take a table that has another use", () => {
  for (const own of ["tracks", "pages", "screens", "aliases", "groups", "accounts", "users", "identifies"])
    assert.equal(eventTable(own), `_${own}`);
  assert.equal(eventTable("rudder_discards"), "_rudder_discards");
  assert.equal(eventTable("order_completed"), "order_completed");
});

test("a schema has room in the database, and none of its reserved names", () => {
  const names = new Names({ dialect, underscoreDivideNumbers: false });
  assert.deepEqual(["pg shop", "My Shop", "x".repeat(70), `pg_${"x".repeat(60)}`].map(names.schema), [
    "_pg_shop",
    "my_shop",
    "x".repeat(63),
    `_pg_${"x".repeat(59)}`,
  ]);
});

test("what is remembered is what was made, however many there are", () => {
  const names = new Names({ dialect, underscoreDivideNumbers: false });
  for (let round = 0; round < 2; round++)
    for (let n = 0; n < 10_050; n++) assert.equal(names.full(`Key ${n}`), `key_${n}`);
  for (let round = 0; round < 2; round++) assert.equal(names.full("--"), undefined);
});
