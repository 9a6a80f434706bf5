// Bundlers cut what several entries share into one chunk for each set of them. Node takes 0.4 ms of
// processor time to find, read and link a module, so what one entry always loads is put together
// again, into one module, which the others import, too.
import { dirname, join, relative } from "node:path";
import { build } from "esbuild";

/**
 * The outputs of a build with code splitting, with all chunks that `entry` loads at its start as
 * one.
 *
 * @param outputs text by path, source maps included, of a build by esbuild that has not shortened
 * names
 * @param imports of each output, and what it exports: `outputs` of the metafile, by the same paths
 * @param options of the build that are about its syntax
 */
export async function mergeChunks(outputs, metafile, entry, options) {
  const chunks = chunksOf(metafile, entry);
  if (chunks.length < 2) return outputs;
  const merged = join(dirname(chunks[0]), "core.js");
  // A name may be one of several chunks.
  const alias = (name, chunk) => `${name}_${chunks.indexOf(chunk)}`;
  const lines = chunks.map((chunk) => {
    const names = metafile[chunk].exports.map((name) => `${name} as ${alias(name, chunk)}`);
    return `export { ${names.join(", ")} } from ${JSON.stringify(`./${relative(dirname(merged), chunk)}`)};`;
  });
  const { outputFiles } = await build({
    ...options,
    stdin: { contents: lines.join("\n"), resolveDir: dirname(merged), sourcefile: merged },
    outfile: merged,
    bundle: true,
    splitting: false,
    plugins: [inMemory(outputs)],
  });
  const kept = [...outputs].filter(([path]) => !chunks.includes(path.replace(/\.map$/, "")));
  return new Map([
    ...kept.map(([path, text]) => [path, path.endsWith(".js") ? redirect(path, text) : text]),
    ...outputFiles.map(({ path, text }) => [path, text]),
  ]);

  /** Imports of what has been merged, line by line, so that source maps stay right. */
  function redirect(path, text) {
    return text.replaceAll(/^import (?:\{([^}]*)\} from )?"(\.[^"]*)";/gm, (statement, names, from) => {
      const chunk = join(dirname(path), from);
      if (!chunks.includes(chunk)) return statement;
      const to = relative(dirname(path), merged);
      const renamed = names?.replaceAll(
        /(\w+)( as \w+)?/g,
        (_, name, as) => `${alias(name, chunk)}${as ?? ` as ${name}`}`,
      );
      const list = renamed === undefined ? "" : `{${renamed}} from `;
      return `import ${list}${JSON.stringify(to.startsWith(".") ? to : `./${to}`)};`;
    });
  }
}

/** What is loaded at the start, but for the entry itself. */
function chunksOf(metafile, entry) {
  const found = new Set([entry]);
  for (const path of found) {
    for (const { path: next, kind } of metafile[path].imports)
      if (kind === "import-statement" && next in metafile) found.add(next);
  }
  return [...found].filter((path) => path !== entry).sort();
}

/** Reads outputs that are not written. What is imported later stays a file of its own. */
function inMemory(outputs) {
  return {
    name: "in-memory",
    setup(building) {
      building.onResolve({ filter: /^\./ }, ({ path, importer, resolveDir, kind }) => {
        if (kind === "dynamic-import") return { path, external: true };
        return { path: join(importer === "" ? resolveDir : dirname(importer), path), namespace: "output" };
      });
      building.onLoad({ filter: /./, namespace: "output" }, ({ path }) => {
        const map = inlineMap(outputs.get(`${path}.map`));
        return { contents: outputs.get(path).replace(/\/\/# sourceMappingURL=.*\n$/, map), resolveDir: dirname(path) };
      });
    },
  };
}

/** The line that ends a text with its source map. */
export function inlineMap(map) {
  return `//# sourceMappingURL=data:application/json;base64,${Buffer.from(map).toString("base64")}\n`;
}
