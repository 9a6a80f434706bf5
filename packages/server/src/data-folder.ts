import { accessSync, constants, mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { ServerError, systemCode } from "./errors.ts";

/**
 * Makes the folder that everything durable is kept in, for its owner alone, unless it is there.
 *
 * @throws ServerError FOLDER_NOT_WRITABLE
 */
export function makeDataFolder(path: string): void {
  try {
    makeFolders(path);
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const reasons: Record<string, string> = {
      EACCES: "no permission",
      EPERM: "no permission",
      EROFS: "the file system is read-only",
      EEXIST: "it is a file",
      ENOENT: "no folder can be made there",
      ENOTDIR: "a part of it is a file",
      ENOSPC: "the disk is full",
    };
    const code = systemCode(error);
    const reason = reasons[code] ?? (error instanceof Error ? error.message : String(error));
    throw new ServerError(
      "FOLDER_NOT_WRITABLE",
      `the data folder ${path} cannot be written: ${reason} (choose another: --data DIR)`,
      {
        cause: error,
      },
    );
  }
}

/** With those above it. (`recursive` of mkdirSync never ends where a folder cannot be made for ENOENT, as in /proc.) */
function makeFolders(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    const code = systemCode(error);
    if (code === "EEXIST" && statSync(path).isDirectory()) return;
    if (code !== "ENOENT" || dirname(path) === path) throw error;
    makeFolders(dirname(path));
    mkdirSync(path, { mode: 0o700 });
  }
}
