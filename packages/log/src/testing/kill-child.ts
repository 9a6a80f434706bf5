/**
 * A process for the SIGKILL test: it appends to a log, prints what is acknowledged, and ends itself by SIGKILL at a numbered
 * operation of the file system: before it, in the middle of it (a write of which only a part is made), or after it.
 *
 * Arguments: directory, number of the operation, phase, number of the first append.
 */
import { writeSync } from "node:fs";
import type { File, FileSystem } from "../file-system.ts";
import { Log } from "../log.ts";
import { nodeFileSystem } from "../node-file-system.ts";
import { payloadOf } from "./harness.ts";

const [directory, fatal, phase, first] = process.argv.slice(2) as [
  string,
  string,
  "before" | "during" | "after",
  string,
];
let operations = 0;

async function step<T>(action: () => Promise<T>, part: () => Promise<unknown> = async () => {}): Promise<T> {
  const here = operations++ === Number(fatal);
  if (here && phase === "before") die();
  if (here && phase === "during") {
    await part();
    die();
  }
  const result = await action();
  if (here) die();
  return result;
}

function die(): void {
  process.kill(process.pid, "SIGKILL");
}

const killing: FileSystem = {
  ...nodeFileSystem,
  open: (path, mode) => step(async () => wrap(await nodeFileSystem.open(path, mode))),
  makeDirectory: (path) => step(() => nodeFileSystem.makeDirectory(path)),
  remove: (path) => step(() => nodeFileSystem.remove(path)),
  syncDirectory: (path) => step(() => nodeFileSystem.syncDirectory(path)),
};

function wrap(file: File): File {
  return {
    read: (...all) => file.read(...all),
    size: () => file.size(),
    write: (chunks, position) =>
      step(
        () => file.write(chunks, position),
        () => file.write([Buffer.concat(chunks).subarray(0, Math.floor(lengthOf(chunks) / 2))], position),
      ),
    sync: () => step(() => file.sync()),
    truncate: (size) => step(() => file.truncate(size)),
    close: () => step(() => file.close()),
  };
}

function lengthOf(chunks: readonly Uint8Array[]): number {
  return chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
}

const log = await Log.open(directory, {
  fs: killing,
  segmentBytes: 16 * 1024,
  firstSegmentBytes: 4096,
  retention: { maxBytes: 64 * 1024, neededFrom: () => Number.POSITIVE_INFINITY },
});
for (let group = 0; group < 12; group++) {
  const numbers = Array.from({ length: 6 }, (_, index) => Number(first) + group * 6 + index);
  await Promise.all(
    numbers.map(async (number) => {
      const offset = await log.append(Buffer.from("header"), payloadOf(number, 50 + ((number * 577) % 2500)));
      // Synchronously, so that what was acknowledged has been said when the process ends.
      writeSync(1, `${number} ${offset}\n`);
    }),
  );
}
await log.close();
writeSync(1, `end ${operations}\n`);
