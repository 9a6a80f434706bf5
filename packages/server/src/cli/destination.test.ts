import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { typeNames } from "@pintle/destinations";
import { ServerError } from "../errors.ts";
import { destinationList, destinationTest } from "./destination.ts";

const directory = mkdtempSync(join(tmpdir(), "pintle-cases-"));
after(() => rmSync(directory, { recursive: true }));

async function run(table: unknown): Promise<{ code: number; lines: string[] }> {
  writeFileSync(join(directory, "cases.json"), JSON.stringify(table));
  const lines: string[] = [];
  const context = { print: (line: string) => void lines.push(line), environment: {}, directory };
  const code = await destinationTest.run({ flags: {}, lists: {}, arguments: ["cases.json"] }, context);
  return { code, lines };
}

test("the types that there are, with what they do", async () => {
  const lines: string[] = [];
  const context = { print: (line: string) => void lines.push(line), environment: {}, directory };
  assert.equal(await destinationList.run({ flags: {}, lists: {}, arguments: [] }, context), 0);
  assert.match(lines[0] ?? "", /^type +what it does$/);
  assert.deepEqual(
    lines.slice(1).map((line) => line.split(" ")[0]),
    typeNames,
  );
  assert.ok(lines.includes("webhook   Sends each event as the JSON body of an HTTP request"), lines.join("\n"));
});

const settings = { url: "http://h/" };
const events = [{ type: "track", userId: "1", messageId: "a" }];
const good = { name: "it goes there", settings, events, requests: [{ method: "POST", url: "http://h/" }] };
const bad = { name: "it goes elsewhere", settings, events, requests: [{ url: "http://i/" }] };

test("a table of cases of one of Pintle's types is run", async () => {
  assert.deepEqual(await run({ destination: "webhook", cases: [good] }), {
    code: 0,
    lines: ["ok  it goes there", "1 case, all hold"],
  });
  assert.deepEqual(await run({ destination: "webhook", cases: [good, bad] }), {
    code: 1,
    lines: [
      "ok  it goes there",
      "not ok  it goes elsewhere",
      '    requests[0].url: expected "http://i/", got "http://h/"',
      "2 cases, 1 not as expected",
    ],
  });
});

test("and one of a type in a module beside it", async () => {
  writeFileSync(
    join(directory, "own.ts"),
    `import { defineDestination } from "pintle/kit";
    export default defineDestination<object>({
      type: "own", displayName: "Own", description: "a test", settings: {},
      requests: () => [{ method: "PUT", url: "http://own/", headers: {} }],
    });`,
  );
  const cases = [{ name: "it is put", events, requests: [{ method: "PUT", url: "http://own/", headers: {} }] }];
  assert.deepEqual((await run({ destination: "./own.ts", cases })).lines, ["ok  it is put", "1 case, all hold"]);
});

const refused: [what: string, table: unknown, message: RegExp][] = [
  ["no table", [], /^cases\.json: the table is wrong: /],
  [
    "an unknown type",
    { destination: "webhok", cases: [good] },
    /^cases\.json: no destination type is called "webhok"; did you mean "webhook"\? \(types: .*\bwebhook\b/,
  ],
  ["a module that is not there", { destination: "./none.ts", cases: [good] }, /^\.\/none\.ts: cannot be run: /],
  [
    "a module without a type",
    { destination: "./cases.json", cases: [good] },
    /no destination type: it is made by defineDestination|no default export/,
  ],
  [
    "a type without requests",
    { destination: "file", cases: [good] },
    /^cases\.json: The destination type "file" makes no requests/,
  ],
];
for (const [what, table, message] of refused) {
  test(`${what} is refused`, async () => {
    await assert.rejects(
      run(table),
      (error) => error instanceof ServerError && assert.match(error.message, message) === undefined,
    );
  });
}

test("a type, or its cases, that do not come to their end are given up; a type that ends its process is refused", async () => {
  const type = (requests: string) => `
    import { defineDestination, z } from "pintle/kit";
    export default defineDestination({
      type: "crm", displayName: "CRM", description: "a test", settings: { url: z.string().describe("where") }, requests: ${requests},
    });`;
  const texts: [text: string, message: RegExp][] = [
    ["for (;;);", /^\.\/hang\.ts: not loaded within 100 ms: /],
    [type("() => { for (;;); }"), /^\.\/hang\.ts: not loaded within 100 ms: /],
    ["process.exit(0);", /^\.\/hang\.ts: cannot be run: it ended its process/],
  ];
  for (const [text, message] of texts) {
    writeFileSync(join(directory, "hang.ts"), text);
    writeFileSync(join(directory, "cases.json"), JSON.stringify({ destination: "./hang.ts", cases: [good] }));
    const context = { print: () => {}, environment: {}, directory };
    const flags: Record<string, string> = text.includes("exit") ? {} : { "config-timeout": "100ms" };
    const running = destinationTest.run({ flags, lists: {}, arguments: ["cases.json"] }, context);
    await assert.rejects(running, (error) => error instanceof ServerError && message.test(error.message));
  }
});
