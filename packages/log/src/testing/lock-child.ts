/**
 * A process for the test of the lock: takes the lock of a folder, says "held" or the code of the
 * error, and stays until it is killed.
 */
import { writeSync } from "node:fs";
import { FolderLock } from "../folder-lock.ts";

const [directory] = process.argv.slice(2) as [string];
try {
  await FolderLock.acquire(directory);
  writeSync(1, "held\n");
  // The lock itself keeps no process alive.
  setInterval(() => {}, 1 << 30);
} catch (error) {
  writeSync(1, `${(error as { code: string }).code}\n`);
}
