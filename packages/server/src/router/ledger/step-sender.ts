import { stringifyJson } from "@pintle/events";
import type { Tap, WatchedStep } from "./tap.ts";

/** The destinations whose steps are watched: their ids, or all of them. */
export type WatchedDestinations = readonly string[] | "all";

/** A step on its way to another thread. */
export interface CarriedStep {
  readonly destinationId: string;
  /** The `WatchedStep`, as JSON. */
  readonly json: string;
}

/** Steps and characters of JSON that wait while the other thread is slow. */
const mostSteps = 1000;
const mostText = 4 << 20;

/**
 * Sends the steps that a tap tells to another thread, in batches: one is on its way at a time.
 * Whatever the other thread does, what waits here is bounded; what is beyond it is left out and
 * counted.
 */
export class StepSender {
  readonly #tap: Pick<Tap, "watch">;
  readonly #send: (steps: readonly CarriedStep[], dropped: number) => void;
  #waiting: CarriedStep[] = [];
  #text = 0;
  #dropped = 0;
  #isOut = false;
  /** Whether what waits is sent with the end of this turn of the loop. */
  #isDue = false;
  #stop: (() => void) | undefined;

  constructor(tap: Pick<Tap, "watch">, send: (steps: readonly CarriedStep[], dropped: number) => void) {
    this.#tap = tap;
    this.#send = send;
  }

  /** Changes whose steps are sent. Nobody's: what waits is forgotten, and the tap left. */
  watch(watched: WatchedDestinations): void {
    this.#stop?.();
    this.#stop = undefined;
    if (watched.length === 0) {
      this.#forget();
      return;
    }
    const ids = watched === "all" ? undefined : new Set(watched);
    this.#stop = this.#tap.watch((step) => {
      if (ids === undefined || ids.has(step.destinationId)) this.#take(step);
    });
  }

  /** The batch that was sent last was taken. */
  taken(): void {
    this.#isOut = false;
    if (this.#waiting.length > 0 || this.#dropped > 0) this.#flush();
  }

  #take(step: WatchedStep): void {
    const isFull = this.#waiting.length >= mostSteps || this.#text >= mostText;
    const json = isFull ? "" : stringifyJson(step);
    if (isFull || this.#text + json.length > mostText) {
      this.#dropped++;
    } else {
      this.#waiting.push({ destinationId: step.destinationId, json });
      this.#text += json.length;
    }
    if (this.#isOut || this.#isDue) return;
    this.#isDue = true;
    setImmediate(() => {
      this.#isDue = false;
      if (!this.#isOut && this.#stop !== undefined) this.#flush();
    });
  }

  #flush(): void {
    const steps = this.#waiting;
    const dropped = this.#dropped;
    this.#forget();
    this.#isOut = true;
    this.#send(steps, dropped);
  }

  #forget(): void {
    this.#waiting = [];
    this.#text = 0;
    this.#dropped = 0;
  }
}
