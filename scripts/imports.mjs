// The import rules of the house, read off the sources: which package may import which, and what of it. `check` applies them to the
// whole tree; a test makes sure that each rule catches what it is meant to catch.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join, relative, resolve, sep } from "node:path";

/** Each package, by its folder, with the packages that it may import. Imports point down this list only. */
export const allowed = {
  "packages/events": [],
  "packages/log": [],
  "packages/sdk": ["@pintle/events", "@pintle/log"],
  "packages/kit": ["@pintle/events"],
  "packages/destinations": ["@pintle/events", "@pintle/kit"],
  "packages/server": ["@pintle/events", "@pintle/log", "@pintle/kit", "@pintle/destinations"],
};

/**
 * What is imported by a text of TypeScript or JavaScript: `[specifier, line, kind]`, where the kind is `types` for what leaves
 * no trace in compiled code, `url` for a file that is named relative to the compiled one, else `import`.
 */
export function specifiersOf(text) {
  const code = withoutProse(text);
  const found = [];
  const pattern =
    /\b(?:import|export)\b[^;"'`()]*?\bfrom\s*(["'])(.+?)\1|\bimport\s*\(\s*(["'])(.+?)\3|\bimport\s+(["'])(.+?)\5|\brequire(?:\.resolve)?\(\s*(["'])(.+?)\7|\bnew\s+URL\(\s*(["'])(\.{1,2}\/[^"']+\.[cm]?[jt]s)\9\s*,\s*import\.meta\.url/g;
  for (const match of code.matchAll(pattern)) {
    const specifier = match[2] ?? match[4] ?? match[6] ?? match[8] ?? match[10];
    const kind = /^(?:import|export)\s+type\b/.test(match[0]) ? "types" : match[0].startsWith("new") ? "url" : "import";
    found.push([specifier, code.slice(0, match.index).split("\n").length, kind]);
  }
  return found;
}

/** Comments, templates and strings with a blank in them as blanks, so that an import which stands in one of them is none. */
function withoutProse(text) {
  const blank = (part) => part.replace(/[^\n]/g, " ");
  return text.replace(
    /("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|`(?:[^`\\]|\\.)*`|\/\*[\s\S]*?\*\/|(?<=^|[\s;{}(),])\/\/[^\n]*/g,
    (match, string) => (string === undefined || /\s/.test(string) ? blank(match) : string),
  );
}

/** What breaks the rules in the tree under `root`, one line each. */
export function importProblems(root) {
  const packages = Object.keys(allowed)
    .filter((folder) => existsSync(join(root, folder, "package.json")))
    .map((folder) => ({ folder, manifest: JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8")) }));
  const exportsOf = new Map(packages.map(({ manifest }) => [manifest.name, Object.keys(manifest.exports)]));
  const problems = [];

  for (const { folder, manifest } of packages) {
    for (const file of sourcesIn(join(root, folder, "src"))) {
      const isTest = file.endsWith(".test.ts");
      for (const [specifier, line, kind] of specifiersOf(readFileSync(file, "utf8"))) {
        const report = (text) => problems.push(`${relative(root, file).split(sep).join("/")}:${line}: ${text}`);
        if (specifier.startsWith(".")) {
          const named = resolve(dirname(file), specifier);
          const target = kind === "url" && !existsSync(named) ? named.replace(/\.js$/, ".ts") : named;
          // A program beside `src` is no module of another package.
          const home = kind === "url" ? join(root, folder) : join(root, folder, "src");
          if (!target.startsWith(home + sep)) {
            report(`${specifier} leaves the package: import an entry of its exports`);
          } else if (!existsSync(target)) {
            report(`${specifier} does not exist (relative imports end in .ts)`);
          }
          continue;
        }
        const name = packageOf(specifier);
        if (isBuiltin(specifier)) continue;
        if (!exportsOf.has(name)) {
          const declared = { ...manifest.dependencies, ...manifest.peerDependencies, ...manifest.optionalDependencies };
          // Tests may also use what the root brings for all of them.
          if (declared[name] === undefined && !(isTest || isTesting(file)))
            report(`${name} is not in the dependencies`);
          continue;
        }
        const entry = `.${specifier.slice(name.length)}`;
        if (!exportsOf.get(name).includes(entry)) report(`${specifier} is no entry of ${name}'s exports`);
        if (name === manifest.name) report(`${specifier} is this package: import the file`);
        else if (!allowed[folder].includes(name))
          report(`${manifest.name} may not import ${name}: imports point down only`);
      }
    }
  }
  return problems;
}

/**
 * The files that `entry` reaches when it runs, and the specifiers that lead out of the sources. `resolvePackage` gives the source file
 * of a package's entry, or `undefined` for what is not ours.
 */
export function reachableFrom(entry, resolvePackage) {
  const seen = new Set();
  const outside = [];
  const queue = [entry];
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (seen.has(file)) continue;
    seen.add(file);
    for (const [specifier, , kind] of specifiersOf(readFileSync(file, "utf8"))) {
      if (kind !== "import") continue;
      if (specifier.startsWith(".")) queue.push(resolve(dirname(file), specifier));
      else {
        const target = resolvePackage(specifier);
        if (target === undefined) outside.push({ file, specifier });
        else queue.push(target);
      }
    }
  }
  return { files: [...seen], outside };
}

/** The source file of `specifier`, if it is an entry of one of our packages. */
export function sourceOf(root, specifier) {
  for (const folder of Object.keys(allowed)) {
    const manifest = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));
    if (packageOf(specifier) !== manifest.name) continue;
    const target = manifest.exports[`.${specifier.slice(manifest.name.length)}`];
    // The conditions under which no runtime is known: what is left for browsers and edge runtimes.
    return join(root, folder, target.default.replace("./dist/", "src/").replace(/\.js$/, ".ts"));
  }
  return undefined;
}

export function isBuiltin(specifier) {
  return specifier.startsWith("node:") || builtinModules.includes(specifier);
}

function packageOf(specifier) {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

function isTesting(file) {
  return file.includes(`${sep}testing${sep}`);
}

function sourcesIn(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true })
    .filter((file) => /\.[cm]?ts$/.test(file))
    .map((file) => join(folder, file));
}
