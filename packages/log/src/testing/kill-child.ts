/**
 * A process for the SIGKILL test: it appends to a log, prints what is acknowledged, and ends itself
 * by SIGKILL at a numbered operation of the file system: before it, in the middle of it (a write of
 * which only a part is made), or after it.
 *
 * Arguments: directory, number of the operation, phase, number of the first append.
 */
import { writeSync } from "node:fs";
import { Log } from "../log.ts";
import { FatalFileSystem, type FatalPhase } from "./fatal-file-system.ts";
import { payloadOf } from "./harness.ts";

const [directory, fatal, phase, first] = process.argv.slice(2) as [string, string, FatalPhase, string];
const killing = new FatalFileSystem(Number(fatal), phase);

const log = await Log.open(directory, {
  fs: killing.fs,
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
writeSync(1, `end ${killing.operations}\n`);
