import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "./free-port.ts";
import { type TempFolder, tempFolder } from "./temp-folder.ts";
import { within } from "./until.ts";

/** The command that `npx pintle` runs. */
const command = fileURLToPath(new URL("../bin/pintle.js", import.meta.resolve("pintle")));

/** The configuration file's content; strings may be paths relative to the plane's folder. */
export interface DataPlaneConfig {
  readonly sources: readonly Record<string, unknown>[];
  readonly destinations: Readonly<Record<string, Record<string, unknown>>>;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/**
 * `pintle start` as a child process, with its configuration and its data in a folder of its own and on ports of its own,
 * which it keeps through restarts.
 *
 * Is always either running (from `start` to `stop` or `kill`) or down. A plane that ends without having been asked to is a failure:
 * the next call rejects with what it printed. `await using` ends the process and removes the folder, also when a test has failed.
 */
export class DataPlane implements AsyncDisposable {
  /** Where SDKs send to. */
  readonly url: string;
  /** The admin port's base URL. */
  readonly adminUrl: string;
  readonly #folder: TempFolder;
  readonly #ports: Ports;
  #running: Running | undefined;
  #earlier = "";

  private constructor(folder: TempFolder, ports: Ports, running: Running) {
    this.#folder = folder;
    this.#ports = ports;
    this.#running = running;
    this.url = `http://127.0.0.1:${ports.port}`;
    this.adminUrl = `http://127.0.0.1:${ports.adminPort}`;
  }

  /** Starts a data plane; resolves when it has said that it is ready. */
  static async start(config: DataPlaneConfig): Promise<DataPlane> {
    const folder = await tempFolder("plane");
    try {
      await writeFile(join(folder.path, "pintle.config.json"), JSON.stringify(config, null, 2));
      await mkdir(join(folder.path, "data"), { mode: 0o700 });
      for (let attempt = 1; ; attempt++) {
        const ports = { port: await freePort(), adminPort: await freePort() };
        try {
          return new DataPlane(folder, ports, await run(folder.path, ports));
        } catch (error) {
          // Somebody else took the port between looking and listening.
          if (attempt === 3 || !/EADDRINUSE|in use/.test(String(error))) throw error;
        }
      }
    } catch (error) {
      await folder.remove();
      throw error;
    }
  }

  /** A path in the plane's folder, where its configuration file lies too. */
  path(...names: string[]): string {
    return join(this.#folder.path, ...names);
  }

  /** The folder with the plane's data. */
  get data(): string {
    return this.path("data");
  }

  /** Everything that the plane has printed, restarts included. */
  get output(): string {
    return this.#earlier + (this.#running?.output() ?? "");
  }

  get pid(): number {
    return this.#expectRunning().child.pid!;
  }

  /** Asks for a clean end by SIGTERM; resolves with how the process ended. */
  stop(deadline = 60_000): Promise<Exit> {
    return this.#end("SIGTERM", deadline);
  }

  /** Ends the process by SIGKILL, in whatever it was doing. */
  kill(): Promise<Exit> {
    return this.#end("SIGKILL", 60_000);
  }

  /** Starts again, after `stop` or `kill`, on the same folder and ports. */
  async restart(): Promise<void> {
    if (this.#running !== undefined) throw new Error("the data plane is running: stop or kill it before restart");
    this.#running = await run(this.#folder.path, this.#ports);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      const { child } = this.#running ?? {};
      if (child !== undefined && child.exitCode === null && child.signalCode === null) await this.kill();
    } finally {
      await this.#folder.remove();
    }
  }

  #expectRunning(): Running {
    if (this.#running === undefined) throw new Error("the data plane is down");
    return this.#running;
  }

  async #end(signal: NodeJS.Signals, deadline: number): Promise<Exit> {
    const { child, exited, output } = this.#expectRunning();
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new Error(
        `the data plane had ended by itself (${child.exitCode ?? child.signalCode}). It printed:\n${output()}`,
      );
    }
    child.kill(signal);
    let exit: Exit;
    try {
      exit = await within(`the data plane to end after ${signal}`, deadline, exited);
    } catch (error) {
      child.kill("SIGKILL");
      await exited;
      throw new Error(`${(error as Error).message}. It printed:\n${output()}`);
    }
    this.#earlier += output();
    this.#running = undefined;
    return exit;
  }
}

interface Ports {
  readonly port: number;
  readonly adminPort: number;
}

interface Running {
  readonly child: ChildProcess;
  readonly exited: Promise<Exit>;
  output(): string;
}

async function run(folder: string, { port, adminPort }: Ports): Promise<Running> {
  const args = ["start", "--config", "pintle.config.json", "--data", "data"];
  args.push("--port", String(port), "--admin-port", String(adminPort));
  const child = spawn(process.execPath, [command, ...args], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  // A test runner that gives up on this process must not leave the plane behind.
  const lastResort = (): void => void child.kill("SIGKILL");
  process.once("exit", lastResort);
  child.once("exit", () => process.off("exit", lastResort));
  let text = "";
  const exited = once(child, "close").then(([code, signal]): Exit => ({ code, signal }));
  const ready = new Promise<void>((resolve) => {
    const collect = (chunk: string): void => {
      text += chunk;
      if (/\bready\b/i.test(text)) resolve();
    };
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", collect);
  });
  const ended = exited.then(({ code, signal }): never => {
    throw new Error(`the data plane ended (${code ?? signal}) before it was ready. It printed:\n${text}`);
  });
  try {
    await within("the data plane to say that it is ready", 60_000, Promise.race([ready, ended]));
  } catch (error) {
    child.kill("SIGKILL");
    await exited;
    throw text === "" || /It printed/.test(String(error))
      ? error
      : new Error(`${(error as Error).message}. It printed:\n${text}`);
  }
  ended.catch(() => {}); // From here on the end of the process is read from `exited`.
  return { child, exited, output: () => text };
}
