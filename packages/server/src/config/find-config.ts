import { existsSync } from "node:fs";
import { join } from "node:path";

/** The names under which a configuration is looked for, in this order. */
export const configNames: readonly string[] = [
  "pintle.config.ts",
  "pintle.config.js",
  "pintle.config.mjs",
  "pintle.config.json",
];

/** The configuration file in `directory`, `undefined` where there is none. */
export function findConfig(directory: string): string | undefined {
  return configNames.map((name) => join(directory, name)).find((file) => existsSync(file));
}
