import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { chown, mkdir } from "node:fs/promises";
import { delimiter, join } from "node:path";
import pg from "pg";
import { freePort } from "./free-port.ts";
import { type NeedAnswer, need } from "./need.ts";
import { type Exit, Program, runProgram } from "./program.ts";
import { type TempFolder, tempFolder } from "./temp-folder.ts";
import { onEvent, until, within } from "./until.ts";

/**
 * The folder with PostgreSQL's programs: on the PATH, or the newest one where Debian keeps them.
 */
function findPrograms(): string | undefined {
  const debian = "/usr/lib/postgresql";
  const versions = existsSync(debian) ? readdirSync(debian).sort((one, other) => Number(other) - Number(one)) : [];
  const folders = [
    ...versions.map((version) => join(debian, version, "bin")),
    ...(process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== ""),
  ];
  return folders.find((folder) => existsSync(join(folder, "initdb")) && existsSync(join(folder, "postgres")));
}

const programs = findPrograms();

export const needPostgres: NeedAnswer = need("PostgreSQL", {
  found: programs !== undefined && process.platform !== "win32",
  install: ".ci/install.sh postgres",
});

export interface ServerOptions {
  /** Settings of the server, over its defaults. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Files to put into the data folder, by name, before it starts. */
  readonly files?: (folder: string) => Promise<void>;
}

/**
 * A real PostgreSQL server with a folder and a port of its own, with its defaults (so with fsync).
 * Is always either running or down, as `DataPlane` is. `await using` ends it and removes the
 * folder.
 */
export class Postgres implements AsyncDisposable {
  readonly port: number;
  readonly #folder: TempFolder;
  readonly #settings: Readonly<Record<string, string>>;
  #running: Program | undefined;
  #databases = 0;

  private constructor(folder: TempFolder, port: number, settings: Readonly<Record<string, string>>) {
    this.#folder = folder;
    this.port = port;
    this.#settings = settings;
  }

  static async start({ settings = {}, files }: ServerOptions = {}): Promise<Postgres> {
    const folder = await tempFolder("postgres");
    try {
      const data = join(folder.path, "data");
      await mkdir(data, { mode: 0o700 });
      const user = serverUser();
      if (user !== undefined) for (const path of [folder.path, data]) await chown(path, user.uid, user.gid);
      const how = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"];
      await runProgram(...asServerUser("initdb", ["-D", data, ...how]), { cwd: folder.path });
      await files?.(data);
      const server = new Postgres(folder, await freePort(), settings);
      await server.#run();
      return server;
    } catch (error) {
      await folder.remove();
      throw error;
    }
  }

  /** A new, empty database. */
  async database(): Promise<Database> {
    const name = `test_${++this.#databases}`;
    await new Database(this.urlOf("postgres")).query(`CREATE DATABASE ${name}`);
    return new Database(this.urlOf(name));
  }

  urlOf(database: string, port: number = this.port): string {
    return `postgres://postgres@127.0.0.1:${port}/${database}`;
  }

  /** Ends the server and all its processes by SIGKILL, in whatever they were doing. */
  async kill(): Promise<void> {
    const running = this.#expectRunning();
    this.#running = undefined;
    const processes = [running.child.pid!, ...childrenOf(running.child.pid!)];
    for (const pid of processes) killIfThere(pid);
    await within("the end of PostgreSQL", 60_000, running.ended);
    // Its shared memory is in use until the last of them is gone.
    await until("the end of PostgreSQL's processes", () => !processes.some(isThere));
  }

  /** A clean end that waits for nobody. */
  async stop(): Promise<Exit> {
    const running = this.#expectRunning();
    this.#running = undefined;
    running.child.kill("SIGINT");
    return await within("the end of PostgreSQL", 60_000, running.ended);
  }

  /** Starts again, after `stop` or `kill`, on the same folder and port. */
  async restart(): Promise<void> {
    if (this.#running !== undefined) throw new Error("PostgreSQL is running: stop or kill it before restart");
    await this.#run();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      if (this.#running !== undefined) await this.kill();
    } finally {
      await this.#folder.remove();
    }
  }

  #expectRunning(): Program {
    if (this.#running === undefined) throw new Error("PostgreSQL is down");
    return this.#running;
  }

  async #run(): Promise<void> {
    const settings = {
      listen_addresses: "127.0.0.1",
      port: String(this.port),
      unix_socket_directories: this.#folder.path,
      ...this.#settings,
    };
    const list = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
    const data = join(this.#folder.path, "data");
    const program = new Program(...asServerUser("postgres", ["-D", data, ...list]), { cwd: this.#folder.path });
    const isReady = (): boolean => program.output.includes("database system is ready to accept connections");
    try {
      await until("PostgreSQL to be ready", () => isReady() || program.hasEnded, {
        hints: [onEvent(program.child.stderr, "data"), onEvent(program.child, "close")],
        deadline: 60_000,
        state: () => program.output,
      });
      if (!isReady()) throw new Error(`PostgreSQL ended before it was ready. It printed:\n${program.output}`);
    } catch (error) {
      await program[Symbol.asyncDispose]();
      throw error;
    }
    this.#running = program;
  }
}

/** A database, asked as its users ask it: by SQL, each time on a connection of its own. */
export class Database {
  readonly url: string;

  constructor(url: string) {
    this.url = url;
  }

  async query<Row extends object = Record<string, unknown>>(text: string, values: unknown[] = []): Promise<Row[]> {
    const client = new pg.Client({ connectionString: this.url });
    await client.connect();
    try {
      return (await client.query<Row>(text, values)).rows;
    } finally {
      await client.end();
    }
  }

  /** The only value of the only row. */
  async value<Value = unknown>(text: string, values: unknown[] = []): Promise<Value> {
    const [row] = await this.query(text, values);
    return Object.values(row ?? {})[0] as Value;
  }

  /** The columns of a table with their types. */
  async columns(schema: string, table: string): Promise<Record<string, string>> {
    const rows = await this.query<{ column_name: string; data_type: string }>(
      `SELECT column_name, data_type FROM information_schema.columns
        WHERE table_schema = $1 AND table_name = $2 ORDER BY ordinal_position`,
      [schema, table],
    );
    return Object.fromEntries(rows.map(({ column_name, data_type }) => [column_name, data_type]));
  }
}

/**
 * PostgreSQL does not run as root: then it runs as the user that its package has made, or as
 * nobody.
 */
function serverUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (option: string): number => {
    for (const user of ["postgres", "nobody"]) {
      try {
        return Number(execFileSync("id", [option, user], { encoding: "utf8", stdio: "pipe" }));
      } catch {
        // The next one.
      }
    }
    throw new Error("PostgreSQL does not run as root, and there is neither a user postgres nor nobody");
  };
  return { uid: id("-u"), gid: id("-g") };
}

function asServerUser(name: string, args: readonly string[]): [command: string, args: readonly string[]] {
  const program = join(programs!, name);
  const user = serverUser();
  if (user === undefined) return [program, args];
  return ["setpriv", [`--reuid=${user.uid}`, `--regid=${user.gid}`, "--clear-groups", program, ...args]];
}

function childrenOf(pid: number): number[] {
  try {
    const out = execFileSync("ps", ["-o", "pid=", "--ppid", String(pid)], { encoding: "utf8", stdio: "pipe" });
    return out
      .split("\n")
      .map(Number)
      .filter((child) => child > 0);
  } catch {
    return [];
  }
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
