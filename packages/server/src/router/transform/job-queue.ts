import { Queue } from "../queues/queue.ts";
import type { Job } from "./job.ts";

/**
 * Events in one frame. More are not faster, and when the process has to be ended those that are
 * left are sent again.
 */
const mostInBatch = 100;
/**
 * Where all that wait fit into one batch, so many of them are divided in two: router and process
 * work at the same time.
 */
const leastToDivide = 16;
/**
 * Bytes of events in one frame, if it is not one event: they lie in the memory that the function
 * has, too.
 */
const mostBatchBytes = 1 << 20;

/** How the process stands that jobs are taken for. */
export interface ProcessLoad {
  /** Whether it has no batch. */
  readonly isIdle: boolean;
  /** Whether so many results are held that it gets one event at a time. */
  readonly isFull: boolean;
}

/** The jobs of a transformation that wait for its process, in the order in which they run. */
export class JobQueue {
  readonly #waiting = new Queue<Job>();
  /** Jobs of batches that are to be run again. They go first. */
  #again: Job[] = [];
  /**
   * The number of jobs at the front that go one by one: with one of them the process said what
   * makes no sense.
   */
  #single = 0;

  push(jobs: readonly Job[]): void {
    for (const job of jobs) this.#waiting.push(job);
  }

  /** Puts jobs to the front, in their order: they run again. */
  putBack(jobs: readonly Job[]): void {
    this.#again.unshift(...jobs);
  }

  /** Puts jobs to the front, to be run one by one. */
  putBackSingly(jobs: readonly Job[]): void {
    this.putBack(jobs);
    this.#single = jobs.length;
  }

  /** Whether the next job goes alone. */
  get isSingle(): boolean {
    return this.#single > 0;
  }

  /** Counts a batch that the process was given. */
  gave(): void {
    if (this.#single > 0) this.#single--;
  }

  /**
   * Takes the jobs of the next batch.
   *
   * @param isWanted whether a job is to be run; one that is not is dropped
   */
  take({ isIdle, isFull }: ProcessLoad, isWanted: (job: Job) => boolean): Job[] {
    const jobs: Job[] = [];
    let bytes = 0;
    const waiting = this.#again.length + this.#waiting.size;
    const isDivided = isIdle && waiting >= leastToDivide && waiting <= mostInBatch;
    const most = isDivided ? Math.ceil(waiting / 2) : mostInBatch;
    const limit = this.isSingle || isFull ? 1 : most;
    while (jobs.length < limit && bytes < mostBatchBytes) {
      const job = this.#again.shift() ?? this.#waiting.shift();
      if (job === undefined) break;
      if (!isWanted(job)) continue;
      jobs.push(job);
      bytes += job.json.length;
    }
    return jobs;
  }

  *[Symbol.iterator](): Iterator<Job> {
    yield* this.#again;
    yield* this.#waiting;
  }
}
