// npm run bench -- bundle: what the SDK weighs. Bytes of its web build when esbuild bundles and minifies it, before and after gzip; and the
// packages that `npm i @pintle/sdk` puts on a disk, counted in a folder into which the packed packages have been installed.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "pintle-bundle-"));
try {
  const builds = [
    ["fetch build (edge, browsers, Bun, Deno)", await bundle("browser", ["browser"])],
    ["node build (its built-in modules left out)", await bundle("node", ["node"])],
  ];
  console.log("bundled and minified by esbuild");
  for (const [name, code] of builds) {
    console.log(`  ${name}: ${bytes(code.byteLength)}, gzipped ${bytes(gzipSync(code, { level: 9 }).byteLength)}`);
  }
  const { packages, size } = install();
  console.log(`npm i @pintle/sdk: ${packages.length} packages (${packages.join(", ")}), ${bytes(size)} on disk`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function bundle(platform, conditions) {
  const { outputFiles } = await build({
    stdin: {
      // What a program uses: the client. The helpers are left out where they are not imported.
      contents: `import { Pintle } from "@pintle/sdk"; globalThis.client = new Pintle("key", "https://example.com");`,
      resolveDir: root,
    },
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    target: "es2022",
    platform,
    conditions,
  });
  return outputFiles[0].contents;
}

function install() {
  const tarballs = ["packages/events", "packages/sdk"].map((path) => {
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
