// node scripts/stage.mjs FOLDER [NAME...]: what is published, as folders below FOLDER: `npm publish
// FOLDER/sdk`. Needs a build.
//
// The packages that programs import are published with their entries bundled, and shared chunks
// beside them: Node takes 0.4 ms to find, read and link a module, and the SDK has sixty, so
// importing it as it is compiled takes three times as long. Names of entries, types and sources
// stay as they are.
//
// Beside each module lies its twin in CommonJS (`.cjs`, `.d.cts`), chunk by chunk, so that a class
// is made once however many entries use it. The manifest is the one of the sources, with what names
// those twins added here.
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build, transform } from "esbuild";
import { inlineMap, mergeChunks } from "./lib/merge-chunks.mjs";
import { root } from "./lib/prepare.mjs";

/**
 * The entries carry what they use of it: to find another package costs as much as ten modules. Its
 * types are still read from there.
 */
const inlined = ["@pintle/events"];

/** The oldest syntax that every supported runtime and bundler reads. */
const target = "es2022";

/**
 * Declarations for compilers whose library has no `Symbol.asyncDispose`: those before 5.2, and an
 * older `lib`. With one that has, it says the same again.
 */
const asyncDispose = `declare global {
    interface SymbolConstructor {
        readonly asyncDispose: unique symbol;
    }
}
`;

const mapped = { target, sourcemap: "external", sourcesContent: false };

/**
 * What a data plane is made of runs as it is compiled: threads and child processes are started from
 * files of their own.
 */
const asCompiled = ["kit", "destinations", "server"];

/** Writes the package in `packages/NAME` to `out`. */
export async function stage(name, out) {
  const folder = join(root, "packages", name);
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  mkdirSync(out, { recursive: true });
  cpSync(join(root, "LICENSE"), join(out, "LICENSE"));
  cpSync(join(folder, "README.md"), join(out, "README.md"));
  if (asCompiled.includes(name)) {
    // What tests of the package share stays here, unless it is for the tests of others.
    const own =
      manifest.exports["./testing"] === undefined ? /[/\\]testing(?:[/\\]|$)|\.tsbuildinfo$/ : /\.tsbuildinfo$/;
    const filter = (file) => isPublished(file) && !own.test(file);
    for (const part of ["package.json", ...manifest.files.filter((each) => !each.startsWith("!"))]) {
      cpSync(join(folder, part), join(out, part), { recursive: true, filter });
    }
    return;
  }
  cpSync(join(folder, "src"), join(out, "src"), { recursive: true, filter: isPublished });
  writeFileSync(join(out, "package.json"), `${JSON.stringify(publishedManifest(manifest), null, 2)}\n`);
  stageDeclarations(folder, out, manifest);
  await stageCode(folder, out, manifest);
}

/** The manifest with what CommonJS needs, and what tools look for that know no `exports`. */
function publishedManifest(manifest) {
  const { exports, ...rest } = manifest;
  const entries = Object.entries(exports);
  const types = entries
    .filter(([path]) => path !== ".")
    .map(([path, { types: file }]) => [path.slice("./".length), [inCommonJs(file)]]);
  return {
    ...rest,
    main: inCommonJs(exports["."].node ?? exports["."].default),
    types: inCommonJs(exports["."].types),
    ...(types.length === 0 ? {} : { typesVersions: { "*": Object.fromEntries(types) } }),
    exports: {
      ...Object.fromEntries(entries.map(([path, conditions]) => [path, bothFormats(conditions)])),
      "./package.json": "./package.json",
    },
  };
}

/** `{ types, node, default }`, each but `types` divided by how the entry is loaded. */
function bothFormats({ types, ...files }) {
  const divided = Object.entries(files).map(([condition, file]) => [
    condition,
    {
      import: { types, default: file },
      require: { types: inCommonJs(types), default: inCommonJs(file) },
    },
  ]);
  return divided.length === 1 ? divided[0][1] : Object.fromEntries(divided);
}

function inCommonJs(file) {
  return file.replace(/\.d\.ts$/, ".d.cts").replace(/\.js$/, ".cjs");
}

/** The declarations that the entries lead to, once for each format. */
function stageDeclarations(folder, out, { exports }) {
  const pending = new Set(Object.values(exports).map(({ types }) => join(folder, types)));
  for (const file of pending) {
    const text = readFileSync(file, "utf8").replace(/\n\/\/# sourceMappingURL=.*\n?$/, "\n");
    for (const [, , path] of text.matchAll(imports)) pending.add(join(dirname(file), `${path}.d.ts`));
    const to = join(out, relative(folder, file));
    mkdirSync(dirname(to), { recursive: true });
    const global = text.includes("[Symbol.asyncDispose]") ? asyncDispose : "";
    writeFileSync(to, declarationOf(text, ".js") + global);
    writeFileSync(
      to.replace(/\.d\.ts$/, ".d.cts"),
      (replacedDeclaration(text) ?? declarationOf(text, ".cjs")) + global,
    );
  }
}

/**
 * Imports within the package. TypeScript 4.9 refuses `.ts` at their end, and a text as the name of
 * an export.
 */
const imports = /((?:\bfrom|\bimport) ?\(?")(\.[^"]+)\.ts(?=")/g;

function declarationOf(text, extension) {
  return text.replace(/, \w+ as "module\.exports"/, "").replaceAll(imports, `$1$2${extension}`);
}

/**
 * What `require` gives of an entry that says so, with the types in the namespace of its
 * name.
 */
function replacedDeclaration(text) {
  const name = /\b(\w+) as "module\.exports"/.exec(text)?.[1];
  if (name === undefined) return undefined;
  const [, file] = new RegExp(`^import \\{ ${name} \\} from "(.+)\\.ts";$`, "m").exec(text);
  return `import { ${name} } from "${file}.cjs";\nexport = ${name};\n`;
}

async function stageCode(folder, out, { exports, dependencies = {} }) {
  const external = ["node:*", ...Object.keys(dependencies).filter((each) => !inlined.includes(each))];
  const main = exports["."].node;
  const entries = [
    ...new Set([...JSON.stringify(exports).matchAll(/"(\.\/dist\/[^"]+\.js)"/g)].map(([, file]) => file)),
  ];
  const options = {
    format: "esm",
    target,
    platform: "neutral",
    external,
    sourcemap: true,
    sourcesContent: false,
    write: false,
    logLevel: "error",
  };
  // What leads to the entry for Node is loaded with it, as one module; what does not shares its
  // code with the one for bundlers.
  const withMain = main === undefined ? [] : await leadingTo(main, entries, folder, options);
  for (const group of [withMain, entries.filter((each) => !withMain.includes(each))]) {
    if (group.length === 0) continue;
    const { outputFiles, metafile } = await build({
      ...options,
      entryPoints: group.map((file) => join(folder, file)),
      outbase: join(folder, "dist"),
      outdir: join(out, "dist"),
      chunkNames: "chunks/[name]-[hash]",
      bundle: true,
      splitting: true,
      metafile: true,
    });
    const files = new Map(outputFiles.map(({ path, text }) => [path, text]));
    const outputs = Object.fromEntries(
      Object.entries(metafile.outputs).map(([path, { imports, exports }]) => [
        resolve(path),
        {
          exports,
          imports: imports.map((each) => ({ ...each, path: each.external ? each.path : resolve(each.path) })),
        },
      ]),
    );
    const written = group === withMain ? await mergeChunks(files, outputs, join(out, main), options) : files;
    for (const [path, text] of written) {
      if (!path.endsWith(".js")) continue;
      const inline = text.replace(/\/\/# sourceMappingURL=.*\n$/, inlineMap(written.get(`${path}.map`)));
      mkdirSync(dirname(path), { recursive: true });
      const { code, map } = await transform(inline, {
        ...mapped,
        sourcefile: basename(path),
        format: "esm",
      });
      writeMapped(path, code, map, out);
      await stageCommonJs(path, inline, text, out);
    }
  }
}

/**
 * The map names the sources where they are installed: in this package, or in the one beside it that
 * is inlined.
 */
function writeMapped(path, code, map, out) {
  writeFileSync(path, `${code}//# sourceMappingURL=${basename(path)}.map\n`);
  const { sources, ...rest } = JSON.parse(map);
  const installed = sources.map((source) => {
    // A module that only passes on what others export is its own source.
    if (!source.includes("/")) return source;
    const inPackages = relative(join(root, "packages"), resolve(dirname(path), source));
    return relative(dirname(path), join(dirname(out), inPackages)).replaceAll("\\", "/");
  });
  writeFileSync(`${path}.map`, JSON.stringify({ ...rest, sources: installed }));
}

/** The entries that load the main one. */
async function leadingTo(main, entries, folder, options) {
  const leads = await Promise.all(
    entries.map(async (file) => {
      const { metafile } = await build({
        ...options,
        entryPoints: [join(folder, file)],
        outfile: "probe.js",
        bundle: true,
        metafile: true,
      });
      return Object.keys(metafile.inputs).some((path) => resolve(path) === join(folder, main));
    }),
  );
  return entries.filter((_, at) => leads[at]);
}

/**
 * The twin of a bundled module. What it imports later, it requires then: where modules are
 * evaluated in contexts of their own (Jest), a program in CommonJS cannot `import()`.
 */
async function stageCommonJs(path, inline, text, out) {
  const { code, map } = await transform(inline, {
    ...mapped,
    sourcefile: basename(path),
    format: "cjs",
    platform: "node",
    supported: { "dynamic-import": false },
  });
  const required = code
    .replaceAll(/(\brequire\("\.[^"]+)\.js"\)/g, '$1.cjs")')
    .replaceAll(/\brequire\((?!")/g, `(${requireOptional})(`);
  writeMapped(path.replace(/\.js$/, ".cjs"), required + replacedExports(text), map, out);
}

/**
 * What stands for `import()` of a package that a program may have or not: out of sight of bundlers,
 * which would look for it. Found from the SDK, or, where that is part of a bundle, from the folder
 * in which the program runs.
 */
function requireOptional(name) {
  const { createRequire } = process.getBuiltinModule("node:module");
  try {
    return createRequire(__filename)(name);
  } catch {
    return createRequire(`${process.cwd()}/`)(name);
  }
}

/**
 * An entry that says what `require` is to give by an export called `module.exports`, as Node reads
 * it of an ES module.
 */
function replacedExports(text) {
  return /\bas "module\.exports"/.test(text)
    ? 'const { "module.exports": whole, ...named } = module.exports;\nmodule.exports = Object.assign(whole, named);\n'
    : "";
}

/** Neither tests, nor what only tests use, nor pages. */
function isPublished(file) {
  return !/\.test\.|[/\\]simulation(?:[/\\]|$)|[/\\]README\.md$/.test(file);
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const [out, ...names] = process.argv.slice(2);
  if (out === undefined) {
    console.error("node scripts/stage.mjs FOLDER [NAME...]");
    process.exit(1);
  }
  for (const name of names.length > 0 ? names : ["events", "log", "sdk", ...asCompiled]) {
    if (!existsSync(join(root, "packages", name, "dist"))) throw new Error(`${name} is not built: npm run build`);
    await stage(name, join(resolve(out), name));
    console.log(`${name}: ${join(out, name)}`);
  }
}
