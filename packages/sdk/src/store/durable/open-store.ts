import { resolve } from "node:path";
import { FolderLock, nodeFileSystem } from "@pintle/log";
import type { Settings } from "../../config.ts";
import type { MemoryStore } from "../memory/memory-store.ts";
import type { StoreHost } from "../store.ts";
import { DurableStore } from "./durable-store.ts";

/**
 * Durable mode on the real file system. This module and what it imports are loaded only when a
 * client is durable.
 */
export function openStore(settings: Settings, memory: MemoryStore, host: StoreHost): Promise<DurableStore> {
  const durable = settings.durable!;
  // The program may change its working directory later.
  const directory = resolve(durable.directory);
  const takeLock = (folder: string, wait: number): Promise<FolderLock> => FolderLock.acquire(folder, { wait });
  return DurableStore.open({ ...settings, durable: { ...durable, directory } }, memory, host, {
    fs: nodeFileSystem,
    takeLock,
  });
}
