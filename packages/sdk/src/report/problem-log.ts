import { EventError } from "@pintle/events";
import type { Settings } from "../config.ts";
import type { PintleError } from "../errors.ts";
import type { Dropped } from "../outcome.ts";
import type { CallRefusal } from "../refusal.ts";
import { eventName, logText } from "./log-text.ts";
import { Reporter } from "./reporter.ts";

/** What the log has of a message, as the program gave it. */
export interface MessageNames {
  readonly type?: unknown;
  readonly event?: unknown;
}

/** What of all that a client tells is worth a line in the program's log, and in which words. */
export class ProblemLog {
  readonly #reporter: Reporter;

  constructor({ logger, verbose }: Pick<Settings, "logger" | "verbose">, monotonic: () => number) {
    this.#reporter = new Reporter(logger, verbose, monotonic);
  }

  /**
   * Mistakes are told apart by what is wrong with which event; a full queue and a closed client are
   * the same for all.
   */
  refused({ reason, error }: CallRefusal, { type: givenType, event }: MessageNames): void {
    if (reason === "queue_full" || reason === "closed") {
      this.#reporter.problem("warn", `refused ${reason}`, `a message was refused: ${error.message}`);
      return;
    }
    const [type, field] = error instanceof EventError ? [error.type, error.field] : [givenType, ""];
    const name = field === "event" ? "" : eventName(event);
    this.#reporter.problem(
      "warn",
      `refused ${error.code}`,
      `a message${name} was refused: ${logText(error)}`,
      detailOf(type, event, field),
    );
  }

  /**
   * @param rejected a message that the data plane refused: a mistake of the program's, like what is
   * refused at the call
   */
  dropped({ reason, error }: Dropped, count: number, rejected: MessageNames | undefined): void {
    const what = count === 1 ? "a message was" : `${count} messages were`;
    this.#reporter.problem(
      "error",
      `dropped ${reason}`,
      `${what} dropped as ${reason}: ${logText(error)}`,
      detailOf(rejected?.type, rejected?.event),
    );
  }

  problem(error: PintleError, kind: string): void {
    this.#reporter.problem(error.code === "PINTLE_SEND_FAILED" ? "warn" : "error", kind, logText(error));
  }

  /**
   * A value that JSON drops or changes: once for each kind, because a program that has one has
   * many.
   */
  loss(kind: string, text: string): void {
    this.#reporter.problem("warn", "loss", text, kind);
  }

  /** @param thrown kind and length of what was thrown */
  listenerFailed(event: string, thrown: string): void {
    this.#reporter.problem("error", `listener ${event}`, `a listener of "${event}" failed: ${thrown}`);
  }

  debug(text: () => string): void {
    this.#reporter.debug(text);
  }

  /** Logs what has been held back: to be called at the end. */
  close(): void {
    this.#reporter.close();
  }
}

function detailOf(...names: unknown[]): string {
  return names.map((each) => (typeof each === "string" ? each : "")).join("\0");
}

/** Calls back with the log: at once, or when its code is there. */
export type TellLog = (tell: (log: ProblemLog) => void) => void;

/** A log that is there at once. */
export function openLog(...given: ConstructorParameters<typeof ProblemLog>): TellLog {
  const log = new ProblemLog(...given);
  return (tell) => tell(log);
}
