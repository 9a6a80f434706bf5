/**
 * Bytes of an answer that are kept: enough for a server's words, too little to be a way to fill our
 * memory.
 */
export const keptBytes: number = 64 * 1024;

/**
 * Bytes that are read at most. Up to here a longer body is drained, which frees the connection for
 * the next request; beyond, a new connection is cheaper than the rest of the body.
 */
export const drainedBytes: number = 1024 * 1024;

/** The text of an answer, collected chunk by chunk and cut at {@link keptBytes}. */
export class AnswerBody {
  readonly #decoder = new TextDecoder();
  #text = "";
  #read = 0;

  /** False as soon as the rest is not worth draining. */
  push(chunk: Uint8Array): boolean {
    const room = keptBytes - this.#read;
    // `stream` holds back a character that the cut or the end of a chunk has split.
    if (room > 0) this.#text += this.#decoder.decode(chunk.subarray(0, room), { stream: true });
    this.#read += chunk.byteLength;
    return this.#read < drainedBytes;
  }

  /** What has been kept; a character that the cut has split is left out. */
  get text(): string {
    return this.#text;
  }
}
