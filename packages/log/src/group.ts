import { crc32 } from "./crc32.ts";
import { Prefix, prefixBytes, recordBytes, writePrefix } from "./record.ts";

/**
 * Bodies from this size on are written from where they are; smaller ones are copied, which is
 * cheaper than one more chunk.
 */
const byReferenceFrom = 16 * 1024;

/** A buffer that has become larger than this is not kept for the next group. */
const keptBytes = 2 * 1024 * 1024;

/**
 * Turns a group of records into the chunks of one write. The buffer is used again for every group,
 * so chunks are good until `begin`.
 */
export class GroupEncoder {
  #buffer: Uint8Array = new Uint8Array(0);
  #view: DataView = new DataView(this.#buffer.buffer);
  #chunks: Uint8Array[] = [];
  #used = 0;
  #chunkStart = 0;
  #bytes = 0;
  #records = 0;
  #epoch = 0;
  readonly #prefix = new Prefix();

  /** Bytes that the group has so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How many records the group has so far. */
  get records(): number {
    return this.#records;
  }

  /** When the group was begun, milliseconds since 1970: the time of its records. */
  get time(): number {
    return this.#prefix.time;
  }

  begin(epoch: number, group: number, time: number): void {
    if (this.#buffer.byteLength > keptBytes) this.#allocate(0);
    this.#chunks = [];
    this.#used = 0;
    this.#chunkStart = 0;
    this.#bytes = 0;
    this.#records = 0;
    this.#epoch = epoch;
    this.#prefix.group = group;
    this.#prefix.time = time;
  }

  add(offset: number, header: Uint8Array, payload: Uint8Array): void {
    const prefix = this.#prefix;
    const bytes = recordBytes(header.byteLength, payload.byteLength);
    const padding = bytes - prefixBytes - header.byteLength - payload.byteLength;
    const byReference = payload.byteLength >= byReferenceFrom;
    this.#reserve(byReference ? prefixBytes + header.byteLength + padding : bytes);
    const at = this.#used;
    const bodyAt = at + prefixBytes;
    const headerEnd = bodyAt + header.byteLength;
    const buffer = this.#buffer;
    buffer.set(header, bodyAt);
    prefix.offset = offset;
    prefix.headerLength = header.byteLength;
    prefix.payloadLength = payload.byteLength;
    if (byReference) {
      prefix.bodyCrc = crc32(payload, 0, payload.byteLength, crc32(buffer, bodyAt, headerEnd));
      this.#used = headerEnd;
      this.#endChunk();
      this.#chunks.push(payload);
    } else {
      buffer.set(payload, headerEnd);
      this.#used = headerEnd + payload.byteLength;
      prefix.bodyCrc = crc32(buffer, bodyAt, this.#used);
    }
    writePrefix(buffer, this.#view, at, this.#epoch, prefix);
    if (padding > 0) buffer.fill(0, this.#used, this.#used + padding);
    this.#used += padding;
    this.#bytes += bytes;
    this.#records++;
  }

  /** The chunks of the group, to be written one behind the other. */
  finish(): readonly Uint8Array[] {
    this.#endChunk();
    return this.#chunks;
  }

  #endChunk(): void {
    if (this.#used > this.#chunkStart) this.#chunks.push(this.#buffer.subarray(this.#chunkStart, this.#used));
    this.#chunkStart = this.#used;
  }

  /**
   * Makes room. Chunks that are finished keep the buffer that they lie in; a larger one replaces it
   * for what follows.
   */
  #reserve(bytes: number): void {
    if (this.#used + bytes <= this.#buffer.byteLength) return;
    this.#endChunk();
    this.#allocate(Math.max(4096, 2 * this.#buffer.byteLength, bytes));
    this.#used = 0;
    this.#chunkStart = 0;
  }

  #allocate(size: number): void {
    this.#buffer = Buffer.allocUnsafeSlow(size);
    this.#view = new DataView(this.#buffer.buffer, this.#buffer.byteOffset, size);
  }
}
