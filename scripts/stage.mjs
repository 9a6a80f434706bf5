// node scripts/stage.mjs FOLDER [NAME...]: what is published, as folders below FOLDER: `npm publish FOLDER/sdk`. Needs a build.
//
// A package is published with its entries bundled, and shared chunks beside them: Node takes 0.4 ms to find, read and link a module, and the SDK has
// sixty, so importing it as it is compiled takes three times as long. Names of entries, types and sources stay as they are.
import { cpSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { root } from "./prepare.mjs";

/** Of which the entries carry what they use: to find another package costs as much as ten modules. Its types are still read from there. */
const inlined = ["@pintle/events"];

/** Writes the package in `packages/NAME` to `out`. */
export async function stage(name, out) {
  const folder = join(root, "packages", name);
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  mkdirSync(out, { recursive: true });
  for (const file of ["package.json", "src"]) {
    cpSync(join(folder, file), join(out, file), { recursive: true, filter: isPublished });
  }
  const readme = join(folder, "README.md");
  if (existsSync(readme)) cpSync(readme, join(out, "README.md"));
  cpSync(join(root, "LICENSE"), join(out, "LICENSE"));
  cpSync(join(folder, "dist"), join(out, "dist"), {
    recursive: true,
    filter: (file) => isPublished(file) && (!/\.[^/\\]+$/.test(relative(folder, file)) || file.endsWith(".d.ts")),
  });
  const targets = JSON.stringify(manifest.exports).matchAll(/"(\.\/dist\/[^"]+\.js)"/g);
  await build({
    entryPoints: [...new Set([...targets].map(([, target]) => join(folder, target)))],
    outbase: join(folder, "dist"),
    outdir: join(out, "dist"),
    chunkNames: "chunks/[name]-[hash]",
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "neutral",
    external: ["node:*", ...Object.keys(manifest.dependencies ?? {}).filter((each) => !inlined.includes(each))],
    target: "es2022",
    sourcemap: true,
    sourcesContent: false,
    logLevel: "error",
  });
}

/** Neither tests nor what only tests use. */
function isPublished(file) {
  return !/\.test\.|[/\\]simulation(?:[/\\]|$)|tsbuildinfo/.test(file);
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const [out, ...names] = process.argv.slice(2);
  if (out === undefined) {
    console.error("node scripts/stage.mjs FOLDER [NAME...]");
    process.exit(1);
  }
  for (const name of names.length > 0 ? names : ["events", "log", "sdk"]) {
    if (!existsSync(join(root, "packages", name, "dist"))) throw new Error(`${name} is not built: npm run build`);
    await stage(name, join(resolve(out), name));
    console.log(`${name}: ${join(out, name)}`);
  }
}
