// npm run bench -- first-event: how long a newcomer waits. Clones the last commit of this
// repository into an empty folder, runs `npm start` there, and reports the time from the clone's
// first instant, and from that of `npm start`, to the first event at the destination. What npm has
// in its cache counts: `--cold` gives npm an empty one.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const repository = dirname(dirname(fileURLToPath(import.meta.url)));
const deadline = 300_000;
const cold = process.argv.includes("--cold");

const folder = mkdtempSync(join(tmpdir(), "pintle-first-event-"));
try {
  await main();
} finally {
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}

async function main() {
  const clone = join(folder, "pintle");
  const begun = performance.now();
  const cloned = spawnSync("git", ["clone", "--quiet", "--depth=1", `file://${repository}`, clone], {
    stdio: "inherit",
  });
  if (cloned.status !== 0) throw new Error(`git clone ended with ${cloned.status}`);
  const started = performance.now();

  const env = { ...process.env };
  // This process may be one of npm's own: the newcomer's npm knows nothing of that.
  for (const name of Object.keys(env)) if (/^npm_/i.test(name)) delete env[name];
  if (cold) env.npm_config_cache = join(folder, "npm-cache");
  const program = spawn("npm", ["start"], { cwd: clone, env, stdio: ["ignore", "pipe", "pipe"], detached: true });
  const ended = once(program, "close");
  let output = "";
  for (const stream of [program.stdout, program.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => {
      output += text;
    });
  }
  try {
    const event = await firstEvent(
      join(clone, "examples", "shop", "pintle-data", "events.jsonl"),
      program,
      () => output,
    );
    const now = performance.now();
    const what = [event.type, event.event ?? event.name].filter(Boolean).join(" ");
    console.log(`first event: ${what}, of ${event.userId ?? event.anonymousId}`);
    console.log(`npm cache                          ${cold ? "empty" : "as it was"}`);
    console.log(`npm start to the first event       ${seconds(now - started)}`);
    console.log(`git clone to the first event       ${seconds(now - begun)}`);
    for (const step of output.match(/^(?:install packages|build): .*$/gm) ?? []) console.log(`  of these, ${step}`);
  } finally {
    // The group: npm, and what it started. As Ctrl-C in a terminal.
    if (program.exitCode === null) process.kill(-program.pid, "SIGINT");
    const late = setTimeout(() => process.kill(-program.pid, "SIGKILL"), 30_000);
    await ended;
    clearTimeout(late);
  }
}

async function firstEvent(file, program, output) {
  for (const over = performance.now() + deadline; performance.now() < over; await pause(10)) {
    if (program.exitCode !== null)
      throw new Error(`npm start ended with ${program.exitCode}. It printed:\n${output()}`);
    let text = "";
    try {
      text = readFileSync(file, "utf8");
    } catch (error) {
      if (error.code !== "ENOENT") throw error;
    }
    const end = text.indexOf("\n");
    if (end >= 0) return JSON.parse(text.slice(0, end));
  }
  throw new Error(`no event in ${deadline / 1000} s. npm start printed:\n${output()}`);
}

function seconds(milliseconds) {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
