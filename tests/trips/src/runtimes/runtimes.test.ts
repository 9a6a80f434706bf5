/** The SDK as it is published, on every runtime, against a data plane in another process. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { FakeDataPlane } from "@pintle/sdk/testing";
import { build } from "esbuild";
import { freePort } from "../support/free-port.ts";
import { type NeedAnswer, need } from "../support/need.ts";
import { copySources, installPacked } from "../support/packed.ts";
import { Program, runProgram } from "../support/program.ts";
import { type TempFolder, tempFolder } from "../support/temp-folder.ts";
import { until } from "../support/until.ts";
import { ControlledDataPlane } from "./controlled-data-plane.ts";

interface Result {
  readonly name: string;
  readonly error: string | null;
}

const modules = fileURLToPath(new URL("../../../runtimes/node_modules", import.meta.url));
const denoArgs = [
  "run",
  "--allow-net",
  "--allow-env",
  "--allow-read",
  "--allow-write",
  "--allow-sys",
  "--node-modules-dir=manual",
  "--no-lock",
];
const entries = 8;

const runtimes: readonly { name: string; program: string; args: readonly string[] }[] = [
  { name: `Node ${process.versions.node}`, program: process.execPath, args: [] },
  { name: "Node 22", program: join(modules, "node-22", "bin", "node"), args: [] },
  { name: "Node 24", program: join(modules, "node-24", "bin", "node"), args: [] },
  { name: "Bun", program: join(modules, "@oven", "bun-linux-x64", "bin", "bun"), args: ["run", "--no-install"] },
  { name: "Deno", program: join(modules, "@deno", "linux-x64-glibc", "deno"), args: denoArgs },
];
const workerd = join(modules, "@cloudflare", "workerd-linux-64", "bin", "workerd");

function needRuntime(name: string, program: string): NeedAnswer {
  return need(name, { found: existsSync(program), install: ".ci/install.sh runtimes" });
}

// They wait for retries most of the time.
describe("runtimes", { concurrency: 4 }, () => {
  let folder: TempFolder;
  let sources: string;

  before(async () => {
    folder = await tempFolder("runtimes");
    await installPacked(folder.path);
    sources = join(folder.path, "tests", "runtimes");
    await mkdir(sources, { recursive: true });
    await copySources("tests/runtimes", sources);
    await mkdir(join(folder.path, "examples", "apps"), { recursive: true });
    await copySources("examples/apps", join(folder.path, "examples", "apps"));
  });

  after(() => folder?.remove());

  for (const { name, program, args } of runtimes) {
    test(name, needRuntime(name, program), async () => {
      await using controlled = await ControlledDataPlane.start();
      const env = { DENO_DIR: join(folder.path, "deno"), DENO_NO_UPDATE_CHECK: "1" };
      const run = (file: string, ...more: string[]): Promise<string> =>
        runProgram(program, [...args, join(sources, file), ...more], { env, cwd: sources });
      const output = await run("program.mjs", controlled.controlUrl);
      check(JSON.parse(output) as Result[]);
      assert.deepEqual(JSON.parse(await run("require.cjs")), Array(entries).fill("object").with(5, "function"));
    });
  }

  for (const { name, program, args } of runtimes) {
    test(
      `${name}: SIGTERM loses nothing, and looking for it keeps no program alive`,
      needRuntime(name, program),
      async () => {
        await using plane = await FakeDataPlane.start();
        const env = { DENO_DIR: join(folder.path, "deno"), DENO_NO_UPDATE_CHECK: "1" };
        const given = [...args, join(sources, "terminated.mjs"), plane.url];
        await using running = new Program(program, given, { env, cwd: sources });
        await until("the queue", () => running.stdout.includes("queued"), { state: () => running.output });
        running.child.kill("SIGTERM");
        assert.deepEqual([await running.ended, running.stderr], [{ code: null, signal: "SIGTERM" }, ""]);
        assert.equal(plane.messages.length, 20);
        await runProgram(program, [...given, "ends"], { env, cwd: sources });
        assert.equal(plane.messages.length, 40);
      },
    );
  }

  for (const flags of [["nodejs_compat"], []]) {
    const how = flags.length === 0 ? "without compatibility with Node" : "with nodejs_compat";
    test(`workerd, ${how}`, needRuntime("workerd", workerd), async () => {
      await using controlled = await ControlledDataPlane.start();
      const site = join(folder.path, `workerd-${flags.length}`);
      await mkdir(site);
      const bundle = join(site, "bundle.mjs");
      await build({
        entryPoints: [join(sources, "worker.mjs")],
        outfile: bundle,
        bundle: true,
        format: "esm",
        target: "es2022",
        platform: "neutral",
        conditions: ["workerd", "worker", "browser"],
        logLevel: "silent",
      });
      const port = await freePort();
      await writeFile(join(site, "config.capnp"), configOf(port, flags));
      await using server = new Program(workerd, ["serve", "config.capnp"], { cwd: site });
      const url = `http://127.0.0.1:${port}`;
      const report = await until(
        "an answer of the worker",
        async () => {
          if (server.hasEnded) throw new Error(`workerd has ended: ${server.output}`);
          const answer = await fetch(`${url}/?control=${encodeURIComponent(controlled.controlUrl)}`).catch(
            () => undefined,
          );
          return answer === undefined ? undefined : answer.text();
        },
        { state: () => server.output },
      );
      assert.match(report, /^\{/, `${report}\n${server.output}`);
      const { hadProcess, results } = JSON.parse(report) as { hadProcess: boolean; results: Result[] };
      assert.equal(hadProcess, flags.length > 0);
      // Without AsyncLocalStorage a scope is synchronous; everything else holds.
      check(results.filter(({ name }) => name !== "scope" || flags.length > 0));

      // The example of a worker, and what it has given to waitUntil.
      const body = JSON.stringify({ userId: "1", orderId: "o-1" });
      const headers = { "User-Agent": "agent/1" };
      const answer = await fetch(url, { method: "POST", body, headers });
      assert.equal(answer.status, 201);
      await until("the example's event", () =>
        controlled.plane.messages.some(({ event, context }) => {
          const { userAgent } = context as { userAgent?: string };
          return event === "Order Completed" && userAgent === "agent/1";
        }),
      );

      function configOf(listenOn: number, compatibilityFlags: readonly string[]): string {
        return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "internet", network = (allow = ["private", "public", "local"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${listenOn}", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  modules = [(name = "worker", esModule = embed "bundle.mjs")],
  bindings = [
    (name = "WRITE_KEY", text = "wk_example"),
    (name = "DATA_PLANE_URL", text = "${controlled.plane.url}"),
  ],
  compatibilityDate = "${compatibilityFlags.length === 0 ? "2024-01-01" : "2026-11-01"}",
  compatibilityFlags = ${JSON.stringify(compatibilityFlags)},
);
`;
      }
    });
  }
});

function check(results: readonly Result[]): void {
  assert.ok(results.length >= 11, `${results.length} checks`);
  const failed = results.filter(({ error }) => error !== null);
  assert.deepEqual(failed, [], failed.map(({ name, error }) => `${name}: ${error}`).join("\n"));
}
