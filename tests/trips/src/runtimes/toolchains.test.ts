/**
 * The SDK as it is published, through the tools that programs are compiled, bundled and tested
 * with.
 */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { cp, mkdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { FakeDataPlane } from "@pintle/sdk/testing";
import { freePort } from "../support/free-port.ts";
import { need } from "../support/need.ts";
import { needPackages } from "../support/packages.ts";
import { copySources, installPacked } from "../support/packed.ts";
import { Program, runProgram } from "../support/program.ts";
import { type TempFolder, tempFolder } from "../support/temp-folder.ts";
import { until } from "../support/until.ts";

const runtimes = fileURLToPath(new URL("../../../runtimes", import.meta.url));
const toolchains = join(runtimes, "toolchains");
const apps = fileURLToPath(new URL("../../../../examples/apps", import.meta.url));

const nodes: readonly (readonly [version: string, program: string])[] = [
  ["20", process.execPath],
  ...["22", "24", "26"].map(
    (version) => [version, join(runtimes, "node_modules", `node-${version}`, "bin", "node")] as const,
  ),
];

type Settings = Readonly<Record<string, unknown>>;

const strict: Settings = {
  noEmit: true,
  strict: true,
  skipLibCheck: false,
  types: [],
  target: "es2022",
  lib: ["es2022"],
  esModuleInterop: true,
};
// Called `node` before 5.0, and understood by that name ever since.
const node10: Settings = { module: "commonjs", moduleResolution: "node" };
const node16: Settings = { module: "node16", moduleResolution: "node16" };
const nodeNext: Settings = { module: "nodenext", moduleResolution: "nodenext" };
const bundler: Settings = { module: "esnext", moduleResolution: "bundler" };

/** What every program of tests/runtimes/toolchains sends. */
const sent = ["Plain", "Durable", "Shim"];

describe("toolchains", { concurrency: 2 }, () => {
  let folder: TempFolder;

  before(async () => {
    folder = await tempFolder("toolchains");
    await installPacked(folder.path);
    for (const file of ["shop.cjs", "shop.mjs", "formats.mjs", "browser.cjs"]) {
      await cp(join(toolchains, file), join(folder.path, file));
    }
    await writeFile(join(folder.path, "package.json"), '{ "name": "shop", "private": true }\n');
  });

  after(() => folder?.remove());

  /** A folder beside the others, with the packed SDK, and links to packages of a toolchain. */
  async function project(name: string, toolchain?: string, packages: readonly string[] = []): Promise<string> {
    const path = join(folder.path, name);
    await mkdir(join(path, "node_modules"), { recursive: true });
    await cp(join(folder.path, "node_modules", "@pintle"), join(path, "node_modules", "@pintle"), { recursive: true });
    await cp(join(folder.path, "package.json"), join(path, "package.json"));
    for (const each of packages) {
      const link = join(path, "node_modules", each);
      await mkdir(join(link, ".."), { recursive: true });
      await symlink(join(toolchains, toolchain!, "node_modules", each), link, "junction");
    }
    return path;
  }

  for (const [version, node] of nodes) {
    const needNode = need(`Node ${version}`, { found: existsSync(node), install: ".ci/install.sh runtimes" });

    test(`Node ${version}: both formats, alone and in one program`, needNode, async () => {
      await using plane = await FakeDataPlane.start();
      await runProgram(node, [join(folder.path, "formats.mjs")]);
      for (const file of ["shop.cjs", "shop.mjs"]) {
        await runProgram(node, [join(folder.path, file), plane.url], { cwd: folder.path });
      }
      assert.deepEqual(
        plane.messages.map(({ event }) => event),
        [...sent, ...sent],
      );
    });

    for (const jest of ["jest-29", "jest-30"] as const) {
      const name = `${jest}, Node ${version}`;
      const needJest = needNode.skip === false ? needPackages(`tests/runtimes/toolchains/${jest}`) : needNode;
      test(`${name}: CommonJS without any configuration, TypeScript by ts-jest and by swc`, needJest, async () => {
        const packages = ["jest", "ts-jest", "typescript", "@swc/core", "@swc/jest", "@types/jest", "@types/node"];
        const path = await project(name, jest, packages);
        await copySources("tests/runtimes/toolchains/jest", path);
        const run = (...args: string[]): Promise<string> =>
          runProgram(node, [join(toolchains, jest, "node_modules", "jest", "bin", "jest.js"), "--ci", ...args], {
            cwd: path,
            env: { NODE_OPTIONS: "", CI: "true" },
            deadline: 240_000,
          });
        await run("--config", "jest.config.cjs", "--no-cache");
        await rename(join(path, "jest.config.cjs"), join(path, "unused.cjs"));
        await run("plain.test.js", "timers.test.js");
      });
    }
  }

  const needVitest = needPackages("tests/runtimes/toolchains/vitest");
  test("Vitest, with its fake timers", needVitest, async () => {
    const path = await project("vitest", "vitest", ["vitest"]);
    await cp(join(toolchains, "vitest", "timers.test.mjs"), join(path, "timers.test.mjs"));
    const vitest = join(toolchains, "vitest", "node_modules", "vitest", "vitest.mjs");
    for (const pool of ["forks", "threads"]) {
      const args = [vitest, "run", "--root", path, "--pool", pool, "--no-cache"];
      await runProgram(process.execPath, args, { cwd: path, env: { NODE_OPTIONS: "", CI: "true" }, deadline: 240_000 });
    }
  });

  const compilers: readonly (readonly [version: string, settings: readonly Settings[]])[] = [
    ["4.9", [node10, node16, nodeNext]],
    ["5.0", [node10, node16, nodeNext, bundler]],
    ["5.4", [node10, node16, nodeNext, bundler]],
    ["5.9", [node10, node16, nodeNext, bundler]],
    ["6.0", [{ ...node10, ignoreDeprecations: "6.0" }, node16, nodeNext, bundler]],
    ["7.0", [node16, nodeNext, bundler]],
  ];
  for (const [version, settings] of compilers) {
    const needCompiler = needPackages("tests/runtimes/toolchains/typescript");
    test(
      `TypeScript ${version}: every way to resolve, from either format, without types of Node`,
      needCompiler,
      async () => {
        const path = await project(`typescript ${version}`);
        for (const each of settings) {
          for (const type of ["commonjs", "module"]) {
            await writeFile(join(path, "package.json"), JSON.stringify({ name: "shop", private: true, type }));
            for (const file of ["program.ts", "whole.cts"]) await cp(join(toolchains, file), join(path, file));
            const compilerOptions = { ...strict, ...each, exactOptionalPropertyTypes: type === "module" };
            const files = each.module === "esnext" ? ["program.ts"] : ["program.ts", "whole.cts"];
            await writeFile(join(path, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));
            const compiler = join(toolchains, "typescript", "node_modules", `typescript-${version}`, "bin", "tsc");
            await runProgram(process.execPath, [compiler, "-p", path]);
          }
        }
      },
    );
  }

  for (const name of ["esbuild", "webpack", "rollup", "vite", "tsup"]) {
    for (const file of ["shop.cjs", "shop.mjs"]) {
      bundled(name, file, sent);
    }
  }
  for (const name of ["esbuild-web", "webpack-web"]) {
    bundled(name, "browser.cjs", ["Browser"]);
  }

  test("next: import and require in one server, built for production", needPackages("examples/apps"), async () => {
    await using plane = await FakeDataPlane.start();
    // Where Next.js finds itself: it takes no links to packages elsewhere.
    const path = join(apps, ".packed");
    const next = join(apps, "node_modules", "next", "dist", "bin", "next");
    const env = { NEXT_TELEMETRY_DISABLED: "1" };
    try {
      await copySources("tests/runtimes/toolchains/next", await project("next"));
      await cp(join(folder.path, "next"), path, { recursive: true });
      await runProgram(process.execPath, [next, "build", path], { env, deadline: 240_000 });
      const port = await freePort();
      await using app = new Program(process.execPath, [next, "start", path, "-p", String(port), "-H", "127.0.0.1"], {
        env,
      });
      await until("the server", () => app.output.includes("Ready in"), { state: () => app.output });
      const body = JSON.stringify({ url: plane.url });
      const answer = await fetch(`http://127.0.0.1:${port}/orders`, { method: "POST", body });
      assert.deepEqual(await answer.json(), { shim: "function", refused: true });
      assert.deepEqual(
        plane.messages.map(({ event }) => event),
        ["Plain", "Shim", "Required"],
      );
    } finally {
      await rm(path, { recursive: true, force: true });
    }
  });

  /** Bundles without a warning, and runs the bundle in a folder without packages. */
  function bundled(name: string, file: string, events: readonly string[]): void {
    test(`${name}: ${file}`, needPackages("tests/runtimes/toolchains/bundlers"), async () => {
      await using plane = await FakeDataPlane.start();
      await using empty = await tempFolder("bundle");
      const program = join(toolchains, "bundlers", "bundle.mjs");
      await runProgram(process.execPath, [program, name, join(folder.path, file), join(empty.path, file)]);
      await runProgram(process.execPath, [join(empty.path, file), plane.url], { cwd: empty.path });
      assert.deepEqual(
        plane.messages.map(({ event }) => event),
        events,
      );
    });
  }
});
