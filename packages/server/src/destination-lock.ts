import { rmdir } from "node:fs/promises";
import type { Tools } from "@pintle/kit";
import { FolderLock, LogError } from "@pintle/log";

/**
 * The lock that destinations get for what they write on this machine: a folder with that name,
 * which goes when the lock does. Where the file system has no locks, it is up to the owner of the
 * configuration that a file has one writer.
 */
export const lockForDestination: NonNullable<Tools["lock"]> = async (name) => {
  const remove = () => rmdir(name).catch(() => {}); // Somebody else may be about to take it.
  try {
    const lock = await FolderLock.acquire(name);
    return {
      async release() {
        await lock.release();
        await remove();
      },
    };
  } catch (error) {
    if (!(error instanceof LogError) || error.code !== "PINTLE_LOCK_UNSUPPORTED") throw error;
    return { release: remove };
  }
};
