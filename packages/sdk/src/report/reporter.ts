import { callForeign } from "../foreign.ts";
import type { Logger } from "../logger.ts";

/** A repeated problem is logged once in this many milliseconds. */
const quietTime = 60_000;

/**
 * How many problems of one kind are told apart. Enough for the mistakes of a program; what is made
 * of data (the names of events, say) could be any number, and is neither to fill the memory nor the
 * log: whatever is beyond is one problem.
 */
const mostAlike = 20;

/** How many kinds are remembered: enough for all codes and statuses, too few to be a leak. */
const mostKinds = 200;

interface SeenProblem {
  readonly level: "warn" | "error";
  readonly text: string;
  readonly loggedAt: number;
  repeats: number;
}

/**
 * Writes to the program's logger, which may fail, and must not flood it. Neither bodies nor keys
 * come here.
 */
export class Reporter {
  readonly #logger: Logger;
  readonly #verbose: boolean;
  readonly #monotonic: () => number;
  readonly #seen = new Map<string, Map<string, SeenProblem>>();

  constructor(logger: Logger, verbose: boolean, monotonic: () => number) {
    this.#logger = logger;
    this.#verbose = verbose;
    this.#monotonic = monotonic;
  }

  /**
   * What is of interest only when somebody looks for something: logged with `verbose`. The text is
   * made only then.
   */
  debug(text: () => string): void {
    if (this.#verbose) this.#write("debug", text());
  }

  /**
   * A problem. Those of the same kind that agree in `detail` are the same.
   *
   * @param kind one of few: a code, a status
   */
  problem(level: SeenProblem["level"], kind: string, text: string, detail = ""): void {
    const now = this.#monotonic();
    if (this.#seen.size >= mostKinds && !this.#seen.has(kind)) this.close();
    const alike = this.#seen.get(kind) ?? new Map<string, SeenProblem>();
    this.#seen.set(kind, alike);
    const key = alike.has(detail) || alike.size < mostAlike ? detail : others;
    const seen = alike.get(key);
    if (seen !== undefined && now - seen.loggedAt < quietTime) {
      seen.repeats++;
      return;
    }
    alike.set(key, { level, text, loggedAt: now, repeats: 0 });
    this.#write(level, seen === undefined || seen.repeats === 0 ? text : `${text} ${more(seen)}`);
  }

  /** Tells what has been held back, and forgets it: to be called at the end. */
  close(): void {
    for (const alike of this.#seen.values()) {
      for (const seen of alike.values()) if (seen.repeats > 0) this.#write(seen.level, `${seen.text} ${more(seen)}`);
    }
    this.#seen.clear();
  }

  #write(level: keyof Logger, text: string): void {
    // A logger that fails has nowhere to be reported to.
    callForeign(
      () => this.#logger[level](`pintle: ${text}`),
      () => {},
    );
  }
}

/** A key that no detail equals. */
const others = "\0others";

function more({ repeats }: SeenProblem): string {
  return `(${repeats} more since it was last reported)`;
}
