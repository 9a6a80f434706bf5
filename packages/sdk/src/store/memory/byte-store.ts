/**
 * Sizes of chunks: the first is small, because most clients hold little at a time; then they grow.
 */
const firstChunk = 16 * 1024;
const fullChunk = 256 * 1024;

/** Empty full-sized chunks that are kept for the next burst. */
const spareChunks = 4;

/** A large piece of memory that holds the bytes of many messages. */
export class Chunk {
  readonly bytes: Uint8Array;
  used = 0;
  /** Slices of it that are still needed. */
  live = 0;

  constructor(size: number) {
    this.bytes = new Uint8Array(size);
  }
}

/** Some bytes in a {@link ByteStore}; empty until `write` has filled it. */
export class Slice {
  chunk: Chunk | undefined = undefined;
  start = 0;
  /** The length in bytes; stays the same when they have been given back. */
  length = 0;

  /** A view, valid until the slice is given back. */
  get bytes(): Uint8Array {
    if (this.chunk === undefined) throw new Error("the slice has no bytes, or has given them back");
    return this.chunk.bytes.subarray(this.start, this.start + this.length);
  }
}

const encoder = new TextEncoder();

/**
 * Holds the encoded messages. Each has its bytes in a chunk that it shares with its neighbours: a
 * buffer of its own would cost 200 bytes more, and an allocation outside the heap, per message. A
 * chunk is used again when none of its messages is needed any more.
 */
export class ByteStore {
  #current = new Chunk(0);
  #spare: Chunk[] = [];
  #size = firstChunk / 4;
  #held = 0;

  /** Bytes of all slices that have not been given back. */
  get held(): number {
    return this.#held;
  }

  /**
   * Encodes the text as UTF-8 and makes `slice` its bytes. Takes no more than `most` bytes: false
   * if it is longer.
   */
  write(slice: Slice, text: string, most: number): boolean {
    // A text has at least as many bytes as UTF-16 code units, and at most three times as many.
    if (text.length > most) return false;
    let chunk = this.#current;
    let length = encodeAt(chunk, text);
    if (length === undefined) {
      chunk = this.#next(Math.min(most, 3 * text.length));
      length = encodeAt(chunk, text);
    }
    if (length === undefined || length > most) return false;
    this.#fill(slice, chunk, length);
    return true;
  }

  /** Copies bytes, and makes the copy those of `slice`. */
  copy(slice: Slice, bytes: Uint8Array): void {
    const { length } = bytes;
    const chunk = this.#current.bytes.length - this.#current.used < length ? this.#next(length) : this.#current;
    chunk.bytes.set(bytes, chunk.used);
    this.#fill(slice, chunk, length);
  }

  #fill(slice: Slice, chunk: Chunk, length: number): void {
    slice.chunk = chunk;
    slice.start = chunk.used;
    slice.length = length;
    chunk.used += length;
    chunk.live++;
    this.#held += length;
  }

  /** Gives the bytes back, if the slice has any. */
  free(slice: Slice): void {
    const { chunk } = slice;
    if (chunk === undefined) return;
    slice.chunk = undefined;
    this.#held -= slice.length;
    if (--chunk.live > 0) return;
    chunk.used = 0;
    if (chunk !== this.#current && chunk.bytes.length === fullChunk && this.#spare.length < spareChunks) {
      this.#spare.push(chunk);
    }
  }

  #next(atLeast: number): Chunk {
    const spare = atLeast <= fullChunk ? this.#spare.pop() : undefined;
    if (spare === undefined) this.#size = Math.min(fullChunk, this.#size * 4);
    this.#current = spare ?? new Chunk(Math.max(this.#size, atLeast));
    return this.#current;
  }
}

/** Bytes written behind what is used; `undefined` if the text does not fit. */
function encodeAt(chunk: Chunk, text: string): number | undefined {
  const { bytes, used } = chunk;
  if (bytes.length - used < text.length) return undefined;
  const { read, written } = encoder.encodeInto(text, bytes.subarray(used));
  return read === text.length ? written : undefined;
}
