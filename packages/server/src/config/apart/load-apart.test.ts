import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { ServerError } from "../../errors.ts";
import { InvalidConfigError } from "../problem.ts";
import { loadConfigApart } from "./load-apart.ts";

const folder = mkdtempSync(join(tmpdir(), "pintle-apart-"));
after(() => rmSync(folder, { recursive: true }));

const sound = 'export default { sources: [{ name: "shop", writeKey: "wk_shop" }] };';
/** Far above what loading takes here: what is to be over before is not a matter of time. */
const ample = 120_000;

interface Loaded {
  readonly source: string | undefined;
  readonly refusal: ServerError | undefined;
  readonly printed: string;
}

async function load(text: string, limit = ample, more: object = {}): Promise<Loaded> {
  const file = join(folder, "pintle.config.ts");
  writeFileSync(file, text);
  let printed = "";
  const print = (piece: string): void => {
    printed += piece;
  };
  try {
    const config = await loadConfigApart(file, { limit, print, shownAs: "pintle.config.ts", environment: {}, ...more });
    return { source: config.sources[0]?.name, refusal: undefined, printed };
  } catch (error) {
    assert.ok(error instanceof ServerError, String(error));
    assert.doesNotMatch(error.message, /\n/, "one line");
    return { source: undefined, refusal: error, printed };
  }
}

const deaths: [what: string, text: string, message: RegExp][] = [
  ["awaits what never comes", `await new Promise(() => {}); ${sound}`, /awaits something that never comes$/],
  ["imports what awaits what never comes", `import "./never.ts"; ${sound}`, /awaits something that never comes$/],
  ["ends its process", "process.exit(0)", /it ended its process, with the exit code 0: it must not call/],
  ["ends its process later", `setTimeout(() => process.exit(4), 1); await new Promise(() => {});`, /exit code 4/],
  ["aborts", "process.abort()", /its process was ended by SIG/],
  ["is killed", 'process.kill(process.pid, "SIGKILL"); for (;;);', /its process was ended by SIGKILL/],
  ["leaves a rejection", `Promise.reject(new Error("no vault")); ${sound}`, /an error that nobody caught: no vault$/],
  [
    "throws later",
    `setTimeout(() => { throw new Error("late"); }); await new Promise(() => {});`,
    /an error that nobody caught: late$/,
  ],
  ["throws an error", 'throw new Error("no such tenant\\nsecond line")', /cannot be run: no such tenant$/],
  ["throws an error that says nothing", "throw new TypeError()", /cannot be run: TypeError$/],
  ["throws a text", 'throw "no\\ntenant"', /cannot be run: "no\\ntenant" was thrown, which is no Error$/],
  ["throws nothing", "throw undefined", /cannot be run: undefined was thrown, which is no Error$/],
  ["throws what is no text", "throw { toString() { throw 1; } }", /something was thrown that is no Error, and no text/],
  ["is no program", "export default {", /cannot be run: Unexpected token at line 1, column 17$/],
  ["exports nothing", "export const config = {};", /has no default export; write: export default defineConfig/],
  [
    "exports a promise that rejects",
    'export default Promise.reject(new Error("no vault"));',
    /cannot be run: no vault$/,
  ],
  [
    "exports a getter that throws",
    'export default { get sources() { throw new Error("no\\nvault"); } };',
    /cannot be run: no$/,
  ],
  [
    "exports a proxy that throws",
    'export default { sources: [new Proxy({}, { ownKeys() { throw "no"; } })] };',
    /cannot be run: "no" was thrown, which is no Error$/,
  ],
  ["exports a function", "export default () => { for (;;); };", /expected an object, got a function$/],
  [
    "writes into its channel",
    `import { writeSync } from "node:fs"; writeSync(3, "hello from the configuration"); ${sound}`,
    /has written into the channel to its parent process$/,
  ],
  [
    "uses up its memory",
    "const all = []; for (;;) all.push(new Array(1e6).fill(1.5));",
    /it used more than 512 MB of memory$/,
  ],
];

for (const [what, text, message] of deaths) {
  test(`a configuration that ${what} is refused in one line`, async () => {
    writeFileSync(join(folder, "never.ts"), "setTimeout(() => {}, 1); await new Promise(() => {});");
    const { refusal, printed } = await load(text);
    assert.match(refusal?.message ?? "accepted", message);
    assert.match(refusal?.message ?? "", /^pintle\.config\.ts: /);
    assert.notEqual(refusal?.code, "PINTLE_CONFIG_TIMEOUT");
    assert.equal(printed, "", "what Node and V8 have to say is told in that line");
  });
}

const endless: [what: string, text: string][] = [
  ["spins", `for (;;); ${sound}`],
  ["waits and has a timer", `setInterval(() => {}, 1000); await new Promise(() => {}); ${sound}`],
  ["spins when its export is looked at", "export default { get sources() { for (;;); } };"],
  ["waits for a program", `import { execSync } from "node:child_process"; execSync("sleep 600"); ${sound}`],
];
for (const [what, text] of endless) {
  test(`a configuration that ${what} is given up when its time is over`, async () => {
    const { refusal } = await load(text, 100);
    assert.equal(refusal?.code, "PINTLE_CONFIG_TIMEOUT");
    assert.match(refusal?.message ?? "", /^pintle\.config\.ts: not loaded within 100 ms: .*--config-timeout TIME/);
  });
}

test("with the process goes what it has started", { skip: process.platform === "win32" }, async () => {
  const pid = join(folder, "pid");
  const text = `import { execSync } from "node:child_process"; execSync("echo $$ > ${pid}.new; mv ${pid}.new ${pid}; exec sleep 600");`;
  const abort = new AbortController();
  const loading = load(text, ample, { signal: abort.signal });
  while (!existsSync(pid)) await new Promise((resolve) => setImmediate(resolve));
  abort.abort();
  assert.match((await loading).refusal?.message ?? "", /loading it was given up$/);
  while (isAlive(pid)) await new Promise((resolve) => setImmediate(resolve));
});

test("a process that spins goes with the one that has started it, in whatever way that ends", {
  skip: process.platform === "win32",
}, async () => {
  const pid = join(folder, "spinning");
  const file = join(folder, "spinning.config.ts");
  const note = `writeFileSync("${pid}.new", String(process.pid)); renameSync("${pid}.new", "${pid}");`;
  writeFileSync(file, `import { renameSync, writeFileSync } from "node:fs"; ${note} for (;;);`);
  const program = `import { loadConfigApart } from ${JSON.stringify(new URL("./load-apart.js", import.meta.url).href)};
    await loadConfigApart(${JSON.stringify(file)}, { limit: ${ample} });`;
  writeFileSync(`${file}.mjs`, program);
  const parent = spawn(process.execPath, [`${file}.mjs`], { stdio: "inherit" });
  while (!existsSync(pid)) await new Promise((resolve) => setImmediate(resolve));
  parent.kill("SIGKILL");
  while (isAlive(pid)) await new Promise((resolve) => setImmediate(resolve));
});

/** Whether the process runs whose id is in a file. */
function isAlive(file: string): boolean {
  try {
    const pid = Number(readFileSync(file, "utf8"));
    process.kill(pid, 0);
    // What has ended and has not been buried yet can still be signalled.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

test("what is left running does not keep it, and what it prints is passed on whole", async () => {
  const many = 'for (let line = 0; line < 20_000; line++) console.log("x".repeat(99));';
  const { source, printed } = await load(
    `${many} console.error("to the other"); setInterval(() => {}, 1000); process.stdout.write("no end"); ${sound}`,
  );
  assert.equal(source, "shop");
  assert.equal(printed.match(/x{99}\n/g)?.length, 20_000);
  assert.match(printed, /to the other\n/);
  assert.match(printed, /no end\n/);
});

test("what it has started and what holds its output does not keep it", {
  skip: process.platform === "win32",
}, async () => {
  for (const detached of [false, true]) {
    const { source } = await load(
      `import { spawn } from "node:child_process"; spawn("sleep", ["20"], { stdio: "inherit", detached: ${detached} }).unref(); ${sound}`,
    );
    assert.equal(source, "shop");
  }
});

test("secrets of the environment come over, and are hidden as they are without a process", async () => {
  const file = join(folder, "secret.config.ts");
  const text =
    'import { defineConfig, env } from "pintle"; export default defineConfig({ sources: [{ name: "shop", writeKey: env("KEY") }] });';
  writeFileSync(file, text);
  const config = await loadConfigApart(file, { limit: ample, environment: { KEY: "wk_very_secret" } });
  assert.deepEqual(config.sources[0]?.writeKeys, ["wk_very_secret"]);
  assert.equal(config.redact("the key wk_very_secret"), "the key [redacted]");
  assert.deepEqual([config.file, config.text], [file, text]);
});

test("all problems come over, with their paths", async () => {
  const file = join(folder, "bad.config.ts");
  writeFileSync(file, 'export default { sources: [{ name: "", writeKey: 5 }] };');
  const refused = await loadConfigApart(file, { limit: ample, environment: {} }).then(
    () => assert.fail("accepted"),
    (error: unknown) => error,
  );
  assert.ok(refused instanceof InvalidConfigError);
  assert.deepEqual(
    refused.problems.map(({ path }) => path),
    ["sources[0].name", "sources[0].writeKey"],
  );
});

test("settings that cannot be handed over are refused by name", async () => {
  const type = (schema: string) => `
    import { defineConfig } from "pintle";
    import { defineDestination, z } from "pintle/kit";
    const crm = defineDestination({
      type: "crm", displayName: "CRM", description: "a test", settings: { url: ${schema}.describe("where") }, requests: () => [],
    });
    export default defineConfig({
      sources: [{ name: "shop", writeKey: "k", destinations: ["team"] }],
      destinations: { team: { type: crm, url: "https://crm.example" } },
    });`;
  for (const schema of [
    "z.string().transform((text) => new URL(text))",
    "z.string().transform((text) => () => text)",
  ]) {
    const { refusal } = await load(type(schema));
    assert.match(refusal?.message ?? "accepted", /^pintle\.config\.ts: destinations\.team: .* has to make plain data/);
  }
});
