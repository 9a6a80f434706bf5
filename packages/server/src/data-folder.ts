import { access, constants } from "node:fs/promises";
import { makeFolders } from "@pintle/log";
import { ServerError, systemCode } from "./errors.ts";

/**
 * Makes the folder that everything durable is kept in, for its owner alone, unless it is there.
 *
 * @throws ServerError FOLDER_NOT_WRITABLE
 */
export async function makeDataFolder(path: string): Promise<void> {
  try {
    await makeFolders(path);
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
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
