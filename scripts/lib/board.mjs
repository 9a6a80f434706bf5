/**
 * Lines at the bottom of a terminal that are drawn anew in their place. Where the output is no
 * terminal, the last of them is printed every few seconds instead.
 */
export class Board {
  #out;
  #drawn = 0;
  #pause;
  #printedAt = Number.NEGATIVE_INFINITY;

  constructor(out = process.stdout, pause = 5000) {
    this.#out = out;
    this.#pause = pause;
  }

  /**
   * @param lines for a terminal; @param summary the same in one line, for everything else; @param
   * last whether none follows
   */
  show(lines, summary, last = false) {
    if (!this.#out.isTTY) {
      const now = performance.now();
      if (now - this.#printedAt < this.#pause && !last) return;
      this.#printedAt = now;
      this.#out.write(`${summary}\n`);
      return;
    }
    // A line that wraps would take two rows, and the next drawing would start too low.
    const width = (this.#out.columns ?? 80) - 1;
    const text = lines.map((line) => `${line.length > width ? `${line.slice(0, width - 1)}…` : line}\n`).join("");
    this.#out.write(this.#erase() + text);
    this.#drawn = lines.length;
  }

  /** Prints a line that stays, above the others. */
  say(line) {
    this.#out.write(`${this.#erase()}${line}\n`);
    this.#drawn = 0;
  }

  #erase() {
    return this.#drawn === 0 ? "" : `\u001b[${this.#drawn}F\u001b[J`;
  }
}
