import { join } from "node:path";
import { type FileSystem, nodeFileSystem, readProgress } from "@pintle/log";
import type { GroupBefore } from "./group-offsets.ts";

/*
 * Beside the progress of a group, `<group>.a` and `<group>.b`, there is a file `<group>.absent`
 * while the group is: since when, as an RFC 3339 time, so that restarts do not make it wait anew.
 * The thread that writes the topic writes it.
 */

const suffix = ".absent";

/** Every group that has progress in `directory`; none where there is no such folder. */
export async function groupsBefore(directory: string, fs: FileSystem = nodeFileSystem): Promise<GroupBefore[]> {
  const names = await fs.list(directory).catch((error: unknown): string[] => {
    if ((error as { code?: unknown }).code === "ENOENT") return [];
    throw error;
  });
  const groups = new Set(names.filter((name) => /\.[ab]$/.test(name)).map((name) => name.slice(0, -2)));
  const found: GroupBefore[] = [];
  for (const group of groups) {
    const progress = await readProgress(join(directory, group), fs);
    if (progress === undefined) continue;
    const absentSince = names.includes(group + suffix) ? await read(join(directory, group + suffix), fs) : undefined;
    found.push({ group, from: progress.low, absentSince });
  }
  return found;
}

export async function markAbsent(
  directory: string,
  group: string,
  now: number,
  fs: FileSystem = nodeFileSystem,
): Promise<void> {
  const path = join(directory, group + suffix);
  await markPresent(directory, group, fs);
  const file = await fs.open(path, "create");
  try {
    await file.write([Buffer.from(`${new Date(now).toISOString()}\n`)], 0);
    await file.sync();
  } finally {
    await file.close();
  }
  await fs.syncDirectory(directory);
}

/**
 * A mark that survives a crash is removed at the next time: it says less than the member that
 * joins.
 */
export async function markPresent(directory: string, group: string, fs: FileSystem = nodeFileSystem): Promise<void> {
  await fs.remove(join(directory, group + suffix)).catch((error: unknown) => {
    if ((error as { code?: unknown }).code !== "ENOENT") throw error;
  });
}

/** `undefined` for what a crash has torn: then the group is found absent anew. */
async function read(path: string, fs: FileSystem): Promise<number | undefined> {
  const file = await fs.open(path, "read");
  try {
    const bytes = Buffer.alloc(32);
    const text = bytes.toString("latin1", 0, await file.read(bytes, 0, bytes.length, 0));
    const time = /^\S+Z\n$/.test(text) ? Date.parse(text.trimEnd()) : Number.NaN;
    return Number.isNaN(time) ? undefined : time;
  } finally {
    await file.close();
  }
}
