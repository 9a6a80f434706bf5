import { resolve } from "node:path";
import { z } from "zod";
import { type DestinationType, defineDestination, delivered, retry } from "../kit/index.ts";
import { LineFile } from "./line-file.ts";

export interface FileSettings {
  path: string;
}

const settings = {
  path: z
    .string()
    .min(1, "A path is not empty")
    .describe("The file that events are appended to; a relative path starts at the folder of the configuration file"),
};

/**
 * Appends each event as a line of JSON. `delivered` means that it is on disk. A batch is written as a whole or not at all,
 * so that lines of one user stay in order.
 */
export const file: DestinationType<FileSettings> = defineDestination<FileSettings>({
  type: "file",
  displayName: "File",
  description: "Appends each event to a file, as a line of JSON",
  settings,
  batch: { events: 1000, bytes: 1 << 20, whole: true },
  async open({ path }, { directory }) {
    const lines = await LineFile.open(resolve(directory, path));
    return {
      async deliver(events) {
        try {
          await lines.append(events.map((event) => `${JSON.stringify(event)}\n`).join(""));
          return events.map(() => delivered);
        } catch (error) {
          const code = error instanceof Error && "code" in error ? String(error.code) : "";
          const detail = error instanceof Error ? error.message : String(error);
          const outcome = retry("destination", code === "" ? "file" : `file_${code.toLowerCase()}`, { detail });
          return events.map(() => outcome);
        }
      },
      close: () => lines.close(),
    };
  },
});
