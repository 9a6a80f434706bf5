/**
 * Single messages, refused alike with no success in between, from which on they are not at fault
 * themselves.
 */
export const alikeLimit = 3;

/**
 * Requests in a row whose body was not understood, after which no batch is taken apart at once any
 * more: enough to find one message among 20,000, and few enough for a server that is wrong about
 * everything.
 */
export const misreadLimit = 24;

/**
 * What the client knows about refusals of single messages (400, 413). A server that refuses
 * everything looks like one that refuses a bad message, until several messages have been refused in
 * the same words and nothing has been accepted.
 */
export class Refusals {
  #successes = 0;
  #alike = 0;
  #last = "";
  #misread = 0;

  /** Requests that succeeded so far. */
  get successes(): number {
    return this.#successes;
  }

  succeeded(): void {
    this.#successes++;
    this.#alike = 0;
    this.#misread = 0;
  }

  /** A body was not understood. Returns how many in a row were not, this one included. */
  misread(): number {
    return ++this.#misread;
  }

  /**
   * A message has been refused alone. Returns how many in a row were refused so, this one included.
   */
  refused(status: number, words: string): number {
    const refusal = `${status} ${words}`;
    this.#alike = refusal === this.#last ? this.#alike + 1 : 1;
    this.#last = refusal;
    return this.#alike;
  }
}
