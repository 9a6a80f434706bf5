import { decodeEventRecord } from "../../records/event-record.ts";

/** 32-bit words of a hash. */
export const hashWords = 4;

/**
 * The 128-bit hashes of the (source, `messageId`) of every event in a record, `hashWords` words for
 * each. From the header alone: what it costs does not depend on the size of the events. A header
 * that cannot be read has none: its record becomes one dead letter, or stops the consumer that
 * reads it.
 */
export function hashesOf(header: Uint8Array): Uint32Array {
  let facts: ReturnType<typeof decodeEventRecord>;
  try {
    facts = decodeEventRecord(header);
  } catch {
    return new Uint32Array(0);
  }
  const { sourceId, messageIds } = facts;
  const hashes = new Uint32Array(messageIds.length * hashWords);
  for (let k = 0; k < messageIds.length; k++) hashInto(hashes, k * hashWords, sourceId, messageIds[k]!);
  return hashes;
}

const [c1, c2, c3, c4] = [0x239b961b, 0xab0e9789, 0x38b34ae5, 0xa1e38b93] as const;

/**
 * MurmurHash3, the x86 variant with 128 bits, over the UTF-16 units of both texts with a unit
 * between them that no id has. Source of the algorithm: A. Appleby, MurmurHash3.cpp, which is in
 * the public domain. It need not withstand an attack: whoever can make two ids with one hash could
 * as well send one id twice.
 */
export function hashInto(hashes: Uint32Array, at: number, source: string, id: string): void {
  const length = source.length + 1 + id.length;
  const unit = (index: number): number => {
    if (index < source.length) return source.charCodeAt(index);
    if (index === source.length) return 0;
    return index < length ? id.charCodeAt(index - source.length - 1) : 0;
  };
  let h1 = 0;
  let h2 = 0;
  let h3 = 0;
  let h4 = 0;
  // Eight units of two bytes make a block; the last one is filled with zeros, and the length, mixed
  // in below, tells how far.
  for (let index = 0; index < length; index += 8) {
    let k1 = unit(index) | (unit(index + 1) << 16);
    let k2 = unit(index + 2) | (unit(index + 3) << 16);
    let k3 = unit(index + 4) | (unit(index + 5) << 16);
    let k4 = unit(index + 6) | (unit(index + 7) << 16);

    k1 = Math.imul(rotl(Math.imul(k1, c1), 15), c2);
    h1 = (Math.imul((rotl(h1 ^ k1, 19) + h2) | 0, 5) + 0x561ccd1b) | 0;
    k2 = Math.imul(rotl(Math.imul(k2, c2), 16), c3);
    h2 = (Math.imul((rotl(h2 ^ k2, 17) + h3) | 0, 5) + 0x0bcaa747) | 0;
    k3 = Math.imul(rotl(Math.imul(k3, c3), 17), c4);
    h3 = (Math.imul((rotl(h3 ^ k3, 15) + h4) | 0, 5) + 0x96cd1c35) | 0;
    k4 = Math.imul(rotl(Math.imul(k4, c4), 18), c1);
    h4 = (Math.imul((rotl(h4 ^ k4, 13) + h1) | 0, 5) + 0x32ac3b17) | 0;
  }
  h1 ^= 2 * length;
  h2 ^= 2 * length;
  h3 ^= 2 * length;
  h4 ^= 2 * length;
  h1 = (h1 + h2 + h3 + h4) | 0;
  h2 = (h2 + h1) | 0;
  h3 = (h3 + h1) | 0;
  h4 = (h4 + h1) | 0;
  h1 = mix(h1);
  h2 = mix(h2);
  h3 = mix(h3);
  h4 = mix(h4);
  h1 = (h1 + h2 + h3 + h4) | 0;
  hashes[at] = h1;
  hashes[at + 1] = h2 + h1;
  hashes[at + 2] = h3 + h1;
  hashes[at + 3] = h4 + h1;
}

function rotl(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

function mix(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
