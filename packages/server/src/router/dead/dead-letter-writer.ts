import { errorMessage } from "@pintle/events";
import type { Engine, NewRecord } from "../../engine/engine.ts";
import { encodeDeadLetter } from "../../records/dead-letter.ts";
import type { Entry } from "../lanes/entry.ts";
import type { DeadEnding } from "../ledger/ending.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { redactedAnswer } from "../ledger/tap.ts";
import { backoff, longestShortWait } from "../time/backoff.ts";
import type { Clock } from "../time/clock.ts";

export interface DeadLetterWriterOptions {
  readonly destinationId: string;
  readonly engine: Engine;
  readonly clock: Clock;
  /** Gives a number in [0, 1). */
  readonly random: () => number;
  readonly ledger: Ledger;
}

/**
 * Writes the dead letters of one destination to `dead.<id>`. One that cannot be written now (the
 * disk is full) is tried again until it can: its event counts as waiting so long, and progress does
 * not move past it.
 */
export class DeadLetterWriter {
  readonly #options: DeadLetterWriterOptions;
  readonly #topic: string;
  /** Letters that could not be written, to be tried again. */
  #unwritten: (() => void)[] = [];
  #failures = 0;
  #cancelRetry: (() => void) | undefined;
  #closed = false;

  constructor(options: DeadLetterWriterOptions) {
    this.#options = options;
    this.#topic = `dead.${options.destinationId}`;
  }

  /**
   * Gives an event up: it ends once its letter is durable. `range`: it stands for the records
   * before this offset.
   */
  write(entry: Entry, why: DeadEnding, range?: { readonly to: number }): void {
    if (!entry.isOut) this.#options.ledger.begin(entry);
    this.#append(entry, why, this.#letter(entry, why, range));
  }

  /**
   * Writes the letter of an event that its destination gives up in a transaction, before it
   * commits. Rejects when it cannot be written. The event ends when the transaction is committed.
   */
  async writeBeforeCommit(entry: Entry, why: DeadEnding): Promise<void> {
    await this.#options.engine.append(this.#topic, this.#letter(entry, why));
  }

  /** Forgets what is not written: after the next start those events come up again. */
  close(): void {
    this.#closed = true;
    this.#cancelRetry?.();
    this.#unwritten = [];
  }

  #letter(entry: Entry, { reason, detail, answer, request }: DeadEnding, range?: { readonly to: number }): NewRecord {
    const { partition, record, index, origin, event, sourceId, attempts, firstAttempt } = entry;
    const { clock, ledger } = this.#options;
    const { problems } = ledger;
    const wall = clock.wall();
    problems.note(reason, detail ?? reason);
    return encodeDeadLetter({
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
      ...(answer === undefined ? {} : { answer: redactedAnswer(answer, (text) => problems.redact(text)) }),
      ...(request === undefined ? {} : { request }),
      ...(detail === undefined ? {} : { detail: problems.redact(detail) }),
    });
  }

  #append(entry: Entry, why: DeadEnding, letter: NewRecord): void {
    const { engine, ledger } = this.#options;
    // Its partition was taken away: whoever has it now writes the letter.
    if (entry.partition.isGone) {
      ledger.end(entry, why);
      return;
    }
    engine.append(this.#topic, letter).then(
      () => {
        if (this.#closed) return;
        this.#failures = 0;
        ledger.end(entry, why);
        ledger.wake();
      },
      (error: unknown) => {
        if (this.#closed) return;
        // Once, and not for every letter of a full disk.
        const message = `a dead letter cannot be written: ${errorMessage(error)}`;
        if (this.#unwritten.length === 0 && this.#failures === 0) ledger.problems.report("dead_letter", message);
        else ledger.problems.note("dead_letter", message);
        this.#unwritten.push(() => this.#append(entry, why, letter));
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
      const again = this.#unwritten;
      this.#unwritten = [];
      for (const append of again) append();
    });
  }
}
