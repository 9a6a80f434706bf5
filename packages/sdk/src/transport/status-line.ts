const longest = 256 * 1024;

/**
 * The status of an answer from its first bytes, which tells what became of a request even if the
 * head behind it cannot be read. Heads of interim answers (1xx) are passed over.
 */
export class StatusLine {
  readonly #decoder = new TextDecoder("latin1");
  #isEmpty = true;
  #text = "";
  #status: number | undefined;

  /** Undefined while its line is not complete, or if there is none. */
  get status(): number | undefined {
    return this.#status;
  }

  /** Whether nothing has come yet. */
  get isEmpty(): boolean {
    return this.#isEmpty;
  }

  push(chunk: Uint8Array): void {
    this.#isEmpty = false;
    if (this.#status !== undefined || this.#text.length > longest) return;
    this.#text += this.#decoder.decode(chunk);
    for (;;) {
      const line = /^HTTP\/1\.[01] (\d{3})(?: [^\n]*)?\r?\n/.exec(this.#text);
      if (line === null) return;
      const status = Number(line[1]);
      if (status >= 200) {
        this.#status = status;
        return;
      }
      const end = this.#text.indexOf("\r\n\r\n");
      if (end === -1) return;
      this.#text = this.#text.slice(end + 4);
    }
  }
}
