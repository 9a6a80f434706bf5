import { deserialize, serialize } from "node:v8";

/*
 * How two processes hand each other one value over a pipe: its length in four bytes, then the value
 * as `node:v8` writes it. (The channel that Node offers is within reach of whatever runs in the
 * process, as `process.send`; programs that find it there use it.)
 */

/** @throws what cannot be handed over: a function, a symbol */
export function encodeFrame(value: unknown): Uint8Array {
  const body = serialize(value);
  const frame = Buffer.allocUnsafe(4 + body.length);
  frame.writeUInt32LE(body.length);
  body.copy(frame, 4);
  return frame;
}

/** Puts a frame together from the pieces in which it arrives. */
export class ConfigFrameReader {
  readonly #chunks: Buffer[] = [];
  #bytes = 0;

  /** Whether anything has arrived. */
  get hasBegun(): boolean {
    return this.#bytes > 0;
  }

  /** The value, once all of it is there. What comes behind it is of no concern. */
  take(chunk: Buffer): { readonly value: unknown } | undefined {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes < 4) return undefined;
    const all = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks);
    this.#chunks.splice(0, this.#chunks.length, all);
    const length = all.readUInt32LE();
    return this.#bytes < 4 + length ? undefined : { value: deserialize(all.subarray(4, 4 + length)) };
  }
}
