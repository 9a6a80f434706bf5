import { access, constants, rm, rmdir, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { Trial, TrialTools } from "@pintle/kit";
import type { FileSettings } from "./settings.ts";

/**
 * A line in a file of its own beside the real one, which is removed, and so are folders that were
 * made for it.
 *
 * @throws where the real file is there and cannot be written
 */
export async function tryFile(settings: FileSettings, { directory, word }: TrialTools): Promise<Trial<FileSettings>> {
  const target = resolve(directory, settings.path);
  const path = `${target}.${word}`;
  if (await isThere(target)) await access(target, constants.W_OK);
  let above = dirname(target);
  while (!(await isThere(above)) && dirname(above) !== above) above = dirname(above);
  return {
    writes: `a line in a file of its own, ${path}, which is removed`,
    settings: { ...settings, path, rotateSize: undefined, rotateEvery: undefined },
    async remove() {
      await rm(path, { force: true });
      // What others have put something into meanwhile stays.
      for (let made = dirname(path); made !== above; made = dirname(made)) await rmdir(made).catch(() => {});
    },
  };
}

function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
