import { resolve } from "node:path";
import { errorMessage } from "@pintle/events";
import { defineDestination, delivered, jsonLines, retry } from "@pintle/kit";
import { RotatingFile } from "./rotating-file.ts";
import { settings } from "./settings.ts";
import { tryFile } from "./trial.ts";

/** A larger buffer is not kept for the next batch. */
const mostKept = 4 << 20;

/**
 * Appends each event as a line of JSON. `delivered` means that it is on disk. A batch is written as
 * a whole or not at all, so that lines of one user stay in order.
 */
export const file = defineDestination({
  type: "file",
  displayName: "File",
  description: "Appends each event to a file, as a line of JSON",
  settings,
  raw: true,
  batch: { events: 1000, bytes: 1 << 20, whole: true },
  trial: tryFile,
  async open({ path, rotateSize, rotateEvery, gzip }, { directory, now, lock }) {
    const target = resolve(directory, path);
    // A second writer would take the line that the first one is writing for a torn one.
    const held = await lock?.(`${target}.lock`);
    let lines: RotatingFile;
    try {
      lines = await RotatingFile.open(target, { size: rotateSize, every: rotateEvery, gzip, now });
    } catch (error) {
      await held?.release();
      throw error;
    }
    // Where the lines of a batch were written from is used again: buffers for each of them would be
    // most of the garbage.
    let spare: Uint8Array | undefined;
    return {
      async deliver(events) {
        let used: Uint8Array | undefined;
        const room = (bytes: number): Uint8Array => {
          used = spare !== undefined && spare.length >= bytes ? spare : new Uint8Array(2 * bytes);
          spare = undefined;
          return used;
        };
        try {
          await lines.append(jsonLines(events, room));
          return events.map(() => delivered);
        } catch (error) {
          const code = error instanceof Error && "code" in error ? String(error.code) : "";
          const detail = errorMessage(error);
          const outcome = retry("destination", code === "" ? "file" : `file_${code.toLowerCase()}`, { detail });
          return events.map(() => outcome);
        } finally {
          if (used !== undefined && used.length <= mostKept) spare = used;
        }
      },
      async close() {
        await lines.close();
        await held?.release();
      },
    };
  },
});
