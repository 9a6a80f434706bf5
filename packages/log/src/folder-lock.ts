import { setTimeout as sleep } from "node:timers/promises";
import { LogError } from "./errors.ts";
import { takePipe, takeSocket } from "./lock-socket.ts";
import { makeFolders } from "./make-folders.ts";

export interface FolderLockOptions {
  /** How long to wait for another holder to let go, milliseconds. Default 0. */
  readonly wait?: number;
}

const pollTime = 50;

/**
 * The right to write a folder, held by one process at a time and given back by the kernel however
 * the process ends: docs/log-format.md, "Lock". It does not keep the process alive.
 */
export class FolderLock {
  readonly directory: string;
  #release: (() => Promise<void>) | undefined;

  /**
   * Rejects with `PINTLE_LOCK_HELD` if another process (or another part of this one) still holds it
   * after `wait`, or with `PINTLE_LOCK_UNSUPPORTED` where the file system has no sockets. The
   * folder is created if it is not there.
   */
  static async acquire(directory: string, options: FolderLockOptions = {}): Promise<FolderLock> {
    await makeFolders(directory);
    const deadline = performance.now() + (options.wait ?? 0);
    const take = process.platform === "win32" ? takePipe : takeSocket;
    for (;;) {
      const taken = await take(directory);
      if (typeof taken.release === "function") return new FolderLock(directory, taken.release);
      const left = deadline - performance.now();
      if (left <= 0) throw heldError(directory, taken.pid);
      await sleep(Math.min(pollTime, left));
    }
  }

  private constructor(directory: string, release: () => Promise<void>) {
    this.directory = directory;
    this.#release = release;
  }

  /** Lets go. Called again it does nothing. */
  async release(): Promise<void> {
    const release = this.#release;
    this.#release = undefined;
    await release?.();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }
}

function heldError(directory: string, pid: number | undefined): LogError {
  // In a container the process id is that of another world, so it is a hint and nothing is decided
  // by it.
  const who = pid === undefined ? "another process" : `another process (id ${pid}, as it sees itself)`;
  return new LogError(
    "PINTLE_LOCK_HELD",
    `The folder ${directory} is in use by ${who}. End it, wait for it, or use another folder.`,
  );
}
