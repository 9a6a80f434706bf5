import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

/**
 * Bytes on disk of each topic in a data folder, written ahead ones included. A file that goes while it is looked at counts nothing.
 *
 * @param directory the data folder
 */
export async function logSizes(directory: string): Promise<Record<string, number>> {
  const topics = join(directory, "topics");
  const sizes: Record<string, number> = {};
  for (const folder of await readdir(topics).catch(() => [])) {
    const [, topic] = /^(.+)-\d+$/.exec(folder) ?? [];
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
    sizes[topic] = (sizes[topic] ?? 0) + bytes.reduce((sum, each) => sum + each, 0);
  }
  return sizes;
}
