// npm run bench -- bundle: what the SDK weighs. Bytes of what a program loads at its start when
// esbuild bundles and minifies it, before and after gzip, and of what it may load later (durable
// mode, the transport of Node); and the packages that `npm i @pintle/sdk` puts on a disk, counted
// in a folder into which the packed packages have been installed.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));

/**
 * Bytes, gzipped, of what a program loads at its start from the fetch build, at most. A test holds
 * the SDK to it.
 */
export const mostAtStart = 15_000;

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();

async function main() {
  const builds = [
    ["fetch build (edge, browsers, Bun, Deno)", await bundle("browser", ["browser"])],
    ["node build (its built-in modules left out)", await bundle("node", ["node"])],
  ];
  console.log("bundled and minified by esbuild");
  for (const [name, [start, ...later]] of builds) {
    console.log(`  ${name}: ${weight([start])}${later.length > 0 ? `; loaded when needed: ${weight(later)}` : ""}`);
  }
  console.log(`  goal for the fetch build: ${bytes(mostAtStart)} gzipped`);
  const folder = mkdtempSync(join(tmpdir(), "pintle-bundle-"));
  try {
    const { packages, size } = install(folder);
    console.log(`npm i @pintle/sdk: ${packages.length} packages (${packages.join(", ")}), ${bytes(size)} on disk`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * The files of a program that uses the client: first what it loads at its start, then what it may
 * load later.
 */
export async function bundle(platform, conditions) {
  const { outputFiles, metafile } = await build({
    stdin: {
      // The part that a program uses: the client. Helpers that are not imported are left out.
      contents: `import { Pintle } from "@pintle/sdk"; globalThis.client = new Pintle("key", "https://example.com");`,
      resolveDir: root,
    },
    bundle: true,
    metafile: true,
    minify: true,
    write: false,
    // Code that is imported later is in a separate file.
    splitting: true,
    outdir: "out",
    format: "esm",
    target: "es2022",
    platform,
    conditions,
  });
  return split(outputFiles, metafile);
}

/** Bytes of a file, gzipped. */
export function gzipped(file) {
  return gzipSync(file, { level: 9 }).byteLength;
}

/** The code that is loaded at the start, all of it, and the files that may be loaded later. */
function split(outputFiles, { outputs }) {
  const code = new Map(outputFiles.map(({ path, contents }) => [relative(process.cwd(), path), contents]));
  const start = new Set();
  const visit = (path) => {
    if (start.has(path)) return;
    start.add(path);
    for (const { path: next, kind } of outputs[path].imports)
      if (kind === "import-statement" && code.has(next)) visit(next);
  };
  visit(Object.keys(outputs).find((path) => outputs[path].entryPoint !== undefined));
  const later = [...code.keys()].filter((path) => !start.has(path));
  return [Buffer.concat([...start].map((path) => code.get(path))), ...later.map((path) => code.get(path))];
}

function weight(files) {
  const sum = (sizes) => bytes(sizes.reduce((total, size) => total + size, 0));
  return `${sum(files.map((file) => file.byteLength))}, gzipped ${sum(files.map(gzipped))}`;
}

function install(folder) {
  const tarballs = ["packages/events", "packages/log", "packages/sdk"].map((path) => {
    const printed = npm(["pack", "--json", "--pack-destination", folder], join(root, path));
    return join(folder, JSON.parse(printed)[0].filename);
  });
  npm(["init", "--yes"], folder);
  npm(["install", "--ignore-scripts", "--no-audit", "--no-fund", ...tarballs], folder);
  const modules = join(folder, "node_modules");
  const packages = readdirSync(modules)
    .filter((name) => !name.startsWith("."))
    .flatMap((name) =>
      name.startsWith("@") ? readdirSync(join(modules, name)).map((inner) => `${name}/${inner}`) : [name],
    );
  return { packages, size: sizeOf(modules) };
}

function npm(args, cwd) {
  return execFileSync("npm", args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
}

function sizeOf(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.size;
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
}

function bytes(count) {
  return `${count.toLocaleString("en")} bytes`;
}
