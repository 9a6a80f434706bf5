// Bundlers cut what several entries share into one chunk for each set of them. Node takes 0.4 ms of
// processor time to find, read and link a module, so what one entry always loads is put together
// again, into one module, which the others import, too.
import { dirname, join, relative } from "node:path";
import { build } from "esbuild";

/**
 * The outputs of a build with code splitting, with the chunks that `entry` loads at its start as
 * two modules: `core.js`, of which what is loaded later needs a part as well, and `main.js`, the
 * rest. (One module would import what imports it, of which bundlers warn.)
 *
 * @param outputs text by path, source maps included, of a build by esbuild that has not shortened
 * names
 * @param metafile imports and exports of each output, by the same paths
 * @param options of the build that are about its syntax
 */
export async function mergeChunks(outputs, metafile, entry, options) {
  const chunks = reachedFrom([entry], metafile).filter((path) => path !== entry);
  const later = Object.values(metafile).flatMap(({ imports }) =>
    imports.filter(({ kind, path }) => kind === "dynamic-import" && path in metafile).map(({ path }) => path),
  );
  const shared = reachedFrom(later, metafile);
  const core = chunks.filter((chunk) => shared.includes(chunk));
  const main = chunks.filter((chunk) => !shared.includes(chunk));
  return merge(await merge(outputs, metafile, core, "core.js", options), metafile, main, "main.js", options);
}

async function merge(outputs, metafile, chunks, name, options) {
  if (chunks.length < 2) return outputs;
  const merged = join(dirname(chunks[0]), name);
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
    plugins: [inMemory(outputs, chunks)],
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

/** The outputs that these load at their start, themselves included. */
function reachedFrom(outputs, metafile) {
  const found = new Set(outputs);
  for (const path of found) {
    for (const { path: next, kind } of metafile[path].imports)
      if (kind === "import-statement" && next in metafile) found.add(next);
  }
  return [...found].sort();
}

/** Reads outputs that are not written. What is no part of the module stays a file of its own. */
function inMemory(outputs, chunks) {
  return {
    name: "in-memory",
    setup(building) {
      building.onResolve({ filter: /^\./ }, ({ path, importer, resolveDir }) => {
        const full = join(importer === "" || !chunks.includes(importer) ? resolveDir : dirname(importer), path);
        return chunks.includes(full) ? { path: full, namespace: "output" } : { path, external: true };
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
