import { join } from "node:path";
import type { EventSource } from "@pintle/destinations/kit";
import type { DeliveredEvent } from "@pintle/events/gateway";
import type { TransformSettings } from "../../config/config.ts";
import { messageOf } from "../account.ts";
import type { Clock } from "../clock.ts";
import { Queue } from "../queue.ts";
import { type Stage, type Staged, sizeOf } from "../stage.ts";
import { Answers } from "./answers.ts";
import { decodePieces, encodeFrame, encodeTexts, type Frame, fromProcess, toProcess } from "./frames.ts";
import { firstOf, type Job, newRun, type Run } from "./job.ts";
import { RunningFile } from "./running-file.ts";
import { SuspectsFile } from "./suspects-file.ts";
import { type End, TransformChild } from "./transform-child.ts";

export interface TransformationOptions extends TransformSettings {
  /** Name of the destination in the configuration. */
  readonly destination: string;
  readonly clock: Clock;
  /** Whether the type of the destination does. @default false */
  readonly takesRequests?: boolean;
  /** Where it notes which event runs, to know it after a crash. @default it is known in this life only */
  readonly notes?: { readonly folder: string; readonly destinationId: string };
}

/** Events in one frame. More are not faster, and when the process has to be ended those that are left are sent again. */
const mostInBatch = 100;

/** Bytes of events in one frame, if it is not one event: they lie in the memory that the function has, too. */
const mostBatchBytes = 1 << 20;

/** Bytes of results that are not delivered yet, above which no further event is run. */
const mostHeld = 32 << 20;

/** Milliseconds for starting the process and importing the configuration. */
const longestStart = 30_000;

/** Milliseconds between two events. */
const longestRest = 10_000;

/**
 * The transformation of one destination: a process of its own, so that neither an endless loop nor a full memory concerns anybody else. It
 * is started with the first event, and has at most one batch. A file says which event of it runs (`RunningFile`).
 *
 * A process is given up when an event runs for longer than `timeout`, when it takes too much memory, when it says what makes no sense, and
 * when it ends by itself. The event that ran is then given up, too, and those of the batch that have no answer are run again in a new
 * process. Where nothing ever ran, the configuration could not be imported, and all of the batch is tried again later.
 *
 * When something ends it that is not the event's (a signal from outside, the end of the data plane), the event that ran is suspected,
 * and given up at the second time.
 */
export class Transformation implements Stage {
  readonly #options: TransformationOptions;
  readonly #suspects: SuspectsFile;
  #running: RunningFile | undefined;
  readonly #runs = new Set<Run>();
  readonly #waiting = new Queue<Job>();
  /** Of batches that are to be run again. They go first. */
  #again: Job[] = [];
  /** Of those that go first, how many go one by one: with one of them the process said what makes no sense. */
  #single = 0;
  #batch: readonly Job[] = [];
  #answers: Answers | undefined;
  #child: TransformChild | undefined;
  /** Whether the process that there is has imported the configuration, and brought an event through. */
  #isReady = false;
  #hasAnswered = false;
  /** Marks that it had made before the batch. */
  #marksBefore = 0;
  /** What the process said before it ended. */
  #lastWords: { readonly kind: number; readonly text: string } | undefined;
  /** Bytes of results that somebody has and has not given back. */
  #held = 0;
  #cancelWatch: (() => void) | undefined;
  #isGathering = false;
  #closed = false;

  constructor(options: TransformationOptions) {
    this.#options = options;
    this.#suspects = new SuspectsFile(this.#pathOf("suspects"));
  }

  run(events: readonly DeliveredEvent[], sources: readonly EventSource[]): Promise<readonly Staged[]> {
    if (this.#closed) return Promise.reject(new Error("the transformation is closed"));
    return new Promise((resolve, reject) => {
      this.#running ??= this.#openRunning();
      const run = newRun(events, sources, this.#options.takesRequests === true, resolve, reject);
      this.#runs.add(run);
      for (const job of run.jobs) this.#waiting.push(job);
      this.#pumpSoon();
    });
  }

  release(bytes: number): void {
    this.#held -= bytes;
    this.#pumpSoon();
  }

  async close(): Promise<void> {
    this.#closed = true;
    const gone = this.#giveUp();
    for (const run of this.#runs) run.reject(new Error("the transformation is closed"));
    this.#runs.clear();
    this.#running?.close();
    this.#running = undefined;
    await gone;
  }

  #pathOf(what: string): string | undefined {
    const { notes } = this.#options;
    return notes === undefined ? undefined : join(notes.folder, `${notes.destinationId}.${what}`);
  }

  #openRunning(): RunningFile {
    const path = this.#pathOf("running");
    if (path === undefined) return RunningFile.temporary();
    try {
      const running = new RunningFile(path);
      if (running.left !== undefined) this.#suspects.suspect(running.left);
      return running;
    } catch {
      // A full disk stops no destination: this life knows what runs all the same.
      return RunningFile.temporary();
    }
  }

  /** With what comes in this turn of the loop: a batch for each event would double the work. */
  #pumpSoon(): void {
    if (this.#isGathering) return;
    this.#isGathering = true;
    setImmediate(() => {
      this.#isGathering = false;
      this.#pump();
    });
  }

  #pump(): void {
    if (this.#batch.length > 0 || this.#closed) return;
    if (this.#held > mostHeld) {
      this.#handOver();
      return;
    }
    const batch: Job[] = [];
    let bytes = 0;
    const most = this.#single > 0 ? 1 : mostInBatch;
    while (batch.length < most && bytes < mostBatchBytes) {
      const job = this.#again.shift() ?? this.#waiting.shift();
      if (job === undefined) break;
      if (job.run.isOver) continue;
      if (this.#suspects.isGivenUp(job.id)) {
        this.#finish(job, dead("everything, or its process, was ended from outside while it ran, for the second time"));
        continue;
      }
      batch.push(job);
      bytes += job.json.length;
    }
    if (batch.length === 0) return;
    if (this.#single > 0) this.#single--;
    const running = this.#running!;
    this.#batch = batch;
    this.#answers = new Answers(batch, this.#options.takesRequests === true);
    this.#marksBefore = running.mark().count;
    running.begin(batch.map(({ id }) => id));
    try {
      this.#child ??= this.#start(running);
    } catch (error) {
      // No memory, no more processes: later there may be.
      this.#batch = [];
      this.#answers = undefined;
      this.#reject(batch, `the transformation cannot run: ${messageOf(error)}`);
      return;
    }
    const texts = batch.flatMap(({ source, json }) => [source, json]);
    this.#child.send(encodeFrame(toProcess.batch, ...encodeTexts(texts)));
    this.#watch(running, this.#child);
  }

  /** Gives what there is to those who have asked for more: what they have delivered makes room for the rest. */
  #handOver(): void {
    for (const run of this.#runs) {
      const staged = firstOf(run);
      if (staged.length === 0) continue;
      for (const dropped of run.staged.slice(staged.length)) if (dropped !== undefined) this.#held -= sizeOf(dropped);
      this.#runs.delete(run);
      run.resolve(staged);
    }
  }

  #start({ fd: marks }: RunningFile): TransformChild {
    const { file, text, destination, memory, clock } = this.#options;
    this.#isReady = false;
    this.#hasAnswered = false;
    this.#lastWords = undefined;
    return new TransformChild({
      ...{ file, text, destination, memory, marks, clock },
      frame: (frame) => this.#heard(frame),
      garbled: (detail) => this.#garbled(detail),
      ended: (end) => this.#lost(end),
    });
  }

  /** Has nothing to do with its process any more. Resolves when that has ended. */
  async #giveUp(): Promise<void> {
    this.#cancelWatch?.();
    this.#batch = [];
    this.#answers = undefined;
    const child = this.#child;
    this.#child = undefined;
    const gone = child?.kill();
    this.#running?.clear();
    await gone;
  }

  /** @throws TypeError, RangeError for what makes no sense */
  #heard({ kind, content }: Frame): void {
    if (kind === fromProcess.ready) {
      this.#isReady = true;
      return;
    }
    if (kind === fromProcess.unusable || kind === fromProcess.fault) {
      this.#lastWords ??= { kind, text: content.toString().replaceAll(/\s+/g, " ").slice(0, 400) };
      return;
    }
    if (kind !== fromProcess.pieces) throw new RangeError("it said what nobody knows");
    for (const piece of decodePieces(content)) {
      const answer = this.#answers?.take(piece);
      if (answer === undefined) {
        if (this.#answers === undefined) throw new RangeError("it answered what nobody has asked");
      } else if (answer === "done") {
        this.#done();
      } else {
        this.#hasAnswered = true;
        this.#suspects.clear(answer.job.id);
        this.#finish(answer.job, answer.staged);
      }
    }
  }

  #done(): void {
    this.#cancelWatch?.();
    this.#again.unshift(...this.#batch.slice(this.#answers!.next));
    this.#batch = [];
    this.#answers = undefined;
    this.#pumpSoon();
  }

  #finish({ run, index }: Job, staged: Staged): void {
    if (run.isOver) return;
    run.staged[index] = staged;
    this.#held += sizeOf(staged);
    if (--run.open > 0) return;
    this.#runs.delete(run);
    run.resolve(firstOf(run));
  }

  #reject(jobs: readonly Job[], message: string): void {
    for (const { run } of jobs) {
      if (run.isOver) continue;
      for (const dropped of run.staged) if (dropped !== undefined) this.#held -= sizeOf(dropped);
      this.#runs.delete(run);
      run.reject(new Error(message));
    }
  }

  /**
   * Gives the process up when one event runs for longer than `timeout`, or takes too much memory: found out a quarter of the time-out
   * later at the latest.
   */
  #watch(running: RunningFile, child: TransformChild): void {
    const { clock, timeout } = this.#options;
    let { count } = running.mark();
    let since = clock.now();
    const look = (): void => {
      const latest = running.mark();
      // Between two events it waits for its turn on the machine, and for us.
      const limit = !this.#isReady
        ? longestStart
        : latest.index === undefined
          ? Math.max(timeout, longestRest)
          : timeout;
      const excess = child.excess();
      if (excess !== undefined) {
        this.#lost({ detail: excess, isForeign: false });
        return;
      }
      if (latest.count !== count) {
        ({ count } = latest);
        since = clock.now();
      } else if (clock.now() - since >= limit) {
        const detail = `it took longer than ${limit} ms${this.#isReady ? "" : " to start"}`;
        this.#lost({ detail, isForeign: false });
        return;
      }
      this.#cancelWatch = clock.after(Math.ceil(timeout / 4), look);
    };
    this.#cancelWatch = clock.after(Math.ceil(timeout / 4), look);
  }

  /** It says what makes no sense: the doing of the event that is to be answered next, or of one behind it. */
  #garbled(detail: string): void {
    const left = this.#batch.slice(this.#answers?.next ?? 0);
    void this.#giveUp();
    this.#blame(left, dead(detail));
    this.#pump();
  }

  /** It was one of these. If they are several, they are run one by one to find out which. */
  #blame(left: readonly Job[], staged: Staged): void {
    if (left.length === 1) this.#finish(left[0]!, staged);
    else {
      this.#again.unshift(...left);
      this.#single = left.length;
    }
  }

  /** The process has ended, or has to be. */
  #lost({ detail, isForeign }: End): void {
    const { index, count } = this.#running!.mark();
    const left = this.#batch.slice(this.#answers?.next ?? 0);
    const culprit = index === undefined ? undefined : left[index - (this.#batch.length - left.length)];
    const hasBegun = count !== this.#marksBefore;
    const words = this.#lastWords;
    const isAlive = this.#hasAnswered;
    void this.#giveUp();
    const staged = dead(words === undefined ? detail : `an error that nobody caught: ${words.text}`);
    if (words?.kind === fromProcess.unusable) this.#reject(left, words.text);
    else if (culprit !== undefined && isForeign) {
      this.#suspects.suspect(culprit.id);
      this.#again.unshift(...left);
    } else if (culprit !== undefined) {
      this.#again.unshift(...left.filter((job) => job !== culprit));
      this.#finish(culprit, staged);
    } else if (isAlive) {
      // It ended between two events: the doing of one that has its answer.
      this.#again.unshift(...left);
    } else if (hasBegun) {
      // It came through all of them, or one, and has not said so: one of them has broken what says it.
      this.#blame(left, staged);
    } else {
      this.#reject(left, `the transformation cannot run: ${words?.text ?? detail}`);
    }
    this.#pump();
  }
}

function dead(detail: string): Staged {
  return { kind: "dead", reason: "transformation", detail };
}
