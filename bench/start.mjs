// npm run bench -- start [--rounds N] [--megabytes N]: from the command to `ready`, as compiled in
// this tree and as published (bundled), and how long the other commands take; each as a ratio to
// `node -e 0` in the same run, rows in turn, medians. And where the time of a start goes, by phase.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { stage } from "../scripts/stage.mjs";
import { fill, startPlane, writeConfig, writeJson } from "./start/folders.mjs";

const { values } = parseArgs({
  options: { rounds: { type: "string", default: "7" }, megabytes: { type: "string", default: "200" } },
});
const rounds = Number(values.rounds);
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = mkdtempSync(join(tmpdir(), "pintle-bench-start-"));
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];

try {
  await main();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function main() {
  const programs = {
    tree: join(root, "packages", "server", "bin", "pintle.js"),
    published: join(await install(join(folder, "installed")), "bin", "pintle.js"),
  };
  const nowhere = "http://127.0.0.1:9/";
  const filled = join(folder, "filled");
  await fill(programs.tree, filled, Number(values.megabytes) * 1e6);
  writeConfig(join(folder, "new"), nowhere);
  writeJson(join(folder, "json"), nowhere);
  writeConfig(join(folder, "changed"), nowhere, ", transform: (event) => ({ ...event, seen: true })");

  const rows = [["node -e 0", () => run(["-e", "0"])]];
  for (const [how, program] of Object.entries(programs)) {
    rows.push(
      [`${how}: start, new folder`, () => start(program, "new", true)],
      [`${how}: start, new folder, pintle.config.json`, () => start(program, "json", true)],
      [`${how}: start, a transformation`, () => start(program, "changed", true)],
      [`${how}: start, ${values.megabytes} MB of events`, () => start(program, "filled", false)],
      [`${how}: pintle --help`, () => run([program, "--help"])],
      [`${how}: pintle check`, () => run([program, "check"], join(folder, "new"))],
      [`${how}: pintle status`, () => status(program)],
    );
  }
  const times = rows.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [index, [, act]] of rows.entries()) times[index].push(await act());
  }
  const bare = median(times[0].map(({ milliseconds }) => milliseconds));
  console.table(
    rows.map(([what], index) => {
      const took = median(times[index].map(({ milliseconds }) => milliseconds));
      const phases = times[index].find(({ milliseconds }) => milliseconds === took)?.phases ?? {};
      return { what, ms: Math.round(took), "times node": (took / bare).toFixed(1), ...phases };
    }),
  );
}

/** The packages as they would be published, beside what they need; gives the folder of `pintle`. */
async function install(to) {
  const modules = join(to, "node_modules");
  mkdirSync(join(modules, "@pintle"), { recursive: true });
  for (const name of ["events", "log", "kit", "destinations"]) await stage(name, join(modules, "@pintle", name));
  await stage("server", join(modules, "pintle"));
  for (const name of ["zod", "jiti", "pino", "undici"])
    symlinkSync(join(root, "node_modules", name), join(modules, name));
  return join(modules, "pintle");
}

function run(args, cwd = folder) {
  const begun = performance.now();
  const { status: code, stderr } = spawnSync(process.execPath, args, { cwd, encoding: "utf8" });
  if (code !== 0) throw new Error(`${args.join(" ")} ended with ${code}: ${stderr}`);
  return { milliseconds: performance.now() - begun };
}

async function start(program, name, isNew) {
  const place = join(folder, name);
  if (isNew) rmSync(join(place, "pintle-data"), { recursive: true, force: true });
  const plane = await startPlane(program, place);
  return { milliseconds: plane.milliseconds, phases: await plane.end() };
}

/** The command while a data plane runs. */
async function status(program) {
  const place = join(folder, "new");
  const plane = await startPlane(program, place);
  // Its first answer loads what it answers with.
  const token = readFileSync(join(place, "pintle-data", "admin-token"), "utf8").trim();
  await (await fetch(`${plane.adminUrl}/status`, { headers: { authorization: `Bearer ${token}` } })).text();
  const took = run([program, "status"], place);
  await plane.end();
  return took;
}
