/** Milliseconds of each phase of a start, counted from that of the process. */
export class StartTimes {
  readonly milliseconds: Record<string, number> = {};
  #last = 0;

  /** Notes that a phase is over; the next begins. */
  lap(phase: string): void {
    const now = performance.now();
    this.milliseconds[phase] = Math.round(now - this.#last);
    this.#last = now;
  }
}
