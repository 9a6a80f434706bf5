/**
 * `ready()`: promises of room for one more message.
 *
 * A promise is kept only if not everybody who waits is let in at once, so each is given a place for
 * a message of the largest size. A place is used up by the next message, or lapses at the end of
 * the turn, after which whoever still waits is looked at again.
 */
export class Readiness {
  readonly #room: () => number;
  readonly #place: number;
  readonly #later: (callback: () => void) => void;
  readonly #waiting: (() => void)[] = [];
  #reserved = 0;
  #lapsing = false;

  /**
   * @param room bytes that are free
   * @param place bytes of the largest message
   * @param later calls back after everybody who has been let in has had their turn
   */
  constructor(room: () => number, place: number, later: (callback: () => void) => void) {
    this.#room = room;
    this.#place = place;
    this.#later = later;
  }

  get isWaitedFor(): boolean {
    return this.#waiting.length > 0;
  }

  ready(): Promise<void> {
    if (this.#waiting.length === 0 && this.#reserve()) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** A message has come: it takes a place, if one is reserved. */
  used(): void {
    if (this.#reserved > 0) this.#reserved--;
  }

  /** Looks again at those who wait: there may be more room. */
  release(): void {
    while (this.#waiting.length > 0 && this.#reserve()) this.#waiting.shift()!();
  }

  /** The client takes no more messages: nobody has to wait any longer. */
  end(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #reserve(): boolean {
    if (this.#room() < (this.#reserved + 1) * this.#place) return false;
    this.#reserved++;
    if (!this.#lapsing) {
      this.#lapsing = true;
      this.#later(() => {
        this.#lapsing = false;
        this.#reserved = 0;
        this.release();
      });
    }
    return true;
  }
}
