import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { Log } from "@pintle/log";
import { ServerError } from "../errors.ts";
import type { Command } from "./command.ts";
import { logInspect, logVerify } from "./log.ts";

const base = mkdtempSync(join(tmpdir(), "pintle-cli-log-"));
after(() => rmSync(base, { recursive: true }));

/** A data folder with three records in `events` and one in `dead.hook`. */
async function dataFolder(): Promise<string> {
  const folder = mkdtempSync(join(base, "d-"));
  for (const [topic, records] of [
    ["events", 3],
    ["dead.hook", 1],
  ] as const) {
    const log = await Log.open(join(folder, "topics", `${topic}-0`));
    for (let record = 0; record < records; record++)
      await log.append(Buffer.from("h"), Buffer.from(`payload ${record}`));
    await log.close();
  }
  return folder;
}

async function run(command: Command, directory: string): Promise<{ code: number; text: string }> {
  const lines: string[] = [];
  const context = { print: (line: string) => void lines.push(line), environment: {}, directory: base };
  const code = await command.run({ flags: {}, lists: {}, arguments: [directory] }, context);
  return { code, text: lines.join("\n") };
}

test("inspect and verify tell of every log in a data folder, and of one alone", async () => {
  const folder = await dataFolder();
  for (const command of [logInspect, logVerify]) {
    const all = await run(command, folder);
    assert.equal(all.code, 0);
    assert.match(all.text, /topics\/dead\.hook-0\noffsets 0 to 1 [\s\S]*topics\/events-0\noffsets 0 to 3 /);
    assert.equal(all.text.match(/^no damage$/gm)?.length, 2);
    const one = await run(command, join(folder, "topics", "events-0"));
    assert.equal(one.code, 0);
    assert.match(one.text, /offsets 0 to 3 /);
    assert.doesNotMatch(one.text, /dead\.hook/);
  }
});

test("verify ends with 1 where a record that was accepted is damaged", async () => {
  const folder = await dataFolder();
  const log = join(folder, "topics", "events-0");
  const segment = join(
    log,
    readdirSync(log)
      .filter((name) => name.endsWith(".seg"))
      .sort()[0]!,
  );
  const bytes = readFileSync(segment);
  bytes[bytes.indexOf("payload 0")] = 0;
  writeFileSync(segment, bytes);
  const { code, text } = await run(logVerify, folder);
  assert.equal(code, 1);
  assert.match(text, /^damage: 1$/m);
});

test("a folder that is not there, or is something else, is refused", async () => {
  for (const [directory, message] of [
    ["none", /none: there is no such folder$/],
    [".", /is neither a data folder nor a log: it has no topics and no segments$/],
  ] as const) {
    await assert.rejects(
      run(logInspect, directory),
      (error) => error instanceof ServerError && error.code === "PINTLE_FOLDER_UNUSABLE" && message.test(error.message),
    );
  }
});
