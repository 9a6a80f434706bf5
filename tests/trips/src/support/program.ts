import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { asLastResort } from "./last-resort.ts";
import { within } from "./until.ts";

export interface ProgramOptions {
  readonly cwd?: string;
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Milliseconds, default 90,000. */
  readonly deadline?: number;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/**
 * A child process with what it printed. `await using` ends it by its id, if it has not ended by
 * itself.
 */
export class Program implements AsyncDisposable {
  readonly child: ChildProcessWithoutNullStreams;
  /** Resolves when the process has ended and everything that it printed has been read. */
  readonly ended: Promise<Exit>;
  stdout = "";
  stderr = "";
  /** What it printed to either, in the order of arrival. */
  output = "";
  /** Whether `ended` has settled. */
  hasEnded = false;
  readonly #name: string;
  readonly #deadline: number;

  constructor(command: string, args: readonly string[], { cwd, env, deadline = 90_000 }: ProgramOptions = {}) {
    this.#name = [command, ...args].join(" ");
    this.#deadline = deadline;
    this.child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: "pipe" });
    this.child.stdout.setEncoding("utf8").on("data", (text) => {
      this.stdout += text;
      this.output += text;
    });
    this.child.stderr.setEncoding("utf8").on("data", (text) => {
      this.stderr += text;
      this.output += text;
    });
    // What a program that has ended can no longer read is its own loss.
    this.child.stdin.on("error", () => {});
    const ended = asLastResort(() => this.child.kill("SIGKILL"));
    this.child.once("exit", ended);
    this.child.once("error", ended);
    this.ended = once(this.child, "close").then(([code, signal]) => ({ code, signal }));
    const noteEnd = (): void => {
      this.hasEnded = true;
    };
    // Whoever waits for the end hears of a failure; nobody else has to.
    this.ended.then(noteEnd, noteEnd);
  }

  /**
   * Resolves with what the program printed to its standard output when it ends with 0; rejects with
   * all of it otherwise.
   */
  async succeeded(): Promise<string> {
    const { code, signal } = await within(`the end of ${this.#name}`, this.#deadline, this.ended);
    if (code !== 0) throw new Error(`${this.#name} ended with ${code ?? signal}. It printed:\n${this.output}`);
    return this.stdout;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill("SIGKILL");
    await this.ended.catch(() => {});
  }
}

/** Runs a program to its end: see `Program.succeeded`. */
export async function runProgram(command: string, args: readonly string[], options?: ProgramOptions): Promise<string> {
  await using program = new Program(command, args, options);
  return await program.succeeded();
}
