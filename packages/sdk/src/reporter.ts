import { callForeign } from "./foreign.ts";
import type { Logger } from "./logger.ts";

/** A repeated problem is logged once in this many milliseconds. */
const quietTime = 60_000;

/** How many kinds of problems are remembered: enough for all codes and statuses, too few to be a leak. */
const mostKinds = 200;

/** Writes to the program's logger, which may fail, and must not flood it. Neither bodies nor keys come here. */
export class Reporter {
  readonly #logger: Logger;
  readonly #verbose: boolean;
  readonly #monotonic: () => number;
  readonly #seen = new Map<string, { loggedAt: number; repeats: number }>();

  constructor(logger: Logger, verbose: boolean, monotonic: () => number) {
    this.#logger = logger;
    this.#verbose = verbose;
    this.#monotonic = monotonic;
  }

  /** What is of interest only when somebody looks for something: logged with `verbose`. The text is made only then. */
  debug(text: () => string): void {
    if (this.#verbose) this.#write("debug", text());
  }

  /** A problem. `kind` says which problems are the same. */
  problem(level: "warn" | "error", kind: string, text: string): void {
    const now = this.#monotonic();
    const seen = this.#seen.get(kind);
    if (seen !== undefined && now - seen.loggedAt < quietTime) {
      seen.repeats++;
      return;
    }
    const repeats =
      seen === undefined || seen.repeats === 0 ? "" : ` (${seen.repeats} more since it was last reported)`;
    if (this.#seen.size >= mostKinds) this.#seen.clear();
    this.#seen.set(kind, { loggedAt: now, repeats: 0 });
    this.#write(level, text + repeats);
  }

  #write(level: keyof Logger, text: string): void {
    // A logger that fails has nowhere to be reported to.
    callForeign(
      () => this.#logger[level](`pintle: ${text}`),
      () => {},
    );
  }
}
