import { resolve } from "node:path";
import { FolderLock, nodeFileSystem } from "@pintle/log";
import type { Settings } from "../../config.ts";
import type { Environment } from "../../environment/environment.ts";
import type { MessageStore, StoreHost } from "../store.ts";
import { DurableStore } from "./durable-store.ts";

/** Durable mode on the real file system. This module and what it imports are loaded only when a client is durable. */
export function openStore(
  settings: Settings,
  host: StoreHost,
  { now, after, hold }: Pick<Environment, "now" | "after" | "hold">,
): Promise<MessageStore> {
  const durable = settings.durable!;
  // The program may change its working directory later.
  const directory = resolve(durable.directory);
  const takeLock = (folder: string, wait: number): Promise<FolderLock> => FolderLock.acquire(folder, { wait });
  return DurableStore.open({ ...settings, durable: { ...durable, directory } }, host, {
    fs: nodeFileSystem,
    takeLock,
    now,
    after,
    hold,
  });
}
