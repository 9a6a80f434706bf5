// node bundle.mjs BUNDLER FROM TO: bundles the program FROM, and all that it uses, into the file
// TO, whose ending says in which format. BUNDLER-web does it for a browser. A warning is an error.
import { basename, dirname } from "node:path";

const [name, from, to] = process.argv.slice(2);
const isEsm = to.endsWith(".mjs");
const isWeb = name.endsWith("-web");

const bundlers = {
  async esbuild() {
    const { build } = await import("esbuild");
    const { warnings } = await build({
      entryPoints: [from],
      outfile: to,
      bundle: true,
      format: isEsm ? "esm" : "cjs",
      platform: isWeb ? "browser" : "node",
      logLevel: "error",
    });
    refuse(warnings);
  },

  async webpack() {
    const { default: webpack } = await import("webpack");
    const stats = await new Promise((resolve, reject) => {
      const options = {
        mode: "production",
        target: isWeb ? "web" : "node20",
        entry: from,
        output: {
          path: dirname(to),
          filename: basename(to),
          chunkFormat: isEsm ? "module" : "commonjs",
          ...(isEsm ? { module: true, library: { type: "module" } } : {}),
        },
        experiments: { outputModule: isEsm },
        optimization: { minimize: false },
      };
      webpack(options, (error, result) => (error ? reject(error) : resolve(result)));
    });
    const { errors, warnings } = stats.toJson();
    refuse([...errors, ...warnings]);
  },

  async rollup() {
    const { rollup } = await import("rollup");
    const { default: commonjs } = await import("@rollup/plugin-commonjs");
    const { default: nodeResolve } = await import("@rollup/plugin-node-resolve");
    const warnings = [];
    const bundle = await rollup({
      input: from,
      plugins: [nodeResolve({ preferBuiltins: true, exportConditions: ["node"] }), commonjs()],
      external: /^node:/,
      onwarn: (warning) => warnings.push(warning),
    });
    await bundle.write({ dir: dirname(to), entryFileNames: basename(to), format: isEsm ? "es" : "cjs" });
    await bundle.close();
    refuse(warnings);
  },

  async vite() {
    const { build } = await import("vite");
    const fileName = basename(to);
    await build({
      root: dirname(from),
      configFile: false,
      logLevel: "error",
      ssr: { noExternal: true },
      build: {
        ssr: from,
        outDir: dirname(to),
        emptyOutDir: false,
        rolldownOptions: { output: { format: isEsm ? "es" : "cjs", entryFileNames: fileName } },
      },
    });
  },

  async tsup() {
    const { build } = await import("tsup");
    await build({
      entry: { [basename(to).replace(/\.[cm]js$/, "")]: from },
      outDir: dirname(to),
      config: false,
      silent: true,
      format: isEsm ? "esm" : "cjs",
      outExtension: () => ({ js: isEsm ? ".mjs" : ".cjs" }),
      noExternal: [/.*/],
      target: "node20",
      splitting: false,
    });
  },
};

function refuse(problems) {
  if (problems.length === 0) return;
  for (const each of problems) console.error(each.message ?? each.text ?? each);
  process.exit(1);
}

await bundlers[name.replace("-web", "")]();
