/** The offset up to which a topic is durable, and who waits for it to move. */
export class HighWatermark {
  #start: number;
  #end: number;
  readonly #waiting = new Set<() => void>();

  constructor(start: number, end: number) {
    this.#start = start;
    this.#end = end;
  }

  /** Offset of the oldest record still kept. */
  get start(): number {
    return this.#start;
  }

  /** The offset below which every record is durable. */
  get end(): number {
    return this.#end;
  }

  /** Moves forward only: news from another thread may come late, but not out of order. */
  advance(start: number, end: number): void {
    if (start > this.#start) this.#start = start;
    if (end <= this.#end) return;
    this.#end = end;
    // Whoever waits again while being woken waits for the next move.
    for (const wake of [...this.#waiting]) wake();
  }

  /** Resolves as soon as `end > from`, or when the signal is aborted. */
  wait(from: number, signal: AbortSignal): Promise<void> {
    if (this.#end > from || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        if (this.#end <= from && !signal.aborted) return;
        this.#waiting.delete(wake);
        signal.removeEventListener("abort", wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal.addEventListener("abort", wake);
    });
  }
}
