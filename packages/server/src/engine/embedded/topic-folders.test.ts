import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { topicSizes } from "./topic-folders.ts";

test("the size of a topic is that of the files in its folders, but for what lies deeper", async () => {
  const folder = mkdtempSync(join(tmpdir(), "pintle-size-"));
  try {
    assert.deepEqual(await topicSizes(folder), []);
    for (const name of ["events-0/progress", "events-1", "dead.my-hook-0", "other"]) {
      mkdirSync(join(folder, "topics", name), { recursive: true });
    }
    const write = (name: string, bytes: number) => writeFileSync(join(folder, "topics", name), Buffer.alloc(bytes));
    write("events-0/1.seg", 10);
    write("events-0/2.seg", 5);
    write("events-0/progress/hook.a", 100);
    write("events-1/1.seg", 3);
    write("stray", 100);
    const sizes = (await topicSizes(folder)).toSorted((one, other) => one.name.localeCompare(other.name));
    assert.deepEqual(sizes, [
      { name: "dead.my-hook", bytes: 0 },
      { name: "events", bytes: 18 },
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
