import { type FileHandle, mkdir, open, readdir, rename, unlink } from "node:fs/promises";
import { dirname } from "node:path";

/** What the file destination needs of an open file; tests give one that fails. */
export type LineHandle = Pick<FileHandle, "stat" | "read" | "write" | "truncate" | "datasync" | "close">;

/** What the file destination needs of the disk. */
export interface LineFileSystem {
  /**
   * Opens for reading and appending; makes the file and its folder if need be, so that both are
   * there after a power cut.
   */
  open(path: string): Promise<LineHandle>;
  /** Opens a new file for writing; one that is there is emptied. */
  create(path: string): Promise<LineHandle>;
  /**
   * Gives a closed file another name, which no other has, so that it has that name after a power
   * cut, too.
   */
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Names in a folder; none where there is no folder. */
  list(folder: string): Promise<string[]>;
}

export const nodeLineFileSystem: LineFileSystem = {
  async open(path) {
    // Events are personal data: for the owner alone.
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const handle = await open(path, "a+", 0o600);
    await syncFolder(dirname(path));
    return handle;
  },
  create: (path) => open(path, "w", 0o600),
  async rename(from, to) {
    await rename(from, to);
    await syncFolder(dirname(to));
  },
  remove: unlink,
  async list(folder) {
    try {
      return await readdir(folder);
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
      throw error;
    }
  },
};

/** Makes names durable. Windows cannot and need not. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
