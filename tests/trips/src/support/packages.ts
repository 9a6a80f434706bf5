import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type NeedAnswer, need } from "./need.ts";

const root = fileURLToPath(new URL("../../../..", import.meta.url));

/**
 * For tests that need what a folder outside the workspaces has in its lock file: by `npm ci` in
 * there, which no test does.
 */
export function needPackages(
  folder:
    | "examples/apps"
    | "scripts/reference"
    | "tests/libraries"
    | "tests/runtimes"
    | `tests/runtimes/toolchains/${"bundlers" | "jest-29" | "jest-30" | "typescript" | "vitest"}`,
): NeedAnswer {
  const name = folder.includes("/toolchains/") ? "toolchains" : folder.split("/").at(-1)!;
  const found = existsSync(join(root, folder, "node_modules", ".package-lock.json"));
  return need(`what ${folder}/package.json lists`, { found, install: `.ci/install.sh ${name}` });
}
