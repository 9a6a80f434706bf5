import { Worker } from "node:worker_threads";
import type { EventSource } from "@pintle/destinations/kit";
import type { DeliveredEvent } from "@pintle/events/gateway";
import type { TransformSettings } from "../../config/config.ts";
import type { Clock } from "../clock.ts";
import { Queue } from "../queue.ts";
import type { Stage, Staged } from "../stage.ts";
import type { Transformed } from "./transform.ts";
import type { FromTransformer, ToTransformer, TransformerData } from "./transformer-messages.ts";

export interface TransformationOptions extends TransformSettings {
  /** Name of the destination in the configuration. */
  readonly destination: string;
  readonly clock: Clock;
}

interface Job {
  readonly json: string;
  readonly source: EventSource;
  resolve(staged: Staged): void;
  reject(error: Error): void;
}

/** Events in one message to the thread. More are not faster, and when it has to be ended all but one are run again. */
const mostInBatch = 100;

/** Milliseconds for starting the thread and importing the configuration. */
const longestStart = 30_000;

/**
 * The transformation of one destination: a thread of its own, so that neither an endless loop nor a full memory concerns anybody else. It
 * is started with the first event, and has at most one batch. Shared memory says which event of it runs (transform-worker.ts).
 *
 * A thread is given up when an event runs for longer than `timeout`, and when it ends by itself: of a full memory, of
 * `process.exit()`, of an error that nobody caught. The event that ran is then given up, too, and all others of the batch are run again in
 * a new thread. Where none ran, the configuration could not be imported, and all of the batch is tried again later.
 */
export class Transformation implements Stage {
  readonly #options: TransformationOptions;
  readonly #waiting = new Queue<Job>();
  /** Of batches that are to be run again. They go first. */
  #again: Job[] = [];
  #batch: Job[] | undefined;
  #thread: Thread | undefined;
  #cancelWatch: (() => void) | undefined;
  #closed = false;

  constructor(options: TransformationOptions) {
    this.#options = options;
  }

  run(events: readonly DeliveredEvent[], sources: readonly EventSource[]): Promise<readonly Staged[]> {
    if (this.#closed) return Promise.reject(new Error("the transformation is closed"));
    const staged = Promise.all(
      events.map(
        (event, index) =>
          new Promise<Staged>((resolve, reject) => {
            const { id, name } = sources[index]!;
            this.#waiting.push({ json: JSON.stringify(event), source: { id, name }, resolve, reject });
          }),
      ),
    );
    this.#pump();
    return staged;
  }

  async close(): Promise<void> {
    this.#closed = true;
    const left = [...(this.#batch ?? []), ...this.#again];
    for (let job = this.#waiting.shift(); job !== undefined; job = this.#waiting.shift()) left.push(job);
    this.#again = [];
    for (const { reject } of left) reject(new Error("the transformation is closed"));
    await this.#giveUp();
  }

  #pump(): void {
    if (this.#batch !== undefined) return;
    const batch = this.#again;
    this.#again = [];
    while (batch.length < mostInBatch && this.#waiting.size > 0) batch.push(this.#waiting.shift()!);
    if (batch.length === 0) return;
    this.#batch = batch;
    this.#thread ??= this.#start();
    const events = batch.map(({ json, source }) => ({ json, source }));
    this.#thread.worker.postMessage({ events } satisfies ToTransformer);
    this.#watch(this.#thread);
  }

  #start(): Thread {
    const { file, text, destination, memory } = this.#options;
    const marks = new Int32Array(new SharedArrayBuffer(8));
    marks[0] = -1;
    const data: TransformerData = { file, text, destination, marks: marks.buffer };
    const worker = new Worker(new URL("./transform-worker.js", import.meta.url), {
      workerData: data,
      name: `transform ${destination}`,
      resourceLimits: { maxOldGenerationSizeMb: memory },
    });
    const thread: Thread = { worker, marks };
    let fault: unknown;
    worker.on("message", (message: FromTransformer) => {
      if (this.#thread === thread) this.#answered(message);
    });
    worker.on("error", (error) => {
      fault = error;
    });
    worker.on("exit", () => {
      if (this.#thread === thread) this.#lost(thread, describeFault(fault, memory));
    });
    return thread;
  }

  /** Has nothing to do with its thread any more. Resolves when that has ended. */
  async #giveUp(): Promise<void> {
    this.#cancelWatch?.();
    this.#batch = undefined;
    const thread = this.#thread;
    this.#thread = undefined;
    await thread?.worker.terminate();
  }

  #answered(message: FromTransformer): void {
    this.#cancelWatch?.();
    const batch = this.#batch ?? [];
    this.#batch = undefined;
    if (message.kind === "done") {
      const results = JSON.parse(message.results) as Transformed[];
      for (const [index, { resolve }] of batch.entries()) resolve(staged(results[index]!));
    } else {
      // Another thread may find the configuration mended.
      void this.#giveUp();
      for (const { reject } of batch) reject(new Error(message.message));
    }
    this.#pump();
  }

  /** Gives the thread up when one event runs for longer than `timeout`: found out a quarter of it later at the latest. */
  #watch(thread: Thread): void {
    const { clock, timeout } = this.#options;
    let began = Atomics.load(thread.marks, 1);
    let since = clock.now();
    const look = (): void => {
      const latest = Atomics.load(thread.marks, 1);
      const limit = Atomics.load(thread.marks, 0) >= 0 ? timeout : longestStart;
      if (latest !== began) {
        began = latest;
        since = clock.now();
      } else if (clock.now() - since >= limit) {
        this.#lost(thread, `it took longer than ${limit} ms${limit === timeout ? "" : " to start"}`);
        return;
      }
      this.#cancelWatch = clock.after(Math.ceil(timeout / 4), look);
    };
    this.#cancelWatch = clock.after(Math.ceil(timeout / 4), look);
  }

  /** The thread has ended, or has to be. */
  #lost(thread: Thread, detail: string): void {
    const batch = this.#batch ?? [];
    const culprit = batch[Atomics.load(thread.marks, 0)];
    void this.#giveUp();
    if (culprit === undefined) {
      for (const { reject } of batch) reject(new Error(`the transformation cannot run: ${detail}`));
    } else {
      this.#again = batch.filter((job) => job !== culprit);
      culprit.resolve({ kind: "dead", reason: "transformation", detail });
    }
    this.#pump();
  }
}

interface Thread {
  readonly worker: Worker;
  readonly marks: Int32Array<SharedArrayBuffer>;
}

function staged(result: Transformed): Staged {
  if (result.kind === "deliver") return result;
  if (result.kind === "filtered") return { kind: "filtered", reason: "transformation" };
  return { kind: "dead", reason: "transformation", detail: result.detail };
}

function describeFault(fault: unknown, memory: number): string {
  if (fault === undefined) return "it ended its thread";
  const { code, message } = fault as { readonly code?: unknown; readonly message?: unknown };
  if (code === "ERR_WORKER_OUT_OF_MEMORY") return `it used more than ${memory} MB of memory`;
  return `an error that nobody caught: ${String(message ?? fault)}`.slice(0, 400);
}
