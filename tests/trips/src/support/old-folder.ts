import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { brotliDecompressSync } from "node:zlib";

/**
 * A data folder that an older version has left when it was killed, made by `old-folder/make.mjs`.
 */
export interface OldFolder {
  /** The ids of all accepted events, in their order. */
  readonly accepted: readonly string[];
  /** By destination, the ids of the events that it had got, in their order, repeats included. */
  readonly arrived: Readonly<Record<string, readonly string[]>>;
  /** The ids of the events that `strict` refused, and what was decided about their letters. */
  readonly dead: readonly string[];
  readonly purged: readonly string[];
  readonly replayed: readonly string[];
  /** The id of the replay of the log to `again` that was half done. */
  readonly replay: string;
  /** The bytes of each file in base64, by its path. */
  readonly files: Readonly<Record<string, string>>;
}

/** @param commit whose code wrote it */
export async function readOldFolder(commit: string): Promise<OldFolder> {
  const file = new URL(`../../old-folder/${commit}.json.br`, import.meta.url);
  return JSON.parse(brotliDecompressSync(await readFile(file)).toString()) as OldFolder;
}

/** Writes its files into the folder `data`, which has none of them. */
export async function unpack({ files }: OldFolder, data: string): Promise<void> {
  for (const [path, bytes] of Object.entries(files)) {
    await mkdir(dirname(join(data, path)), { recursive: true, mode: 0o700 });
    await writeFile(join(data, path), Buffer.from(bytes, "base64"), { mode: 0o600 });
  }
}
