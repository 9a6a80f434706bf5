import { hashUserKey } from "@pintle/events";
import type { Dead, Retry } from "@pintle/kit";
import type { Entry } from "../lanes/entry.ts";
import type { Counters } from "../ledger/counters.ts";
import { backoff } from "../time/backoff.ts";
import { Absences } from "./absences.ts";
import { longestOwnWait, scopeOf } from "./failure-scope.ts";

/** A batch whose outcomes are judged. */
export interface JudgedBatch {
  readonly isProbe: boolean;
  readonly now: number;
  /**
   * Whether its refusals may be those of one server of several. One refusal, of however many
   * events.
   */
  passing: boolean | undefined;
}

const noUserKey = hashUserKey("");

/** Refusals without a delivery between them that stop a destination that has worked before. */
const refusalsInARow = 8;

/** What is known of a destination from before this start. */
export interface DeliveryHistory {
  /** Whether it has delivered anything, before this start or since. */
  readonly hasDelivered: boolean;
  /** Notes that it has. */
  delivered(): void;
}

export interface OutcomeJudgeOptions {
  readonly counters: Pick<Counters, "delivered">;
  readonly history: DeliveryHistory;
  /** Gives a number in [0, 1). */
  readonly random: () => number;
  /** The bound of the waits of an event that fails while others are delivered, milliseconds. */
  readonly longestOwnWait: number;
}

/**
 * What outcomes mean in the light of those before them: whether a failure is one event's trouble or
 * its destination's, and whether an event is given up.
 */
export class OutcomeJudge {
  readonly #options: OutcomeJudgeOptions;
  readonly #absences = new Absences();
  /** Refusals since something got through, that may be those of one server behind a balancer. */
  #refusedInARow = 0;
  #hasDelivered: boolean;

  constructor(options: OutcomeJudgeOptions) {
    this.#options = options;
    this.#hasDelivered = options.history.hasDelivered;
  }

  /** A batch goes out. Returns its number. */
  send(): number {
    return this.#absences.send();
  }

  /** The destination took this event of the batch. */
  delivered(batch: number, { keyHash }: Entry): void {
    this.#absences.delivered(batch, keyHash);
    if (this.#hasDelivered) return;
    this.#hasDelivered = true;
    this.#options.history.delivered();
  }

  /** The destination took or refused an event for what it is. */
  gotThrough(): void {
    this.#refusedInARow = 0;
  }

  /**
   * The outcome with what is known besides: `scope` says whose trouble it is, and `outcome` whether
   * the event is tried again.
   */
  judge(entry: Entry, outcome: Retry | Dead, batch: JudgedBatch): Retry | Dead {
    if (outcome.outcome === "dead")
      return outcome.inARow === undefined ? outcome : this.#judgeAbsence(entry, outcome, batch);
    const { delivered } = this.#options.counters;
    let scope = scopeOf(outcome, delivered, entry.deliveredAtFailure);
    if (scope === "destination" && !batch.isProbe) {
      batch.passing ??= this.#isPassing(outcome);
      if (batch.passing) scope = "event";
    }
    entry.deliveredAtFailure ??= delivered;
    entry.absence = undefined;
    return scope === outcome.scope ? outcome : { ...outcome, scope };
  }

  /** How long an event waits that failed again while others get through, milliseconds. */
  ownWait(entry: Entry, outcome: Retry, now: number): number {
    const { absence } = entry;
    const failures = ++entry.failures;
    // The first time soon: if others are delivered meanwhile, it is decided then.
    const held = absence === undefined || absence.at === now ? 0 : this.#absences.holdUntil(absence) - now;
    const longest = longestOwnWait(outcome, failures, this.#options.longestOwnWait);
    // Growing half as fast as those of a destination: others get through, so what it costs is one
    // request.
    return backoff(Math.ceil(failures / 2), this.#options.random, Math.max(outcome.after ?? 0, held), longest);
  }

  #judgeAbsence(entry: Entry, outcome: Dead, { now }: JudgedBatch): Retry | Dead {
    const before = entry.absence?.reason === outcome.reason ? entry.absence : undefined;
    const key = entry.keyHash === noUserKey ? undefined : entry.keyHash;
    const scope = this.#absences.judge({ before, key }, outcome, this.#hasDelivered, now);
    if (scope === "event") return outcome;
    entry.absence = before ?? this.#absences.absence(outcome, now);
    const { inARow: _inARow, ...failure } = outcome;
    if (scope === undefined) return { ...failure, outcome: "retry", scope: "event" };
    const detail = `several events in a row: ${outcome.detail ?? outcome.reason}`;
    return { ...failure, outcome: "retry", scope, ages: false, detail };
  }

  /**
   * Whether a refusal (502, 503, 504 without `Retry-After`) may be that of one server behind a
   * balancer: the destination took events before, and has not refused several in a row since. A
   * third of all requests refused is no reason to stop.
   */
  #isPassing(outcome: Retry): boolean {
    if (outcome.answer === undefined || outcome.after !== undefined || outcome.ages === false) return false;
    if (!this.#hasDelivered) return false;
    this.#refusedInARow++;
    return this.#refusedInARow < refusalsInARow;
  }
}
