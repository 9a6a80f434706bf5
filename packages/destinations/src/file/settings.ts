import { bytes, duration, type SettingsOf } from "@pintle/kit";
import { z } from "zod";

export const settings = {
  path: z
    .string()
    .min(1, "A path is not empty")
    .refine((path) => !path.includes("\0"), "A path has no null characters")
    .describe(
      "The file; a relative path starts at the folder of the configuration file. Folders are made. New files are for their owner alone",
    ),
  rotateSize: bytes({ min: 1000, max: 1e12 })
    .optional()
    .describe('Closes the file, under another name, before it gets larger than this: `"100MB"`'),
  rotateEvery: duration({ min: 1000, max: 7 * 24 * 60 * 60 * 1000 })
    .optional()
    .describe('Closes the file at the end of each such time, in UTC: `"1h"` closes it at the full hour'),
  gzip: z.boolean().default(true).describe("Compresses a file when it is closed"),
};

export type FileSettings = SettingsOf<typeof settings>;
