import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { parseJson } from "@pintle/events";
import type { DeliveredEvent } from "@pintle/events/gateway";
import { file } from "./file.ts";
import { type LineFileSystem, type LineHandle, nodeLineFileSystem } from "./file-system.ts";
import { LineFile } from "./line-file.ts";

let directory = "";
before(async () => {
  directory = await mkdtemp(join(tmpdir(), "pintle-file-"));
});
after(() => rm(directory, { recursive: true }));

const tools = () => ({ directory, now: () => 0, userAgent: "Pintle/0" });

test("events are lines of JSON, in order, in a folder that is made", async () => {
  const connection = await file.open(file.settings.parse({ path: "out/deep/events.jsonl" }), tools());
  const events = [1, 2, 3].map(
    (n) => ({ messageId: `m${n}`, text: "line\nfeed", big: [157963456373623803n] }) as unknown as DeliveredEvent,
  );
  const outcomes = await Promise.all([connection.deliver(events.slice(0, 2)), connection.deliver(events.slice(2))]);
  await connection.close();
  assert.deepEqual(
    outcomes.flat().map(({ outcome }) => outcome),
    ["delivered", "delivered", "delivered"],
  );
  const path = join(directory, "out/deep/events.jsonl");
  const lines = (await readFile(path, "utf8")).trimEnd().split("\n");
  assert.deepEqual(lines.map(parseJson), events);
  if (process.platform !== "win32") assert.equal((await stat(path)).mode & 0o777, 0o600);
});

test("opening goes on where the file ends", async () => {
  const path = join(directory, "again.jsonl");
  for (const line of ["1\n", "2\n"]) {
    const lines = await LineFile.open(path);
    await lines.append(line);
    await lines.close();
  }
  assert.equal(await readFile(path, "utf8"), "1\n2\n");
});

const long = `{"a":"${"x".repeat(200_000)}`;
const torn: [before: string, mended: string][] = [
  ["", ""],
  ['{"a":1}\n', '{"a":1}\n'],
  ['{"a":1}\n{"b":', '{"a":1}\n'],
  ['{"a":', ""],
  ['{"a":1}\n{"b":2}', '{"a":1}\n{"b":2}\n'],
  [`{"a":1}\n${long}`, '{"a":1}\n'],
  [`{"a":1}\n${long}"}\n`, `{"a":1}\n${long}"}\n`],
];
torn.forEach(([content, mended], index) => {
  test(`a last line that a crash tore is mended (${index})`, async () => {
    const path = join(directory, `torn-${index}.jsonl`);
    await writeFile(path, content);
    const lines = await LineFile.open(path);
    await lines.append("9\n");
    await lines.close();
    assert.equal(await readFile(path, "utf8"), `${mended}9\n`);
  });
});

/** The real file system, with a fault before each call that `fault` names. */
function faulty(fault: (call: string) => Error | undefined, calls: string[] = []): LineFileSystem {
  return {
    ...nodeLineFileSystem,
    async open(path) {
      const handle = await nodeLineFileSystem.open(path);
      return new Proxy(handle as LineHandle, {
        get(target, name: keyof LineHandle) {
          if (typeof target[name] !== "function") return undefined;
          return (...parameters: unknown[]) => {
            calls.push(name);
            const error = fault(name);
            if (error !== undefined) return Promise.reject(error);
            return (target[name] as (...parameters: unknown[]) => unknown)(...parameters);
          };
        },
      });
    },
  };
}

test("an append resolves after its sync, never before", async () => {
  const calls: string[] = [];
  const lines = await LineFile.open(
    join(directory, "sync.jsonl"),
    faulty(() => undefined, calls),
  );
  calls.length = 0;
  await lines.append("1\n");
  assert.deepEqual(calls, ["write", "datasync"]);
  await lines.close();
});

for (const call of ["write", "datasync"]) {
  test(`an append whose ${call} fails leaves nothing behind, and the next one works`, async () => {
    const path = join(directory, `${call}.jsonl`);
    let error: Error | undefined;
    const lines = await LineFile.open(
      path,
      faulty((name) => (name === call ? error : undefined)),
    );
    await lines.append("1\n");
    error = Object.assign(new Error("no space left"), { code: "ENOSPC" });
    await assert.rejects(lines.append("2\n"), /no space left/);
    error = undefined;
    await lines.append("2\n");
    await lines.close();
    assert.equal(await readFile(path, "utf8"), "1\n2\n");
  });
}

test("a disk that is full stops the destination, and no event dies for it", async () => {
  const path = join(directory, "folder.jsonl");
  await assert.rejects(file.open({ path: directory, maxAge: 1 } as never, tools()), /EISDIR/);
  const connection = await file.open(file.settings.parse({ path }), tools());
  await connection.close();
  await rm(path);
  await nodeLineFileSystem.open(join(path, "in-the-way")).then((handle) => handle.close());
  const [outcome] = await connection.deliver([{ messageId: "m" } as unknown as DeliveredEvent]);
  assert.ok(outcome?.outcome === "retry");
  assert.deepEqual([outcome.scope, outcome.reason], ["destination", "file_eisdir"]);
});
