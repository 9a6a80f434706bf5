import type { Outcome } from "@pintle/kit";
import type { Engine, NewRecord } from "../../engine/engine.ts";
import { encodeDeadLetter } from "../../records/dead-letter.ts";
import type { Entry } from "../lanes/lanes.ts";
import { type Account, messageOf } from "../ledger/counters.ts";
import { backoff, longestShortWait } from "../time/backoff.ts";
import type { Clock } from "../time/clock.ts";

export interface DeadLetterWriterOptions {
  readonly destinationId: string;
  readonly engine: Engine;
  readonly clock: Clock;
  readonly random: () => number;
  readonly account: Account;
  /** The entry's dead letter is durable. */
  readonly buried: (entry: Entry, reason: string) => void;
}

/**
 * Writes the dead letters of one destination to `dead.<id>`. One that cannot be written now (the disk is full) is tried
 * again until it can: its event counts as waiting so long, and progress does not move past it.
 */
export class DeadLetterWriter {
  readonly #options: DeadLetterWriterOptions;
  /** Letters that could not be written, to be tried again. */
  #unburied: (() => void)[] = [];
  #failures = 0;
  #cancelRetry: (() => void) | undefined;
  #closed = false;

  constructor(options: DeadLetterWriterOptions) {
    this.#options = options;
  }

  bury(
    entry: Entry,
    reason: string,
    outcome: Pick<Outcome, "detail" | "answer" | "request">,
    range?: { to: number },
  ): void {
    this.#write(entry, reason, this.#letter(entry, reason, outcome, range));
  }

  /**
   * Writes the letter of an event that its destination gives up in a transaction, before it commits. Rejects when it cannot be
   * written. Nothing is counted: that comes when the transaction is committed.
   */
  async write(
    entry: Entry,
    { reason, ...outcome }: Pick<Outcome, "reason" | "detail" | "answer" | "request">,
  ): Promise<void> {
    const { engine, destinationId } = this.#options;
    await engine.append(`dead.${destinationId}`, this.#letter(entry, reason, outcome));
  }

  #letter(
    entry: Entry,
    reason: string,
    { detail, answer, request }: Pick<Outcome, "detail" | "answer" | "request">,
    range?: { readonly to: number },
  ): NewRecord {
    const { partition, record, index, origin, event, sourceId, attempts, firstAttempt, keyHash } = entry;
    const { clock, account } = this.#options;
    const wall = clock.wall();
    account.note(reason, detail ?? reason);
    const letter = encodeDeadLetter({
      reason,
      sourceId,
      partition: origin?.partition ?? partition.source.partition,
      offset: origin?.offset ?? record.offset,
      index: origin?.index ?? index,
      at: wall,
      attempts,
      ...(firstAttempt === undefined ? {} : { firstAttempt: Math.round(wall - (clock.now() - firstAttempt)) }),
      event,
      ...(range === undefined ? {} : { ...range, events: entry.weight }),
      ...(answer === undefined ? {} : { answer: this.#redacted(answer) }),
      ...(request === undefined ? {} : { request }),
      ...(detail === undefined ? {} : { detail: account.redact(detail) }),
    });
    return { keyHash, ...letter };
  }

  /** Forgets what is not written: after the next start those events come up again. */
  close(): void {
    this.#closed = true;
    this.#cancelRetry?.();
    this.#unburied = [];
  }

  #write(entry: Entry, reason: string, letter: NewRecord): void {
    const { engine, destinationId, account, buried } = this.#options;
    engine.append(`dead.${destinationId}`, letter).then(
      () => {
        if (this.#closed) return;
        this.#failures = 0;
        account.dead.add(reason, entry.weight);
        buried(entry, reason);
      },
      (error: unknown) => {
        if (this.#closed) return;
        // Once, and not for every letter of a full disk.
        const message = `a dead letter cannot be written: ${messageOf(error)}`;
        if (this.#unburied.length === 0 && this.#failures === 0) account.report("dead_letter", message);
        else account.note("dead_letter", message);
        this.#unburied.push(() => this.#write(entry, reason, letter));
        this.#retryLater();
      },
    );
  }

  #retryLater(): void {
    if (this.#cancelRetry !== undefined) return;
    this.#failures++;
    const wait = backoff(this.#failures, this.#options.random, 0, longestShortWait);
    this.#cancelRetry = this.#options.clock.after(wait, () => {
      this.#cancelRetry = undefined;
      const again = this.#unburied;
      this.#unburied = [];
      for (const write of again) write();
    });
  }

  #redacted(answer: NonNullable<Outcome["answer"]>): NonNullable<Outcome["answer"]> {
    const { account } = this.#options;
    const headers = Object.entries(answer.headers).map(([name, value]) => [name, account.redact(value)]);
    return { status: answer.status, headers: Object.fromEntries(headers), body: account.redact(answer.body) };
  }
}
