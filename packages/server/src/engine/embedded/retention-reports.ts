import type { OffsetRange, RetentionReport } from "@pintle/log";
import type { PlaneLogger } from "../../logger.ts";

/** Milliseconds between two lines about the same thing. */
export const reportEvery: number = 60_000;

/**
 * Tells the owner of the data plane what retention takes from consumers by force: that it is about
 * to, and then, as one range, what it was. A log that is full drops a segment with each new one,
 * many a minute; that is not many lines.
 */
export class RetentionReports {
  readonly #topic: string;
  readonly #logger: PlaneLogger;
  #warnedAt = Number.NEGATIVE_INFINITY;
  #forcedAt = Number.NEGATIVE_INFINITY;
  /** What went and was not told yet. */
  #forced: OffsetRange | undefined;

  constructor(topic: string, logger: PlaneLogger) {
    this.#topic = topic;
    this.#logger = logger;
  }

  add({ forced, warning }: RetentionReport, now: number): void {
    if (forced !== undefined) this.#forced = { from: this.#forced?.from ?? forced.from, to: forced.to };
    this.tell(now);
    if (warning === undefined || Math.abs(now - this.#warnedAt) < reportEvery) return;
    this.#warnedAt = now;
    this.#logger.warn({ topic: this.#topic, ...warning }, "records that are still needed will have to go soon");
  }

  /** Tells what waits, once it is time. */
  tell(now: number): void {
    if (Math.abs(now - this.#forcedAt) >= reportEvery) this.flush(now);
  }

  flush(now: number): void {
    if (this.#forced === undefined) return;
    this.#forcedAt = now;
    this.#logger.error(
      { topic: this.#topic, ...this.#forced },
      "records that were still needed had to go: the size bound was reached",
    );
    this.#forced = undefined;
  }
}
