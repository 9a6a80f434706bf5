// npm run bench -- import [ROUNDS]: what importing an SDK costs on Node, in a process of its own
// each time: CPU time and time on the clock, in milliseconds, medians. Pintle as it is published.
// Rounds alternate, so that what else the machine does falls on all alike.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const subjects = ["nothing", "@pintle/sdk", "@rudderstack/rudder-sdk-node", "@segment/analytics-node", "posthog-node"];
const program = `
const cpu = process.cpuUsage();
const began = performance.now();
if (process.argv[2] !== "nothing") await import(process.argv[2]);
const clock = performance.now() - began;
const { user, system } = process.cpuUsage(cpu);
console.log(JSON.stringify({ cpu: (user + system) / 1000, clock }));
`;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  console.log(`${"".padEnd(32)}${"CPU".padStart(8)}${"clock".padStart(8)}`);
  for (const [name, { cpu, clock }] of await withPublished((folder) => importTimes(folder, process.argv[2]))) {
    console.log(name.padEnd(32) + [cpu, clock].map((time) => time.toFixed(1).padStart(8)).join(""));
  }
}

/**
 * Calls `use` with a folder into which Pintle is installed as it is published, and its peers; then
 * removes it.
 */
export async function withPublished(use) {
  const folder = mkdtempSync(join(tmpdir(), "pintle-import-"));
  try {
    const modules = join(folder, "node_modules");
    mkdirSync(join(modules, "@pintle"), { recursive: true });
    execFileSync(process.execPath, [join(root, "scripts", "stage.mjs"), join(folder, "staged")], { stdio: "ignore" });
    cpSync(join(folder, "staged"), join(modules, "@pintle"), { recursive: true });
    for (const name of ["@rudderstack", "@segment", "posthog-node"]) {
      symlinkSync(join(root, "bench", "node_modules", name), join(modules, name), "junction");
    }
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Medians of `rounds` by package, in milliseconds. */
export function importTimes(folder, rounds = 15) {
  writeFileSync(join(folder, "import.mjs"), program);
  const times = new Map(subjects.map((name) => [name, []]));
  for (let round = 0; round <= Number(rounds); round++) {
    for (const name of subjects) {
      const printed = execFileSync(process.execPath, [join(folder, "import.mjs"), name], { encoding: "utf8" });
      // The first round reads the files from the disk.
      if (round > 0) times.get(name).push(JSON.parse(printed));
    }
  }
  const of = (all, key) => median(all.map((each) => each[key]));
  return new Map([...times].map(([name, all]) => [name, { cpu: of(all, "cpu"), clock: of(all, "clock") }]));
}

function median(values) {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
}
