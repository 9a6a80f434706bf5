import { crc32 } from "./crc32.ts";
import { Prefix, prefixBytes, recordBytes, writePrefix } from "./record.ts";

/** Bodies from this size on are written from where they are; smaller ones are copied, which is cheaper than one more chunk. */
const byReferenceFrom = 16 * 1024;

/**
 * Turns a group of records into the chunks of one write. The buffer is used again for every group, so chunks are good until `begin`.
 */
export class GroupEncoder {
  #buffer: Uint8Array = new Uint8Array(0);
  #view: DataView = new DataView(this.#buffer.buffer);
  #chunks: Uint8Array[] = [];
  #used = 0;
  #chunkStart = 0;
  #bytes = 0;
  #epoch = 0;
  readonly #prefix = new Prefix();

  /** Bytes that the group has so far. */
  get bytes(): number {
    return this.#bytes;
  }

  begin(epoch: number, group: number, time: number): void {
    this.#chunks = [];
    this.#used = 0;
    this.#chunkStart = 0;
    this.#bytes = 0;
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

  /** Makes room. Chunks that are finished keep the buffer that they lie in; a larger one replaces it for what follows. */
  #reserve(bytes: number): void {
    if (this.#used + bytes <= this.#buffer.byteLength) return;
    this.#endChunk();
    const size = Math.max(4096, 2 * this.#buffer.byteLength, bytes);
    this.#buffer = Buffer.allocUnsafeSlow(size);
    this.#view = new DataView(this.#buffer.buffer, this.#buffer.byteOffset, size);
    this.#used = 0;
    this.#chunkStart = 0;
  }
}
