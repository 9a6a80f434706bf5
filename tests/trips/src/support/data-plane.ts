import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "./free-port.ts";
import { type Exit, Program } from "./program.ts";
import { type TempFolder, tempFolder } from "./temp-folder.ts";
import { onEvent, until, within } from "./until.ts";

/** The command that `npx pintle` runs. */
export const pintleCommand: string = fileURLToPath(new URL("../bin/pintle.js", import.meta.resolve("pintle")));

/** The configuration file's content; strings may be paths relative to the plane's folder. */
export interface DataPlaneConfig {
  readonly sources: readonly Record<string, unknown>[];
  readonly destinations: Readonly<Record<string, Record<string, unknown>>>;
}

/** A configuration as its files, by their names; one of them is `pintle.config.*`. */
export interface ConfigFiles {
  readonly files: ReadonlyMap<string, string>;
}

/**
 * `pintle start` as a child process, with its configuration and its data in a folder of its own and
 * on ports of its own, which it keeps through restarts.
 *
 * Is always either running (from `start` to `stop` or `kill`) or down. A plane that ends without
 * having been asked to is a failure: the next call rejects with what it printed. `await using` ends
 * the process and removes the folder, also when a test has failed.
 */
export class DataPlane implements AsyncDisposable {
  /** Where SDKs send to. */
  readonly url: string;
  /** The admin port's base URL. */
  readonly adminUrl: string;
  readonly #folder: TempFolder;
  readonly #ports: Ports;
  readonly #env: Environment;
  #running: Program | undefined;
  #earlier = "";

  private constructor(folder: TempFolder, ports: Ports, env: Environment, running: Program) {
    this.#folder = folder;
    this.#ports = ports;
    this.#env = env;
    this.#running = running;
    this.url = `http://127.0.0.1:${ports.port}`;
    this.adminUrl = `http://127.0.0.1:${ports.adminPort}`;
  }

  /** Starts a data plane; resolves when it has said that it is ready. */
  static async start(config: DataPlaneConfig | ConfigFiles, env: Environment = {}): Promise<DataPlane> {
    const folder = await tempFolder("plane");
    try {
      const json = (): ConfigFiles["files"] => new Map([["pintle.config.json", JSON.stringify(config, null, 2)]]);
      for (const [name, content] of "files" in config ? config.files : json()) {
        await writeFile(join(folder.path, name), content);
      }
      await mkdir(join(folder.path, "data"), { mode: 0o700 });
      for (let attempt = 1; ; attempt++) {
        const ports = { port: await freePort(), adminPort: await freePort() };
        try {
          return new DataPlane(folder, ports, env, await run(folder.path, ports, env));
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
    return this.#earlier + (this.#running?.output ?? "");
  }

  get pid(): number {
    return this.#expectRunning().child.pid!;
  }

  /** Resolves with how the process that runs now ends. */
  get ended(): Promise<Exit> {
    return this.#expectRunning().ended;
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
    this.#running = await run(this.#folder.path, this.#ports, this.#env);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.#running?.[Symbol.asyncDispose]();
    } finally {
      await this.#folder.remove();
    }
  }

  #expectRunning(): Program {
    if (this.#running === undefined) throw new Error("the data plane is down");
    return this.#running;
  }

  async #end(signal: NodeJS.Signals, deadline: number): Promise<Exit> {
    const running = this.#expectRunning();
    if (running.hasEnded) throw new Error(`the data plane had ended by itself. It printed:\n${running.output}`);
    running.child.kill(signal);
    try {
      return await within(`the data plane to end after ${signal}`, deadline, running.ended);
    } catch (error) {
      await running[Symbol.asyncDispose]();
      throw new Error(`${(error as Error).message}. It printed:\n${running.output}`);
    } finally {
      this.#earlier += running.output;
      this.#running = undefined;
    }
  }
}

type Environment = Readonly<Record<string, string>>;

interface Ports {
  readonly port: number;
  readonly adminPort: number;
}

async function run(folder: string, { port, adminPort }: Ports, env: Environment): Promise<Program> {
  const args = ["start", "--data", "data"];
  args.push("--port", String(port), "--admin-port", String(adminPort));
  const program = new Program(process.execPath, [pintleCommand, ...args], { cwd: folder, env });
  const { child } = program;
  const isReady = (): boolean => /^ready$/m.test(program.stdout);
  try {
    await until("the data plane to say that it is ready", () => isReady() || program.hasEnded, {
      hints: [onEvent(child.stdout, "data"), onEvent(child, "close")],
      deadline: 60_000,
      state: () => program.output,
    });
    if (!isReady()) throw new Error(`the data plane ended before it was ready. It printed:\n${program.output}`);
    return program;
  } catch (error) {
    await program[Symbol.asyncDispose]();
    throw error;
  }
}
