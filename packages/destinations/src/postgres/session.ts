import { CopyIn, type NextLine } from "./copy-in.ts";
import type { PgClient, PgResult } from "./pg-driver.ts";

/**
 * Grace period in milliseconds, on top of the time-out, after which a silent server is given up.
 */
const grace = 5000;

/** Milliseconds that a statement may take whose time grows with its table. */
const slowTimeout = 3_600_000;

/** Statements in a transaction that is open. They take turns: each is awaited before the next. */
export interface Statements {
  /** Runs a statement. Without values, `text` may hold several: the result is the last one's. */
  query(text: string, values?: readonly unknown[]): Promise<PgResult>;
  /** Several statements in one text, without values. */
  run(text: string): Promise<void>;
  /**
   * One statement that may take long, since it has to touch every row of a table: an hour, if
   * `timeout` is not more.
   */
  runSlowly(text: string): Promise<void>;
  copy(text: string, next: NextLine): Promise<void>;
}

export interface SessionOptions {
  /** A client that is not connected yet. */
  readonly client: () => PgClient;
  /**
   * Milliseconds that the server may work on a statement, wait for a lock, or wait for our next
   * statement.
   */
  readonly timeout: number;
}

/**
 * One connection to the server, made when it is needed and again after it broke. Nothing is left in
 * it between transactions: it may lead through a pooler that hands each transaction to another
 * server process.
 */
export class Session {
  readonly #options: SessionOptions;
  #client: PgClient | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /**
   * Runs `work` in a transaction, and commits it. Transactions take turns.
   *
   * When this rejects, whether the transaction was committed is known only if `work` had not
   * resolved: then it was not.
   */
  transaction<Result>(work: (statements: Statements) => Promise<Result>): Promise<Result> {
    const turn = this.#last.then(() => this.#transaction(work));
    this.#last = turn.catch(() => {});
    return turn;
  }

  /** Breaks off what is under way. */
  async close(): Promise<void> {
    this.#closed = true;
    const client = this.#client;
    this.#client = undefined;
    client?.connection.stream.destroy();
    await this.#last;
  }

  async #transaction<Result>(work: (statements: Statements) => Promise<Result>): Promise<Result> {
    const client = await this.#connected();
    const { timeout } = this.#options;
    const run = async (text: string, most = timeout): Promise<void> =>
      void (await this.#watch(client, client.query(text), most));
    const statements: Statements = {
      query: async (text, values) => single(await this.#watch(client, client.query(text, values))),
      run: (text) => run(text),
      runSlowly: async (text) => {
        const most = Math.max(timeout, slowTimeout);
        await run(`SET LOCAL statement_timeout = ${most}`);
        await run(text, most);
        await run(`SET LOCAL statement_timeout = ${Math.ceil(timeout)}`);
      },
      copy: (text, next) => this.#watch(client, client.query(new CopyIn(text, next)).done),
    };
    try {
      await statements.run(begin(timeout));
      const result = await work(statements);
      const { command } = await statements.query("COMMIT");
      if (command !== "COMMIT") throw new Error(`the server answered COMMIT with ${command}`);
      return result;
    } catch (error) {
      await this.#rollback(client, statements);
      throw error;
    }
  }

  async #connected(): Promise<PgClient> {
    if (this.#closed) throw new Error("the connection is closed");
    if (this.#client !== undefined) return this.#client;
    const client = this.#options.client();
    const forget = () => {
      if (this.#client === client) this.#client = undefined;
    };
    // The driver tells each statement what happened; this is about a connection that breaks between
    // two of them.
    client.on("error", forget);
    client.on("end", forget);
    try {
      await client.connect();
    } catch (error) {
      client.end().catch(() => {});
      throw error;
    }
    if (this.#closed) {
      client.connection.stream.destroy();
      throw new Error("the connection is closed");
    }
    this.#client = client;
    return client;
  }

  async #rollback(client: PgClient, statements: Statements): Promise<void> {
    try {
      if (this.#client === client) await statements.run("ROLLBACK");
    } catch {
      // The server rolls back by itself when the connection goes.
      if (this.#client === client) this.#client = undefined;
      client.connection.stream.destroy();
    }
  }

  /**
   * The server ends a statement that takes too long; this is for a server, or a network, that no
   * longer says anything.
   */
  async #watch<Result>(
    client: PgClient,
    statement: Promise<Result>,
    timeout: number = this.#options.timeout,
  ): Promise<Result> {
    const watchdog = setTimeout(() => client.connection.stream.destroy(), timeout + grace);
    try {
      return await statement;
    } finally {
      clearTimeout(watchdog);
    }
  }
}

function single(result: PgResult | readonly PgResult[]): PgResult {
  return Array.isArray(result) ? (result as PgResult[]).at(-1)! : (result as PgResult);
}

/**
 * Opens a transaction that depends on no setting of the server, the database or the role: what the
 * texts of values mean, how long things may take, and that a COMMIT is answered only when it is on
 * disk.
 */
function begin(timeout: number): string {
  const settings = {
    client_encoding: "'UTF8'",
    standard_conforming_strings: "on",
    timezone: "'UTC'",
    datestyle: "'ISO, YMD'",
    extra_float_digits: "1",
    search_path: "pg_catalog",
    // Forces index look-ups by id, even if the server has no statistics of a new table yet.
    enable_seqscan: "off",
    statement_timeout: String(Math.ceil(timeout)),
    lock_timeout: String(Math.ceil(timeout)),
    idle_in_transaction_session_timeout: String(Math.ceil(timeout)),
  };
  const set = Object.entries(settings).map(([name, value]) => `SET LOCAL ${name} = ${value}`);
  return [
    "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
    ...set,
    "SELECT set_config('synchronous_commit', 'local', true) WHERE current_setting('synchronous_commit') = 'off'",
  ].join(";");
}
