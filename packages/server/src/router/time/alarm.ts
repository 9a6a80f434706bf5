import type { Clock } from "./clock.ts";

/** A timer for one moment at a time. */
export class Alarm {
  readonly #clock: Clock;
  readonly #ring: () => void;
  #cancel: (() => void) | undefined;
  #at = Number.POSITIVE_INFINITY;

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  /**
   * Rings at this moment, and not at the one before.
   *
   * @param at in the clock's `now`; infinity: never
   */
  set(at: number): void {
    if (at === this.#at) return;
    this.cancel();
    this.#at = at;
    if (at === Number.POSITIVE_INFINITY) return;
    this.#cancel = this.#clock.after(Math.max(0, Math.ceil(at - this.#clock.now())), () => {
      this.#cancel = undefined;
      this.#at = Number.POSITIVE_INFINITY;
      this.#ring();
    });
  }

  cancel(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#at = Number.POSITIVE_INFINITY;
  }
}
