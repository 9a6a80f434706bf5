import { createHash } from "node:crypto";
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { npm } from "../support/npm.ts";
import { clients } from "./story.ts";

/**
 * The folder of the Node clients with their packages installed: a copy, below `.cache`, named by
 * the content of what it is a copy of. So an installation is never changed once it has its name,
 * several tests may want it at the same time, and the second run is quick.
 */
export async function installNodeClients(): Promise<string> {
  const source = join(clients, "node");
  const cache = join(clients, ".cache");
  const files = (await readdir(source)).filter((name) => name !== "node_modules").sort();
  const hash = createHash("sha256");
  for (const file of files) hash.update(`${file}\0`).update(await readFile(join(source, file)));
  const name = `node-${hash.digest("hex").slice(0, 16)}`;
  const installed = join(cache, name);

  await mkdir(cache, { recursive: true });
  if ((await readdir(cache)).includes(name)) return installed;
  const fresh = await mkdtemp(join(cache, "new-"));
  try {
    for (const file of files) await cp(join(source, file), join(fresh, file));
    await npm(["ci", "--omit=optional", "--ignore-scripts", "--no-audit", "--no-fund"], fresh);
    await rename(fresh, installed);
  } catch (error) {
    await rm(fresh, { recursive: true, force: true });
    // Another test was quicker: its installation is the same.
    if (!(await readdir(cache)).includes(name)) throw error;
  }
  return installed;
}
