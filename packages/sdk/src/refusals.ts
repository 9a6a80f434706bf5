/** So many messages alone, refused alike with no success in between, are not at fault themselves. */
export const alikeLimit = 3;

/**
 * What the client knows about refusals of single messages (400, 413). A server that refuses everything looks like one that
 * refuses a bad message, until several messages have been refused in the same words and nothing has been accepted.
 */
export class Refusals {
  #successes = 0;
  #alike = 0;
  #last = "";

  /** Requests that succeeded so far. */
  get successes(): number {
    return this.#successes;
  }

  succeeded(): void {
    this.#successes++;
    this.#alike = 0;
  }

  /** A message has been refused alone. Returns how many in a row were refused so, this one included. */
  refused(status: number, words: string): number {
    const refusal = `${status} ${words}`;
    this.#alike = refusal === this.#last ? this.#alike + 1 : 1;
    this.#last = refusal;
    return this.#alike;
  }
}
