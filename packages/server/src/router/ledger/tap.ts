import type { DeliveredEvent } from "@pintle/events/gateway";
import type { Adjustment, Answer, SentRequest } from "@pintle/kit";
import type { Ending } from "./ending.ts";

/** What happened to an event. */
export type Step =
  /** Read for this destination. */
  | { readonly kind: "accepted"; readonly event: DeliveredEvent }
  /** The transformation was run, and these go out in its place. */
  | { readonly kind: "transformed"; readonly events: readonly DeliveredEvent[] }
  /** The destination was asked. */
  | AttemptStep
  /** Ended, or parked. */
  | Ending;

/** One attempt at an event. */
export interface AttemptStep {
  readonly kind: "attempt";
  /** 1 for the first one. */
  readonly number: number;
  /** `retry`: it will be tried again. */
  readonly outcome: "delivered" | "retry" | "dead";
  readonly reason?: string;
  readonly detail?: string;
  /** What of the event was changed to suit the service, where it was delivered. */
  readonly adjusted?: readonly Adjustment[];
  /** What was sent for it, and what was answered: for destinations that are reached by HTTP. */
  readonly requests: readonly SentRequest[];
}

/** A step, and the event that took it. */
export interface WatchedStep {
  readonly destinationId: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly sourceId: string;
  /** Where the event stands in `events`: partition, record, position in the record. */
  readonly partition: number;
  readonly offset: number;
  readonly index: number;
  readonly messageId: string;
  readonly step: Step;
}

/**
 * The place where the way of events can be watched, for all destinations. Parts ask `isWatched`
 * before they make anything for it, so it costs nothing while nobody watches.
 */
export class Tap {
  readonly #watchers = new Set<(step: WatchedStep) => void>();
  #isWatched = false;

  get isWatched(): boolean {
    return this.#isWatched;
  }

  /**
   * Tells of every step from now on, at once and in order; `watcher` must not take long. One that
   * throws is told nothing more.
   *
   * @returns a function that ends it
   */
  watch(watcher: (step: WatchedStep) => void): () => void {
    this.#watchers.add(watcher);
    this.#isWatched = true;
    return () => this.#end(watcher);
  }

  tell(step: WatchedStep): void {
    for (const watcher of this.#watchers) {
      try {
        watcher(step);
      } catch {
        // It is no part of the way of events.
        this.#end(watcher);
      }
    }
  }

  #end(watcher: (step: WatchedStep) => void): void {
    this.#watchers.delete(watcher);
    this.#isWatched = this.#watchers.size > 0;
  }
}

/**
 * A step with what is secret hidden in whatever a destination said. Of requests it is hidden
 * already, and events are their sender's.
 */
export function redactedStep(step: Step, redact: (text: string) => string): Step {
  if (step.kind === "attempt") {
    const requests = step.requests.map((sent) => ({
      ...sent,
      ...(sent.answer === undefined ? {} : { answer: redactedAnswer(sent.answer, redact) }),
      ...(sent.error === undefined ? {} : { error: redact(sent.error) }),
    }));
    const adjusted = step.adjusted?.map(({ reason, detail }) => ({
      reason,
      ...(detail === undefined ? {} : { detail: redact(detail) }),
    }));
    return {
      ...step,
      requests,
      ...(adjusted === undefined ? {} : { adjusted }),
      ...(step.detail === undefined ? {} : { detail: redact(step.detail) }),
    };
  }
  if (step.kind !== "dead") return step;
  return {
    ...step,
    ...(step.detail === undefined ? {} : { detail: redact(step.detail) }),
    ...(step.answer === undefined ? {} : { answer: redactedAnswer(step.answer, redact) }),
  };
}

/** An answer as it is kept and shown. */
export function redactedAnswer({ status, headers, body }: Answer, redact: (text: string) => string): Answer {
  const shown = Object.entries(headers).map(([name, value]): [string, string] => [name, redact(value)]);
  return { status, headers: Object.fromEntries(shown), body: redact(body) };
}
