import { FolderLock, nodeFileSystem } from "@pintle/log";
import type { Settings } from "../config.ts";
import type { Environment } from "../environment/environment.ts";
import type { Keeper, KeeperHost } from "../keeper.ts";
import { DurableKeeper } from "./durable-keeper.ts";

/** Durable mode on the real file system. This module and what it imports are loaded only when a client is durable. */
export function openKeeper(
  settings: Settings,
  host: KeeperHost,
  { now, after, hold }: Pick<Environment, "now" | "after" | "hold">,
): Promise<Keeper> {
  const takeLock = (directory: string, wait: number): Promise<FolderLock> => FolderLock.acquire(directory, { wait });
  return DurableKeeper.open(settings, host, { fs: nodeFileSystem, takeLock, now, after, hold });
}
