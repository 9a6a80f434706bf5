// Finds what nobody uses: files that no entry, program or test reaches, exported values, dependencies.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { specifiersOf } from "./imports.mjs";

/** Code that nothing uses, one line each. */
export function unusedExports(root) {
  const { workspaces } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const folders = workspaces.flatMap((pattern) =>
    pattern.endsWith("/*")
      ? readdirSync(join(root, pattern.slice(0, -2))).map((name) => join(root, pattern.slice(0, -2), name))
      : [join(root, pattern)],
  );
  return folders.flatMap((folder) => unusedIn(folder)).map((problem) => relative(root, problem).split(sep).join("/"));
}

function unusedIn(folder) {
  const source = join(folder, "src");
  if (!existsSync(source)) return [];
  const files = new Map(
    readdirSync(source, { recursive: true })
      .filter((name) => name.endsWith(".ts"))
      .map((name) => [join(source, name), readFileSync(join(source, name), "utf8")]),
  );
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const entries = entriesOf(folder, manifest).filter((file) => files.has(file));
  const isTest = (file) => file.endsWith(".test.ts");
  // A workspace that exports nothing is made of programs: its files are run, not imported.
  const isProgram = manifest.exports === undefined && manifest.bin === undefined;

  const reached = new Set();
  const queue = [...entries, ...[...files.keys()].filter((file) => isTest(file) || isProgram)];
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (reached.has(file) || !files.has(file)) continue;
    reached.add(file);
    for (const [specifier] of specifiersOf(files.get(file))) {
      if (specifier.startsWith(".")) queue.push(resolve(dirname(file), specifier.replace(/\.js$/, ".ts")));
    }
  }
  const problems = [...files.keys()]
    .filter((file) => !reached.has(file))
    .map((file) => `${file}: no entry and no test reaches this file`);

  // All of a file that is passed on as a whole is for others.
  const passedOn = [...files].flatMap(([file, text]) =>
    [...text.matchAll(/^export \* from "(\.[^"]+)"/gm)].map(([, specifier]) => resolve(dirname(file), specifier)),
  );
  for (const [file, text] of files) {
    if (entries.includes(file) || passedOn.includes(file) || isTest(file)) continue;
    for (const [, name] of text.matchAll(
      /^export (?:declare )?(?:async )?(?:function\*?|class|const|let|abstract class) (\w+)/gm,
    )) {
      // Used in its own file only is no harm: tables of codes are exported for those who read them.
      const uses = [...files].reduce(
        (sum, [, other]) => sum + [...other.matchAll(new RegExp(`\\b${name}\\b`, "g"))].length,
        0,
      );
      if (uses === 1) problems.push(`${file}: nobody uses ${name}`);
    }
  }
  if (!isProgram) {
    const imported = [...files.values()].flatMap((text) => specifiersOf(text)).map(([specifier]) => specifier);
    for (const name of Object.keys(manifest.dependencies ?? {})) {
      const isUsed = imported.some((specifier) => specifier === name || specifier.startsWith(`${name}/`));
      if (!isUsed) problems.push(`${join(folder, "package.json")}: nothing imports the dependency ${name}`);
    }
  }
  return problems;
}

/** The sources of what `exports` and `bin` name. */
function entriesOf(folder, manifest) {
  const targets = JSON.stringify([manifest.exports ?? {}, manifest.bin ?? {}]).matchAll(/"(\.\/[^"]+\.js)"/g);
  return [...targets].flatMap(([, target]) => {
    if (target.startsWith("./dist/")) return [join(folder, target.replace("./dist/", "src/").replace(/\.js$/, ".ts"))];
    // A program that is not compiled itself: what it imports of `dist`.
    const program = join(folder, target);
    return specifiersOf(readFileSync(program, "utf8"))
      .filter(([specifier]) => specifier.startsWith("."))
      .map(([specifier]) =>
        resolve(dirname(program), specifier).replace(`${sep}dist${sep}`, `${sep}src${sep}`).replace(/\.js$/, ".ts"),
      );
  });
}
