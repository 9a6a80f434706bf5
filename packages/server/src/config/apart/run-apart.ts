import { type ChildProcess, spawn } from "node:child_process";
import type { Socket } from "node:net";
import { StringDecoder } from "node:string_decoder";
import { fileURLToPath } from "node:url";
import { ServerError, type ServerErrorCode } from "../../errors.ts";
import { timeoutMessage } from "../config-timeout.ts";
import { InvalidConfigError } from "../problem.ts";
import { childFlags } from "./child-flags.ts";
import { ConfigFrameReader, encodeFrame } from "./frame.ts";
import type { PlainRefusal, TaskAnswer, TaskName, Tasks } from "./tasks.ts";

export interface ApartOptions {
  /** Milliseconds that it may take, the start of the process included. */
  readonly limit: number;
  /** Gives it up. */
  readonly signal?: AbortSignal | undefined;
  /** Gets what the code prints, by piece. @default standard error of this process */
  readonly print?: (text: string) => void;
}

/** MB of JavaScript heap that the code may use. */
const memory = 512;

/**
 * Does something that runs code of the data plane's owner in a process of its own: code that hangs,
 * spins, uses up its memory or ends its process does that to no other. When the answer is there, or
 * the time is over, that process is ended, with whatever it has started.
 *
 * @throws ServerError PINTLE_CONFIG_TIMEOUT when it takes longer than `limit`, or is given up;
 * PINTLE_CONFIG_UNREADABLE when the process ends without an answer; and what the task itself
 * refuses
 */
export async function runApart<Name extends TaskName>(
  name: Name,
  takes: Tasks[Name]["takes"],
  options: ApartOptions,
): Promise<Tasks[Name]["gives"]> {
  const { limit, signal, print = (text) => void process.stderr.write(text) } = options;
  const { shownAs } = takes;
  const givenUp = () => new ServerError("PINTLE_CONFIG_TIMEOUT", `${shownAs}: loading it was given up`);
  if (signal?.aborted === true) throw givenUp();
  const child = startChild();
  // It says nothing, and ends when this process does.
  child.stdio[4]?.on("error", () => {});
  const output = new Output(print);
  child.stdout?.on("data", (chunk: Buffer) => output.take(chunk));
  child.stderr?.on("data", (chunk: Buffer) => output.take(chunk));
  let timer: NodeJS.Timeout | undefined;
  let giveUp: (() => void) | undefined;
  try {
    return (await Promise.race([
      exchange(child, { name, takes }, shownAs, output),
      new Promise<never>((_, reject) => {
        timer = setTimeout(
          () => reject(new ServerError("PINTLE_CONFIG_TIMEOUT", timeoutMessage(shownAs, limit))),
          limit,
        );
        giveUp = () => reject(givenUp());
        signal?.addEventListener("abort", giveUp, { once: true });
      }),
    ])) as Tasks[Name]["gives"];
  } finally {
    clearTimeout(timer);
    if (giveUp !== undefined) signal?.removeEventListener("abort", giveUp);
    end(child);
    output.end();
  }
}

function startChild(): ChildProcess {
  return spawn(
    process.execPath,
    [
      ...childFlags(process.execArgv),
      `--max-old-space-size=${memory}`,
      fileURLToPath(new URL("./child.js", import.meta.url)),
    ],
    // In a group of its own, so that what it starts can be ended with it.
    { stdio: ["inherit", "pipe", "pipe", "pipe", "pipe"], detached: process.platform !== "win32", windowsHide: true },
  );
}

/** Ends the process and what it has started. What it has to say is not of interest any more. */
function end(child: ChildProcess): void {
  killAll(child);
  for (const stream of child.stdio) stream?.destroy();
  child.unref();
}

function killAll(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    if (process.platform === "win32") child.kill("SIGKILL");
    else process.kill(-child.pid, "SIGKILL");
  } catch {
    // It has ended already.
  }
}

/** How a process has ended. */
interface ChildEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Resolves when the process has ended, and all that it has said has been read. */
function ending(child: ChildProcess): Promise<ChildEnd> {
  return new Promise((resolve) => {
    child.once("exit", (code, signal) => {
      const done = () => resolve({ code, signal });
      // What it has started may still hold its pipes; it goes now, unless it has made itself
      // independent.
      killAll(child);
      const timer = setTimeout(done, 500);
      child.once("close", () => {
        clearTimeout(timer);
        done();
      });
    });
  });
}

async function exchange(child: ChildProcess, order: unknown, shownAs: string, output: Output): Promise<unknown> {
  const pipe = child.stdio[3] as Socket | undefined;
  const failed = (what: string) => new ServerError("PINTLE_CONFIG_UNREADABLE", `${shownAs}: cannot be run: ${what}`);
  const disturbed = "something in it has written into the channel to its parent process";
  const reader = new ConfigFrameReader();
  const ended = ending(child);
  const answered = new Promise<TaskAnswer>((resolve, reject) => {
    pipe?.on("data", (chunk: Buffer) => {
      try {
        const frame = reader.take(chunk);
        if (frame !== undefined) resolve(frame.value as TaskAnswer);
      } catch {
        reject(failed(disturbed));
      }
    });
    // The process may be gone before it has read all of the order; how it ended says more.
    pipe?.on("error", () => {});
    child.on("error", (error) => reject(failed(`a process of its own cannot be started: ${error.message}`)));
    void ended.then(({ code, signal }) => {
      reject(failed(reader.hasBegun ? disturbed : endOf(code, signal, output.isOutOfMemory)));
    });
  });
  pipe?.write(encodeFrame(order));
  const answer = await answered;
  // What it printed before it answered has been written into its pipes, and may not have been read.
  await ended;
  if (answer.kind === "done") return answer.value;
  if (answer.kind === "fault") throw new Error(answer.stack);
  throw revived(answer.refusal);
}

function endOf(code: number | null, signal: NodeJS.Signals | null, isOutOfMemory: boolean): string {
  if (isOutOfMemory) return `it used more than ${memory} MB of memory`;
  if (signal !== null)
    return `its process was ended by ${signal} (process.abort(), too little memory, or somebody else)`;
  return `it ended its process, with the exit code ${code}: it must not call process.exit()`;
}

function revived({ code, message, config }: PlainRefusal): ServerError {
  return config === undefined
    ? new ServerError(code as ServerErrorCode, message)
    : new InvalidConfigError(config.file, config.problems, config.omitted);
}

/**
 * What the code prints, passed on by line; but for what V8 and Node say when the process dies: that
 * is told in one line of our own.
 */
class Output {
  readonly #print: (text: string) => void;
  readonly #decoder = new StringDecoder("utf8");
  #rest = "";
  #isOver = false;
  isOutOfMemory = false;

  constructor(print: (text: string) => void) {
    this.#print = print;
  }

  take(chunk: Buffer): void {
    const lines = (this.#rest + this.#decoder.write(chunk)).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#line(`${line}\n`);
  }

  /** The last line may lack its end. */
  end(): void {
    if (this.#rest !== "") this.#line(`${this.#rest}\n`);
    this.#rest = "";
  }

  #line(line: string): void {
    if (/^FATAL ERROR: .*(?:heap|memory)/i.test(line)) this.isOutOfMemory = true;
    this.#isOver ||= /^<--- Last few GCs --->|^FATAL ERROR: |^# Fatal error|^-+ Native stack trace/.test(line);
    if (!this.#isOver && line !== "\n") this.#print(line);
  }
}
