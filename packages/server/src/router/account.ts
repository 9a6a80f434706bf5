import type { Logger } from "../logger.ts";
import type { Redact } from "../redactor.ts";
import type { Clock } from "./clock.ts";
import { Histogram, latencyBounds } from "./histogram.ts";
import type { DestinationStatus, Problem } from "./status.ts";
import { Tally } from "./tally.ts";

export interface AccountOptions {
  /** How log lines call the destination. */
  readonly name: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly redact: Redact;
}

/** What became of the events of one destination, and its latest trouble. Secrets are redacted here, on the way in. */
export class Account {
  delivered = 0;
  retried = 0;
  /** Dead letters and others that were given to the destination once more. */
  replayed = 0;
  /** Events that their client sent before. */
  duplicate = 0;
  /** Events with an `integrations` that means nothing. */
  malformed = 0;
  readonly filtered: Tally = new Tally();
  readonly dead: Tally = new Tally();
  /** Seconds from the acceptance of an event to its delivery. */
  readonly latency: Histogram = new Histogram(latencyBounds);
  #redact: Redact;
  #name: string;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #problem: Problem | undefined;

  constructor({ name, clock, logger, redact }: AccountOptions) {
    this.#name = name;
    this.#clock = clock;
    this.#logger = logger;
    this.#redact = redact;
  }

  /** What the status tells of it. */
  counts(): Pick<
    DestinationStatus,
    | "delivered"
    | "filtered"
    | "duplicate"
    | "dead"
    | "retried"
    | "replayed"
    | "malformedIntegrations"
    | "latency"
    | "problem"
  > {
    const { delivered, filtered, duplicate, dead, retried, replayed, malformed, latency } = this;
    return {
      delivered,
      filtered: filtered.toJSON(),
      duplicate,
      dead: dead.toJSON(),
      retried,
      replayed,
      malformedIntegrations: malformed,
      latency: latency.toJSON(),
      ...(this.#problem === undefined ? {} : { problem: this.#problem }),
    };
  }

  /** The same counts, for the destination as it is called now and with the secrets that it has had. */
  handOver(name: string, redact: Redact): this {
    this.#name = name;
    this.#redact = redact;
    return this;
  }

  redact(text: string): string {
    return this.#redact(text);
  }

  get problem(): Problem | undefined {
    return this.#problem;
  }

  /** Remembers a problem, for whoever looks at the status. */
  note(reason: string, message: string): void {
    const at = new Date(this.#clock.wall()).toISOString();
    this.#problem = { at, reason, message: this.redact(message).slice(0, 500) };
  }

  /** Remembers a problem and logs it: for what somebody should look at now. */
  report(reason: string, message: string): void {
    this.note(reason, message);
    const fields = { destination: this.#name, reason };
    this.#logger.warn(fields, `destination in trouble: ${this.#problem?.message}`);
  }

  recovered(): void {
    this.#logger.info({ destination: this.#name }, "destination works again");
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
