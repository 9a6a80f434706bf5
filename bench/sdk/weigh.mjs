// The size of an SDK on disk, and of its bundle.
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

/**
 * The packages that come with `name`, itself included, how many of them are in its scope, and the
 * bytes of their files; found as Node finds them from `folder`.
 */
export function installed(folder, name) {
  const found = new Map();
  const scope = name.split("/")[0];
  let own = 0;
  const visit = (each, from, isOptional) => {
    const path = find(each, from);
    if (path === undefined) {
      if (isOptional) return;
      throw new Error(`${each} is not installed, which ${from} needs`);
    }
    if (found.has(path)) return;
    found.set(path, sizeOf(path));
    if (each.split("/")[0] === scope) own++;
    const { dependencies = {}, optionalDependencies = {} } = JSON.parse(
      readFileSync(join(path, "package.json"), "utf8"),
    );
    for (const next of Object.keys({ ...dependencies, ...optionalDependencies })) {
      visit(next, path, next in optionalDependencies);
    }
  };
  visit(name, folder, false);
  return { packages: found.size, own, bytes: [...found.values()].reduce((sum, size) => sum + size, 0) };
}

function find(name, from) {
  for (let folder = from; ; folder = dirname(folder)) {
    const path = join(folder, "node_modules", name);
    if (existsSync(join(path, "package.json"))) return realpathSync(path);
    if (folder === dirname(folder)) return undefined;
  }
}

/** Without the packages inside, which are counted for themselves. */
function sizeOf(path) {
  if (!statSync(path).isDirectory()) return statSync(path).size;
  return readdirSync(path)
    .filter((name) => name !== "node_modules")
    .reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
}

/**
 * Bytes of everything that `name` exports, bundled for Node, minified and gzipped; its built-in
 * modules are left out.
 */
export async function bundled(folder, name) {
  const { outputFiles } = await build({
    stdin: { contents: `export * from ${JSON.stringify(name)};`, resolveDir: folder },
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    platform: "node",
    target: "es2022",
    logLevel: "silent",
  });
  return gzipSync(outputFiles[0].contents, { level: 9 }).byteLength;
}
