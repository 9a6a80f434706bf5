import { basename, join } from "node:path";
import { errorMessage } from "@pintle/events";
import type { DeliveredEvent } from "@pintle/events/gateway";
import type { EventSource } from "@pintle/kit";
import { defaultConfigTimeout, timeoutMessage } from "../../config/config-timeout.ts";
import type { TransformSettings } from "../../model/destination.ts";
import type { Clock } from "../time/clock.ts";
import { Answers } from "./answers.ts";
import { type EventTransform, givenUp, sizeOf, sizeOfAll, type Transformed } from "./event-transform.ts";
import { decodePieces, encodeTextsFrame, type Frame, fromProcess, toProcess } from "./frames.ts";
import { type GivenBatch, unanswered } from "./given-batch.ts";
import { firstOf, type Job, newRun, type Run } from "./job.ts";
import { JobQueue } from "./job-queue.ts";
import { none, RunningFile } from "./running-file.ts";
import { SuspectsFile } from "./suspects-file.ts";
import { type End, TransformChild } from "./transform-child.ts";

export interface TransformationOptions extends TransformSettings {
  /** Name of the destination in the configuration. */
  readonly destination: string;
  readonly clock: Clock;
  /** Whether the type of the destination does. @default false */
  readonly takesRequests?: boolean;
  /**
   * Milliseconds for starting the process and importing the configuration. @default as long as a
   * configuration may take
   */
  readonly startLimit?: number;
  /**
   * Where it notes which event runs, to know it after a crash. @default it is known in this life
   * only
   */
  readonly notes?: { readonly folder: string; readonly destinationId: string };
}

/** Bytes of results that are not delivered yet, above which no further event is run. */
const mostHeld = 32 << 20;
/** Milliseconds between two events. */
const longestRest = 10_000;

/**
 * The transformation of one destination: a process of its own, so that neither an endless loop nor
 * a full memory concerns anybody else. It is started with the first event, and has two batches at
 * most, so that it need not wait for the next one. A file says which event of it runs
 * (`RunningFile`).
 *
 * A process is given up when an event runs for longer than `timeout`, when it takes too much
 * memory, when it says what makes no sense, and when it ends by itself. The event that ran is then
 * given up, too, and those it had that have no answer are run again in a new process. Where nothing
 * ever ran, the configuration could not be imported, and all of the batch is tried again later.
 *
 * When something ends it that is not the event's (a signal from outside, the end of the data
 * plane), the event that ran is suspected, and given up at the second time.
 */
export class Transformation implements EventTransform {
  readonly #options: TransformationOptions;
  readonly #suspects: SuspectsFile;
  #running: RunningFile | undefined;
  readonly #queue = new JobQueue();
  /**
   * Batches that the process has: the one that runs, and the one that it finds when it is through.
   */
  #batches: GivenBatch[] = [];
  /** Jobs that the process was given so far. */
  #given = 0;
  #child: TransformChild | undefined;
  /**
   * Whether the process that there is has imported the configuration, and brought an event through.
   */
  #isReady = false;
  #hasAnswered = false;
  /** What the process said before it ended. */
  #lastWords: { readonly kind: number; readonly text: string } | undefined;
  /** Bytes of results that somebody has and has not given back. */
  #held = 0;
  #cancelWatch: (() => void) | undefined;
  /** Marks of the process when they were looked at last, and when so many were seen first. */
  #marks = 0;
  #since = 0;
  #isGathering = false;
  #closed = false;

  constructor(options: TransformationOptions) {
    this.#options = options;
    this.#suspects = new SuspectsFile(this.#pathOf("suspects"));
  }

  run(events: readonly DeliveredEvent[], sources: readonly EventSource[]): Promise<readonly Transformed[]> {
    if (this.#closed) return Promise.reject(new Error("the transformation is closed"));
    if (events.length === 0) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      this.#running ??= this.#openRunning();
      const run = newRun(events, sources, this.#options.takesRequests === true, resolve, reject);
      this.#queue.push(run.jobs);
      this.#pumpSoon();
    });
  }

  release(bytes: number): void {
    this.#held -= bytes;
    this.#pumpSoon();
  }

  async close(): Promise<void> {
    this.#closed = true;
    const left = this.#open();
    const gone = this.#giveUp();
    for (const run of left) run.reject(new Error("the transformation is closed"));
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

  /**
   * Pumps once for all that comes in this turn of the loop: a batch for each event would double the
   * work.
   */
  #pumpSoon(): void {
    if (this.#isGathering) return;
    this.#isGathering = true;
    setImmediate(() => {
      this.#isGathering = false;
      this.#pump();
    });
  }

  #pump(): void {
    while (!this.#closed && this.#mayGive()) {
      const jobs = this.#nextJobs();
      if (jobs.length === 0) return;
      if (!this.#give(jobs)) return;
    }
  }

  /** Whether the process may have one more batch. */
  #mayGive(): boolean {
    const [first] = this.#batches;
    if (first !== undefined) {
      // When they are run one by one, it has to be clear which one it was.
      const isAlone = first.isAlone || this.#queue.isSingle;
      return this.#batches.length === 1 && !isAlone && this.#held <= mostHeld / 2;
    }
    // Where all that is held waits for the first result of its run, that one is made all the same.
    return this.#held <= mostHeld || !this.#handOver();
  }

  #nextJobs(): Job[] {
    const hold = { isIdle: this.#batches.length === 0, isFull: this.#held > mostHeld };
    return this.#queue.take(hold, (job) => {
      if (job.run.isOver) return false;
      if (!this.#suspects.isGivenUp(job.id)) return true;
      const detail = "everything, or its process, was ended from outside while it ran, for the second time";
      this.#finish(job, givenUp(detail));
      return false;
    });
  }

  /** Gives them to the process, unless they have to wait until it is through with what it has. */
  #give(jobs: readonly Job[]): boolean {
    const running = this.#running!;
    const isFirst = this.#batches.length === 0;
    const number = this.#given;
    const ids = jobs.map(({ id }) => id);
    const isShort = running.begin(number, ids, false);
    if (!isShort) {
      if (!isFirst) {
        this.#queue.putBack(jobs);
        return false;
      }
      running.begin(number, ids, true);
    }
    const isAlone = this.#queue.isSingle || !isShort;
    this.#queue.gave();
    try {
      this.#child ??= this.#start(running);
    } catch (error) {
      // No memory, no more processes: later there may be.
      this.#reject(jobs, `the transformation cannot run: ${errorMessage(error)}`);
      return false;
    }
    this.#given++;
    this.#batches.push({
      ...{ number, jobs, isAlone },
      answers: new Answers(jobs, this.#options.takesRequests === true),
    });
    const texts: string[] = [];
    for (const { source, json } of jobs) texts.push(source, json);
    this.#child.send(encodeTextsFrame(toProcess.batch, texts));
    if (isFirst) this.#since = this.#options.clock.now();
    if (this.#cancelWatch === undefined) this.#watch(running, this.#child);
    return true;
  }

  /**
   * Gives what there is to those who have asked for more: what they have delivered makes room for
   * the rest.
   *
   * @returns whether that is going to make room
   */
  #handOver(): boolean {
    // Later results of those who lack the first one.
    let kept = 0;
    for (const run of this.#open()) {
      const transformed = firstOf(run);
      const size = sizeOfAll(run.transformed.slice(transformed.length));
      if (transformed.length === 0) {
        kept += size;
        continue;
      }
      this.#held -= size;
      run.resolve(transformed);
    }
    return this.#held > kept;
  }

  /**
   * Runs that somebody waits for. Looked for in the rare case, since a set that is added to and
   * taken from all the time keeps V8 from freeing what was in it until it collects all of the heap.
   */
  #open(): Set<Run> {
    const given = this.#batches.flatMap(({ jobs }) => jobs);
    const jobs = [...given, ...this.#queue];
    return new Set(jobs.map(({ run }) => run).filter(({ isOver }) => !isOver));
  }

  #start({ fd: marks }: RunningFile): TransformChild {
    const { file, text, destination, memory, clock } = this.#options;
    this.#isReady = false;
    this.#hasAnswered = false;
    this.#lastWords = undefined;
    this.#marks = 0;
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
    this.#cancelWatch = undefined;
    this.#batches = [];
    this.#given = 0;
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
      const [batch] = this.#batches;
      if (batch === undefined) throw new RangeError("it answered what nobody has asked");
      const answer = batch.answers.take(piece);
      if (answer === "done") this.#done(batch);
      else if (answer !== undefined) {
        this.#hasAnswered = true;
        this.#suspects.clear(answer.job.id);
        this.#finish(answer.job, answer.transformed);
      }
    }
  }

  #done(batch: GivenBatch): void {
    this.#batches.shift();
    this.#queue.putBack(unanswered(batch));
    this.#pumpSoon();
  }

  #finish({ run, index }: Job, transformed: Transformed): void {
    if (run.isOver) return;
    run.transformed[index] = transformed;
    this.#held += sizeOf(transformed);
    if (--run.open > 0) return;
    run.resolve(firstOf(run));
  }

  #reject(jobs: readonly Job[], message: string): void {
    for (const { run } of jobs) {
      if (run.isOver) continue;
      this.#held -= sizeOfAll(run.transformed);
      run.reject(new Error(message));
    }
  }

  /**
   * Gives the process up when one event runs for longer than `timeout`, in however many pieces it
   * gives its results, or takes too much memory: found out a quarter of the time-out later at the
   * latest. What the process waits until its results are read is not counted.
   */
  #watch(running: RunningFile, child: TransformChild): void {
    const { clock, timeout, file, startLimit = defaultConfigTimeout } = this.#options;
    const look = (): void => {
      this.#cancelWatch = undefined;
      if (this.#batches.length === 0) return;
      const { index, count, ran } = running.mark();
      const excess = child.excess();
      if (excess !== undefined) {
        this.#lost({ detail: excess, isForeign: false });
        return;
      }
      if (count !== this.#marks) {
        this.#marks = count;
        this.#since = clock.now();
      }
      // Between two events it waits for its turn on the machine, and for us.
      const limit = !this.#isReady ? startLimit : index === undefined ? Math.max(timeout, longestRest) : timeout;
      if (clock.now() - this.#since + ran >= limit) {
        const detail = this.#isReady ? `it took longer than ${limit} ms` : timeoutMessage(basename(file), limit);
        this.#lost({ detail, isForeign: false });
        return;
      }
      this.#watch(running, child);
    };
    const interval = (this.#isReady ? timeout : Math.min(timeout, startLimit)) / 4;
    this.#cancelWatch = clock.after(Math.ceil(interval), look);
  }

  /**
   * Handles an answer that makes no sense: the doing of the event that is to be answered next, or
   * of one behind it.
   */
  #garbled(detail: string): void {
    const left = this.#batches.flatMap(unanswered);
    void this.#giveUp();
    this.#blame(left, givenUp(detail));
    this.#pump();
  }

  /** Finds the one to blame: several are run one by one to find out which. */
  #blame(left: readonly Job[], transformed: Transformed): void {
    if (left.length === 1) this.#finish(left[0]!, transformed);
    else this.#queue.putBackSingly(left);
  }

  /** The process has ended, or has to be. */
  #lost({ detail, isForeign }: End): void {
    const mark = this.#running!.mark();
    const left = this.#batches.flatMap(unanswered);
    const marked = this.#batches.find(({ number }) => number === mark.batch)?.jobs[mark.index ?? none];
    const culprit = marked !== undefined && left.includes(marked) ? marked : undefined;
    const hasBegun = mark.count > 0;
    const words = this.#lastWords;
    const isAlive = this.#hasAnswered;
    void this.#giveUp();
    const transformed = givenUp(words === undefined ? detail : `an error that nobody caught: ${words.text}`);
    if (words?.kind === fromProcess.unusable) this.#reject(left, words.text);
    else if (culprit !== undefined && isForeign) {
      this.#suspects.suspect(culprit.id);
      this.#queue.putBack(left);
    } else if (culprit !== undefined) {
      this.#queue.putBack(left.filter((job) => job !== culprit));
      this.#finish(culprit, transformed);
    } else if (isAlive) {
      // It ended between two events: the doing of one that has its answer.
      this.#queue.putBack(left);
    } else if (hasBegun) {
      // It came through all of them, or one, and has not said so: one of them has broken what says
      // it.
      this.#blame(left, transformed);
    } else {
      this.#reject(left, `the transformation cannot run: ${words?.text ?? detail}`);
    }
    this.#pump();
  }
}
