import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { systemCode } from "./errors.ts";

/**
 * Makes a folder with those above it, mode 0700; does nothing where it exists. (`recursive` of
 * Node's mkdir never ends where a folder cannot be made for ENOENT, as in /proc.) Rejects with an
 * error of the file system.
 */
export async function makeFolders(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    const code = systemCode(error);
    if (code === "EEXIST" && (await stat(path)).isDirectory()) return;
    if (code !== "ENOENT" || dirname(path) === path) throw error;
    await makeFolders(dirname(path));
    await mkdir(path, { mode: 0o700 }).catch((again: unknown) => {
      // Somebody else may have been as fast.
      if (systemCode(again) !== "EEXIST") throw again;
    });
  }
}
