import type { Timers } from "./timers.ts";

/** One timer for everything: calls back at the earliest moment that was asked for. */
export class WakeUp {
  readonly #after: Timers["after"];
  readonly #callback: () => void;
  #at = Number.POSITIVE_INFINITY;
  #cancel: (() => void) | undefined;

  constructor({ after }: Pick<Timers, "after">, callback: () => void) {
    this.#after = after;
    this.#callback = callback;
  }

  /** Wakes at that moment, unless an earlier one is set. */
  at(moment: number, now: number): void {
    if (moment < this.#at) this.set(moment, now);
  }

  /** Wakes at that moment, whatever was set; never, if it is infinite. */
  set(moment: number, now: number): void {
    if (moment === this.#at) return;
    this.cancel();
    if (moment === Number.POSITIVE_INFINITY) return;
    this.#at = moment;
    this.#cancel = this.#after(Math.max(0, moment - now), () => {
      this.#at = Number.POSITIVE_INFINITY;
      this.#cancel = undefined;
      this.#callback();
    });
  }

  cancel(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#at = Number.POSITIVE_INFINITY;
  }
}
