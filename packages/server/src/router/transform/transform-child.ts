import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { errorMessage } from "@pintle/events";
import type { Clock } from "../time/clock.ts";
import { encodeFrame, type Frame, FrameReader, type Setup, toProcess } from "./frames.ts";
import { mostResultBytes } from "./transform.ts";

export interface ChildOptions extends Setup {
  /** MB of JavaScript heap. */
  readonly memory: number;
  /** The open file for its marks. */
  readonly marks: number;
  readonly clock: Clock;
  readonly frame: (frame: Frame) => void;
  /** What it says cannot be read. */
  readonly garbled: (detail: string) => void;
  /** Called when it has ended, and all that it said was read. Not called after `kill`. */
  readonly ended: (end: End) => void;
}

export interface End {
  /** What is known of the cause. */
  readonly detail: string;
  /** Whether it was most likely not the function that ended it: a signal from outside. */
  readonly isForeign: boolean;
}

interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The error, where it could not be started. */
  readonly error?: Error;
}

/** MB beyond the heap's limit that the process may take in all: Node itself, and buffers. */
const besideHeap = 256;

/** Bytes of a frame that it sends: one result, and what was gathered before it. */
const mostFrameBytes = mostResultBytes + (1 << 20);

/** Milliseconds for reading the rest of what an ended process said. */
const longestRest = 1000;

/** Signals by which a program ends itself. */
const ownSignals: ReadonlySet<string> = new Set(["SIGABRT", "SIGTRAP", "SIGSEGV", "SIGBUS", "SIGILL", "SIGFPE"]);

const pageBytes = 4096;

/** The pipes that `pipes` names; absent where the process could not be started. */
type Pipes = [null?, null?, Readable?, Writable?, Readable?, Writable?];

/** A process of a transformation, seen from the router: transform-process.ts. */
export class TransformChild {
  readonly #options: ChildOptions;
  readonly #process: ChildProcess;
  readonly #input: Writable | undefined;
  readonly #errors: Readable | undefined;
  #isOver = false;
  /** What V8 and Node say last is dozens of lines for nobody. */
  #isFatal = false;
  /** Whether its heap was full. */
  #isFull = false;
  #exit: Exit | undefined;
  #cancelRest: (() => void) | undefined;
  /** Pipes that may still say something. */
  #unread = 2;

  constructor(options: ChildOptions) {
    this.#options = options;
    const { memory, marks, destination, file, text } = options;
    const entry = fileURLToPath(new URL("./transform-process.js", import.meta.url));
    const child = spawn(process.execPath, [`--max-old-space-size=${memory}`, entry, destination], {
      stdio: ["ignore", "inherit", "pipe", "pipe", "pipe", "pipe", marks],
    });
    this.#process = child;
    const [, , errors, input, output, parent] = (child.stdio ?? []) as readonly unknown[] as Pipes;
    this.#input = input;
    this.#errors = errors;
    for (const pipe of [errors, input, output, parent]) pipe?.on("error", () => {});
    errors?.on("data", (piece: Buffer) => this.#said(piece));
    const reader = new FrameReader(mostFrameBytes);
    output?.on("data", (piece: Buffer) => {
      try {
        for (const frame of reader.read(piece)) {
          if (this.#isOver) return;
          options.frame(frame);
        }
      } catch (error) {
        if (!this.#isOver) options.garbled(errorMessage(error));
      }
    });
    for (const pipe of [errors, output]) {
      pipe?.on("close", () => {
        this.#unread--;
        this.#end();
      });
    }
    child.on("error", (error) => this.#exited({ code: null, signal: null, error }));
    child.on("exit", (code, signal) => this.#exited({ code, signal }));
    this.send(encodeFrame(toProcess.setup, Buffer.from(JSON.stringify({ file, text, destination }))));
  }

  send(frame: Buffer): void {
    if (this.#input?.writable === true) this.#input.write(frame);
  }

  /**
   * Says in words that it has more memory than it may; `undefined` if it has not, or where that is
   * not known.
   */
  excess(): string | undefined {
    try {
      const statm = readFileSync(`/proc/${this.#process.pid}/statm`, "latin1");
      const resident = (Number(statm.split(" ")[1]) * pageBytes) / 1e6;
      const { memory } = this.#options;
      if (resident <= memory + besideHeap) return undefined;
      return `its process took ${Math.ceil(resident)} MB of memory; ${memory} MB of heap and ${besideHeap} MB beside it are the most`;
    } catch {
      return undefined;
    }
  }

  /** Ends it at once. Nothing that it said counts any more. Resolves when it has ended. */
  kill(): Promise<void> {
    this.#isOver = true;
    this.#cancelRest?.();
    if (this.#exit !== undefined || this.#process.pid === undefined) return Promise.resolve();
    const gone = new Promise<void>((resolve) => this.#process.once("exit", () => resolve()));
    this.#process.kill("SIGKILL");
    return gone;
  }

  #said(piece: Buffer): void {
    this.#isFull ||= piece.includes("<--- Last few GCs --->");
    this.#isFatal ||= this.#isFull || piece.includes("----- Native stack trace -----");
    if (this.#isFatal || process.stderr.write(piece)) return;
    this.#errors?.pause();
    process.stderr.once("drain", () => this.#errors?.resume());
  }

  #exited(exit: Exit): void {
    if (this.#exit !== undefined) return;
    this.#exit = exit;
    if (this.#isOver) return;
    this.#cancelRest = this.#options.clock.after(longestRest, () => {
      this.#unread = 0;
      this.#end();
    });
    this.#end();
  }

  #end(): void {
    if (this.#isOver || this.#exit === undefined || this.#unread > 0) return;
    this.#isOver = true;
    this.#cancelRest?.();
    this.#options.ended(this.#describe(this.#exit));
  }

  #describe({ code, signal, error }: Exit): End {
    if (error !== undefined) return { detail: error.message, isForeign: true };
    if (this.#isFull) return { detail: `it used more than ${this.#options.memory} MB of memory`, isForeign: false };
    if (signal === null) return { detail: `it ended its process (exit code ${code})`, isForeign: false };
    if (ownSignals.has(signal)) return { detail: `it crashed its process (${signal})`, isForeign: false };
    return { detail: `its process was ended from outside (${signal})`, isForeign: true };
  }
}
