import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { readEventFile } from "./event-file.ts";
import { tempFolder } from "./temp-folder.ts";

test("reads the whole lines, in order, and leaves out one that is still being written", async () => {
  await using folder = await tempFolder("event-file");
  const path = join(folder.path, "events.jsonl");
  assert.deepEqual(await readEventFile(path), []);
  await writeFile(path, '{"messageId":"a"}\n{"messageId":"b"}\n{"mess');
  assert.deepEqual(
    (await readEventFile(path)).map(({ messageId }) => messageId),
    ["a", "b"],
  );
});

test("a whole line that is no JSON is not passed over", async () => {
  await using folder = await tempFolder("event-file");
  const path = join(folder.path, "events.jsonl");
  await writeFile(path, '{"messageId":"a"}\n{"mess{"messageId":"b"}\n');
  await assert.rejects(readEventFile(path), SyntaxError);
});
