import { readdirSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { TopicSize } from "../engine.ts";

/*
 * Where topics are in a data folder: each partition of one is a log of its own, in the folder
 * `topics/<topic>-<partition>`.
 */

/** The folder of a partition's log. */
export function partitionFolder(directory: string, topic: string, partition: number): string {
  return join(topicsFolder(directory), `${topic}-${partition}`);
}

/** The folder of all topics in a data folder. */
function topicsFolder(directory: string): string {
  return join(directory, "topics");
}

/**
 * The folders of all logs in a data folder, in the order of their names; `undefined` where it has
 * no topics.
 */
export function logFolders(directory: string): string[] | undefined {
  const topics = topicsFolder(directory);
  try {
    return readdirSync(topics)
      .sort()
      .map((name) => join(topics, name));
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === "ENOENT") return undefined;
    throw error;
  }
}

/**
 * How many partitions of a topic are in a data folder; 0 where the first one, which is made last,
 * is not.
 */
export async function countPartitions(
  list: (folder: string) => Promise<string[]>,
  directory: string,
  topic: string,
): Promise<number> {
  const names = await list(topicsFolder(directory)).catch((error: unknown): string[] => {
    if ((error as { readonly code?: unknown }).code === "ENOENT") return [];
    throw error;
  });
  return names.includes(`${topic}-0`) ? names.filter((name) => topicOf(name) === topic).length : 0;
}

/**
 * The topics in a data folder with their bytes on disk, written ahead ones included. A file that
 * goes while it is looked at counts nothing.
 */
export async function topicSizes(directory: string): Promise<TopicSize[]> {
  const topics = topicsFolder(directory);
  const sizes = new Map<string, number>();
  for (const folder of await readdir(topics).catch(() => [])) {
    const topic = topicOf(folder);
    if (topic === undefined) continue;
    const files = await readdir(join(topics, folder)).catch(() => []);
    const bytes = await Promise.all(
      files.map((file) =>
        stat(join(topics, folder, file)).then(
          (stats) => (stats.isFile() ? stats.size : 0),
          () => 0,
        ),
      ),
    );
    sizes.set(
      topic,
      bytes.reduce((sum, each) => sum + each, sizes.get(topic) ?? 0),
    );
  }
  return [...sizes].map(([name, bytes]) => ({ name, bytes }));
}

function topicOf(folder: string): string | undefined {
  return /^(.+)-\d+$/.exec(folder)?.[1];
}
