import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** A code block of a page in docs/ that a reader may copy. */
export interface DocsSample {
  /** From the comment above the block: `<!-- sample: NAME -->`. */
  readonly name: string;
  readonly code: string;
  /** Line of the page on which the code begins, from 1. */
  readonly line: number;
}

const block = /^(?:<!-- sample: (?<name>[a-z-]+) -->\n)?```ts\n(?<code>[\s\S]*?)^```$/gm;

/**
 * The `ts` blocks of a page. Throws where one has no name or the name of another: no sample may go
 * untested.
 */
export function samplesIn(page: string): readonly DocsSample[] {
  const samples = [...page.matchAll(block)].map((match): DocsSample => {
    const { name, code = "" } = match.groups ?? {};
    const line = page.slice(0, match.index).split("\n").length + (name === undefined ? 1 : 2);
    if (name === undefined) throw new Error(`line ${line}: the sample has no name; put <!-- sample: NAME --> above it`);
    return { name, code, line };
  });
  const twice = samples.find(({ name }, i) => samples.findIndex((other) => other.name === name) !== i);
  if (twice !== undefined) throw new Error(`line ${twice.line}: there are two samples with the name ${twice.name}`);
  return samples;
}

/**
 * A sample as a program. One that uses `client` and makes none gets the one that the page has made
 * at its top.
 */
export function programOf({ code }: Pick<DocsSample, "code">): string {
  const names = `const { WRITE_KEY = "", DATA_PLANE_URL = "" } = process.env;\n`;
  if (/\b(?:const|using) client\b/.test(code) || !/\bclient\b/.test(code)) return `${names}${code}`;
  const client = `import { Pintle } from "@pintle/sdk";\nconst client = new Pintle(WRITE_KEY, DATA_PLANE_URL);\n`;
  return `${names}${client}${code}await client.close();\n`;
}

const compiler = fileURLToPath(new URL("bin/tsc", import.meta.resolve("typescript/package.json")));

/** What a reader with a strict project has. */
const compilerOptions = {
  target: "es2023",
  lib: ["es2023", "esnext.disposable"],
  module: "nodenext",
  types: ["node"],
  strict: true,
  exactOptionalPropertyTypes: true,
  noEmitOnError: true,
  outDir: "js",
};

/**
 * Compiles samples as a reader would, in a folder from which the workspace's packages are found.
 *
 * @param packages a folder `node_modules` with further ones, whose own types are not looked into
 */
export async function compileSamples(
  samples: readonly Pick<DocsSample, "name" | "code">[],
  { packages }: { readonly packages?: string } = {},
): Promise<CompiledSamples> {
  const folder = fileURLToPath(new URL(`../../dist/docs-samples-${process.pid}`, import.meta.url));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    await mkdir(folder, { recursive: true });
    const options = { ...compilerOptions, skipLibCheck: packages !== undefined };
    await writeFile(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions: options, include: ["*.ts"] }));
    if (packages !== undefined) await symlink(packages, join(folder, "node_modules"), "dir");
    for (const sample of samples) await writeFile(join(folder, `${sample.name}.ts`), programOf(sample));
    await promisify(execFile)(process.execPath, [compiler, "-p", folder]);
  } catch (error) {
    await remove();
    const { stdout = "" } = error as { stdout?: string };
    throw new Error(`the samples do not compile:\n${stdout}`, { cause: error });
  }
  return { run: (name, env) => runSample(join(folder, "js", `${name}.js`), env), [Symbol.asyncDispose]: remove };
}

export interface CompiledSamples extends AsyncDisposable {
  /** Runs a sample to its end. */
  run(name: string, env: Readonly<Record<string, string>>): Promise<{ code: number | null; output: string }>;
}

async function runSample(file: string, env: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, ["--unhandled-rejections=strict", file], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const lastResort = (): void => void child.kill("SIGKILL");
  process.once("exit", lastResort);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      output += chunk;
    });
  }
  const [code] = (await once(child, "close")) as [number | null];
  process.off("exit", lastResort);
  return { code, output };
}

export async function readPage(name: string): Promise<string> {
  return readFile(new URL(`../../../../docs/${name}`, import.meta.url), "utf8");
}
