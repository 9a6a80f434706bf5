// One program with one SDK, and its data plane on the other core.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));

/** Whether processes can be kept on a core of their own. */
export const hasCores = availableParallelism() > 1 && spawnSync("taskset", ["-c", "1", "true"]).status === 0;

/**
 * Builds the program with the SDK for Go into `folder`; undefined where that cannot be done, with a
 * line that says why.
 */
export function buildGo(folder) {
  const program = join(folder, "go-sdk");
  try {
    execFileSync("go", ["build", "-o", program, "."], { cwd: join(here, "go"), encoding: "utf8", stdio: "pipe" });
    return program;
  } catch (error) {
    const why = error.code === "ENOENT" ? "go is not installed" : String(error.stderr || error.message).trim();
    console.error(`THE COLUMN OF THE GO SDK IS LEFT OUT: ${why}`);
    return undefined;
  }
}

/**
 * Runs `task` (see subject.mjs) of the SDK `name`.
 *
 * @param state what the data plane is; `absent`: nobody listens
 * @param program of the SDK for Go
 * @param profile a folder for --cpu-prof
 * @returns the figures of the program, and those of its data plane
 */
export async function run({ name, task, count, seconds, state = "well", options = {}, program, profile }) {
  const server =
    state === "absent"
      ? undefined
      : onCore(1, process.execPath, [join(here, "server.mjs"), state], ["ignore", "ignore", "inherit", "ipc"]);
  try {
    // Port 9 is for discarding, and nobody does.
    const port = server === undefined ? 9 : (await once(server, "message"))[0].port;
    const args = [task, `http://127.0.0.1:${port}`, String(count), String(seconds)];
    const result = await (program === undefined
      ? node([...args, name, JSON.stringify(options)], profile, seconds)
      : binary(program, args, seconds));
    if (server === undefined) return result;
    const told = once(server, "message");
    server.send("report");
    return { ...result, ...(await told)[0] };
  } finally {
    server?.kill();
  }
}

/** Three times what it was given is what closing may take, too. */
function limited(child, seconds) {
  return sleep(seconds * 3_000 + 10_000, undefined, { ref: false }).then(() => {
    child.kill("SIGKILL");
    throw new Error("took too long");
  });
}

async function node(args, profile, seconds) {
  const profiling = profile === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profile}`];
  const child = onCore(0, process.execPath, ["--expose-gc", ...profiling, join(here, "subject.mjs"), ...args]);
  // SDKs log what goes wrong, which here is much. Only the last of it is kept, for a program that
  // dies of it.
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (chunk) => {
    log = (log + chunk).slice(-1_000);
  });
  const exit = once(child, "exit");
  const died = exit.then(([code, signal]) => {
    throw new Error(`the program ended with ${code ?? signal}: ${log}`);
  });
  died.catch(() => {});
  const [result] = await Promise.race([once(child, "message"), died, limited(child, seconds)]);
  child.send("exit");
  await Promise.race([exit, limited(child, seconds)]);
  return result;
}

async function binary(program, args, seconds) {
  const child = onCore(0, program, args, ["ignore", "pipe", "inherit"]);
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (chunk) => {
    text += chunk;
  });
  const [code] = await Promise.race([once(child, "close"), limited(child, seconds)]);
  if (code !== 0) throw new Error(`the program ended with ${code}`);
  return JSON.parse(text);
}

function onCore(core, command, args, stdio = ["ignore", "ignore", "pipe", "ipc"]) {
  return hasCores
    ? spawn("taskset", ["-c", String(core), command, ...args], { stdio })
    : spawn(command, args, { stdio });
}
