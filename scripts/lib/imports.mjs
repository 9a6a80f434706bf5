// The import rules that no library checks for us: which package may import which, and no circle of
// files or folders. That imports resolve, stay within a package and name its exports is
// TypeScript's to check; that dependencies are declared, Biome's.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { parseSync } from "oxc-parser";
import { circles } from "./circles.mjs";

/**
 * Each package, by its folder, with the packages that it may import. Imports point down this list
 * only.
 */
const allowed = {
  "packages/events": [],
  "packages/log": [],
  "packages/sdk": ["@pintle/events", "@pintle/log"],
  "packages/kit": ["@pintle/events"],
  "packages/destinations": ["@pintle/events", "@pintle/kit"],
  "packages/server": ["@pintle/events", "@pintle/log", "@pintle/kit", "@pintle/destinations"],
};

/** Each violation of the rules in the tree under `root`, on a line of its own. */
export function importProblems(root) {
  const packages = Object.keys(allowed)
    .filter((folder) => existsSync(join(root, folder, "package.json")))
    .map((folder) => ({ folder, name: JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8")).name }));
  const ours = new Set(packages.map(({ name }) => name));
  return packages.flatMap(({ folder, name }) => {
    const source = join(root, folder, "src");
    const problems = [];
    const edges = [];
    for (const file of sourcesIn(source)) {
      for (const specifier of specifiersOf(file, readFileSync(file, "utf8"))) {
        if (specifier.startsWith(".")) {
          edges.push([file, resolve(dirname(file), specifier)].map((path) => slashed(relative(source, path))));
          continue;
        }
        const other = packageOf(specifier);
        const report = (text) => problems.push(`${slashed(relative(root, file))}: ${text}`);
        if (other === name) report(`${specifier} is this package: import the file`);
        else if (ours.has(other) && !allowed[folder].includes(other))
          report(`${name} may not import ${other}: imports point down only`);
      }
    }
    return [...problems, ...circleProblems(`${folder}/src`, edges)];
  });
}

/** The imports of a TypeScript or JavaScript module, types included. */
export function specifiersOf(file, text) {
  const { module } = parseSync(file, text);
  const dynamic = module.dynamicImports.map(({ moduleRequest: { start, end } }) => text.slice(start, end));
  return [
    ...module.staticImports.map(({ moduleRequest }) => moduleRequest.value),
    ...module.staticExports.flatMap(({ entries }) =>
      entries.flatMap(({ moduleRequest }) => moduleRequest?.value ?? []),
    ),
    // A specifier computed at run time cannot be resolved here.
    ...dynamic.flatMap((argument) => /^(["'])(.*)\1$/.exec(argument)?.[2] ?? []),
  ];
}

/**
 * Circles of files, and at each level circles of folders beside each other: the imports of a folder
 * are those of all files in it. A folder's tests may import what they like, and so may the files
 * beside a folder, which put it to use.
 */
function circleProblems(place, edges) {
  const ofFiles = circles(edges).map((circle) => `${place}: circle of files: ${circle.join(" -> ")}`);
  const levels = new Map();
  for (const [from, to] of edges.filter(([from]) => !from.includes(".test."))) {
    const [left, right] = [from.split("/"), to.split("/")];
    const depth = left.findIndex((part, at) => part !== right[at]);
    if (depth < 0 || depth >= left.length - 1 || depth >= right.length - 1) continue;
    const level = [place, ...left.slice(0, depth)].join("/");
    levels.set(level, [...(levels.get(level) ?? []), [left[depth], right[depth]]]);
  }
  const ofFolders = [...levels].flatMap(([level, arrows]) =>
    circles(arrows).map((circle) => `${level}: circle of folders: ${circle.join(" -> ")}`),
  );
  return [...ofFiles, ...ofFolders];
}

function packageOf(specifier) {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

function sourcesIn(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true })
    .filter((file) => /\.[cm]?ts$/.test(file))
    .map((file) => join(folder, file));
}

function slashed(path) {
  return path.split(sep).join("/");
}
