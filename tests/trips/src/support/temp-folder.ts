import { rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { asLastResort } from "./last-resort.ts";

/**
 * A new, empty folder below the system's temporary one; `await using` removes it with all that is
 * in it.
 */
export async function tempFolder(name: string): Promise<TempFolder> {
  const path = await mkdtemp(join(tmpdir(), `pintle-${name}-`));
  const all = { recursive: true, force: true, maxRetries: 5, retryDelay: 100 };
  const removed = asLastResort(() => rmSync(path, all));
  const remove = async (): Promise<void> => {
    await rm(path, all);
    removed();
  };
  return { path, remove, [Symbol.asyncDispose]: remove };
}

export interface TempFolder extends AsyncDisposable {
  readonly path: string;
  remove(): Promise<void>;
}
