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
  "packages/destinations": ["@pintle/events"],
  "packages/server": ["@pintle/events", "@pintle/log", "@pintle/destinations"],
};

/** What is imported by a text of TypeScript or JavaScript: `[specifier, line]`, types included. */
export function specifiersOf(text) {
  const code = withoutComments(text);
  const found = [];
  const pattern =
    /\b(?:import|export)\b[^;"'`()]*?\bfrom\s*(["'])(.+?)\1|\bimport\s*\(\s*(["'])(.+?)\3|\bimport\s+(["'])(.+?)\5|\brequire(?:\.resolve)?\(\s*(["'])(.+?)\7|\bnew\s+URL\(\s*(["'])(\.{1,2}\/[^"']+\.[cm]?[jt]s)\9\s*,\s*import\.meta\.url/g;
  for (const match of code.matchAll(pattern)) {
    const specifier = match[2] ?? match[4] ?? match[6] ?? match[8] ?? match[10];
    found.push([specifier, code.slice(0, match.index).split("\n").length]);
  }
  return found;
}

/** Comments as blanks, so that an import which an example shows is none. Strings stay. */
function withoutComments(text) {
  return text.replace(
    /("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`)|\/\*[\s\S]*?\*\/|(?<=^|[\s;{}(),])\/\/[^\n]*/g,
    (match, string) => string ?? match.replace(/[^\n]/g, " "),
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
      for (const [specifier, line] of specifiersOf(readFileSync(file, "utf8"))) {
        const report = (text) => problems.push(`${relative(root, file).split(sep).join("/")}:${line}: ${text}`);
        if (specifier.startsWith(".")) {
          const target = resolve(dirname(file), specifier);
          if (!target.startsWith(join(root, folder, "src") + sep)) {
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

/** The files that `entry` reaches by imports that still stand in compiled code: types are left out. */
export function reachableFrom(entry, resolvePackage = () => undefined) {
  const seen = new Set();
  const outside = [];
  const queue = [entry];
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (seen.has(file)) continue;
    seen.add(file);
    for (const [specifier] of specifiersOf(readFileSync(file, "utf8"))) {
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
