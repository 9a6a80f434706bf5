// What is made of the folders of destinations, and lies in the tree: the registry, the types of a
// configuration, the pages of docs/destinations.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { configTypesText } from "../generate/config-types.mjs";
import { indexText, pageText } from "../generate/pages.mjs";
import { registryText, typeFolders } from "../generate/registry.mjs";

const registryFile = "packages/destinations/src/registry.ts";
const pages = "docs/destinations";

/**
 * Files and what belongs into them, of the folders alone. It has to be there before the rest can be
 * compiled.
 */
export function generatedFirst(root) {
  return new Map([[registryFile, formatted(root, registryFile, registryText(typeFolders(root)))]]);
}

/**
 * Files and what belongs into them; `undefined` for a file that is to go. Needs what is compiled.
 */
export async function generated(root) {
  const compiled = (name, entry) => import(pathToFileURL(join(root, "packages", name, "dist", entry)).href);
  const kit = { ...(await compiled("kit", "index.js")), ...(await compiled("kit", "host.js")) };
  const { loadDestinationTypes } = await compiled("destinations", "index.js");
  const folders = typeFolders(root);
  const byName = await loadDestinationTypes();
  const types = folders.map(({ type }) => byName.get(type));
  const typesFile = "packages/server/src/config/type-configs.ts";
  const files = new Map([
    ...generatedFirst(root),
    [typesFile, formatted(root, typesFile, configTypesText(types, kit))],
    [`${pages}/README.md`, indexText(root, types)],
    ...folders.map((each, at) => [`${pages}/${each.type}.md`, pageText(root, each, types[at], kit)]),
  ]);
  for (const name of readdirSync(join(root, pages))) {
    if (!files.has(`${pages}/${name}`)) files.set(`${pages}/${name}`, undefined);
  }
  return files;
}

/** The files that are not as they should be. */
export function staleIn(root, files) {
  const contentOf = (file) => (existsSync(join(root, file)) ? readFileSync(join(root, file), "utf8") : undefined);
  return [...files].filter(([file, text]) => contentOf(file) !== text).map(([file]) => file);
}

/** Writes what is stale; gives whether anything was. */
export function writeStale(root, files) {
  const stale = staleIn(root, files);
  for (const file of stale) {
    const path = join(root, file);
    const text = files.get(file);
    mkdirSync(dirname(path), { recursive: true });
    if (text === undefined) rmSync(path);
    else writeFileSync(path, text);
    console.error(`${text === undefined ? "removed" : "made"}: ${file}`);
  }
  return stale.length > 0;
}

function formatted(root, file, text) {
  const biome = join(root, "node_modules", "@biomejs", "biome", "bin", "biome");
  const args = [biome, "format", `--stdin-file-path=${file}`];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, input: text, encoding: "utf8" });
  if (status !== 0) throw new Error(`${file} could not be formatted: ${stderr}`);
  return stdout;
}
