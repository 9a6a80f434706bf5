/**
 * What the log needs of a file system, injected everywhere so that tests can lose, tear and refuse
 * what real disks lose, tear and refuse. Errors are those of Node (`code`: "ENOENT", "ENOSPC",
 * ...).
 */
export interface FileSystem {
  /**
   * Opens a file. `read`: must exist; `update`: read and write, must exist; `create`: read and
   * write, must not exist (EEXIST), mode 0600. `durable`: a write includes its sync.
   */
  open(path: string, mode: OpenMode): Promise<File>;
  /** The names in a folder, in no particular order. */
  list(directory: string): Promise<string[]>;
  /** Creates a folder with its parents, mode 0700; does nothing where it exists. */
  makeDirectory(directory: string): Promise<void>;
  remove(path: string): Promise<void>;
  /**
   * Makes the names in a folder durable. Does nothing on Windows, where folders cannot be synced
   * and need not be.
   */
  syncDirectory(directory: string): Promise<void>;
  /** Bytes on the file system that holds `directory`; `free` is what this process may still use. */
  space(directory: string): Promise<{ free: number; total: number }>;
}

export type OpenMode = "read" | "update" | "create" | "update durable" | "create durable";

export interface File {
  /**
   * Reads up to `length` bytes at `position` into `buffer` at `offset`; less only at the end of the
   * file.
   */
  read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<number>;
  /**
   * Writes all the chunks one behind the other from `position` on, or rejects; then any part of
   * them may be written. In a file that was opened as durable they are durable then, and a
   * rejection means what one of `sync` does.
   */
  write(chunks: readonly Uint8Array[], position: number): Promise<void>;
  /**
   * Makes the content durable (fdatasync). After a rejection nothing is known, and calling it again
   * tells nothing.
   */
  sync(): Promise<void>;
  size(): Promise<number>;
  truncate(size: number): Promise<void>;
  close(): Promise<void>;
}
