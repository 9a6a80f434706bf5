import type { PlaneLogger } from "../../logger.ts";
import type { Redact } from "../../redactor.ts";
import type { Clock } from "../time/clock.ts";
import type { Problem } from "./status.ts";

export interface ProblemsOptions {
  /** How log lines call the destination. */
  readonly name: string;
  readonly clock: Clock;
  readonly logger: PlaneLogger;
  readonly redact: Redact;
}

/**
 * The trouble of one destination: in the log when it begins, and the latest of it in the status.
 * Secrets are redacted on the way in.
 */
export class Problems {
  #name: string;
  #redact: Redact;
  readonly #clock: Clock;
  readonly #logger: PlaneLogger;
  #latest: Problem | undefined;

  constructor({ name, clock, logger, redact }: ProblemsOptions) {
    this.#name = name;
    this.#redact = redact;
    this.#clock = clock;
    this.#logger = logger;
  }

  /**
   * The same problems, for the destination as it is called now and with the secrets that it has
   * had.
   */
  handOver(name: string, redact: Redact): this {
    this.#name = name;
    this.#redact = redact;
    return this;
  }

  get latest(): Problem | undefined {
    return this.#latest;
  }

  redact(text: string): string {
    return this.#redact(text);
  }

  /** Remembers a problem, for whoever looks at the status. */
  note(reason: string, message: string): void {
    const at = new Date(this.#clock.wall()).toISOString();
    this.#latest = { at, reason, message: this.redact(message).slice(0, 500) };
  }

  /** Remembers a problem and logs it: for what somebody should look at now. */
  report(reason: string, message: string): void {
    this.note(reason, message);
    const fields = { destination: this.#name, reason };
    this.#logger.warn(fields, `destination in trouble: ${loggable(reason, this.#latest?.message ?? "")}`);
  }

  recovered(): void {
    this.#logger.info({ destination: this.#name }, "destination works again");
  }
}

/**
 * Reasons whose words are the system's, our own, or a server's about who asks: nothing of an event
 * is in them.
 */
const ownWords =
  /^(connect|dns|timeout|network|blocked_address|open|position|read|record_too_new|retention|dead_letter|retry_topic|fenced|(file|connection)(_.+)?|sql_(08|28|3d|42501|53|57).*)$/;

/** What the kit itself says of an answer. */
const ofAnAnswer = /^(most events fail: )?the destination (answered|refused its credentials with) \d{3}$/;

/**
 * What the log has of a problem: a server, or code of the owner, may quote an event in its words,
 * which the status has.
 */
function loggable(reason: string, message: string): string {
  if (ownWords.test(reason) || ofAnAnswer.test(message)) return message;
  const status = /^http_(\d{3})$/.exec(reason)?.[1];
  return `${status === undefined ? reason : `it answered ${status}`} (in ${message.length} characters, which pintle status shows)`;
}
