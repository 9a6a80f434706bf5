import { decodeEventRecord, glanceAtRecord } from "../../records/event-record.ts";

/** 32-bit words of a hash. */
export const hashWords = 4;

/**
 * The 128-bit hashes of the (source, `messageId`) of every event in a record, `hashWords` words for
 * each. From the header alone: what it costs does not depend on the size of the events. A header
 * that cannot be read has none: its record becomes one dead letter, or stops the consumer that
 * reads it.
 */
export function hashesOf(header: Uint8Array): Uint32Array {
  try {
    return hashesOfBytes(header) ?? hashesOfTexts(header);
  } catch {
    return new Uint32Array(0);
  }
}

/** Where all is ASCII, whose bytes are its units. */
function hashesOfBytes(header: Uint8Array): Uint32Array | undefined {
  const { count, sourceAt, ipAt, idsAt } = glanceAtRecord(header);
  const hashes = new Uint32Array(count * hashWords);
  const source = ipAt - sourceAt;
  reserve(header.length);
  for (let at = 0; at < source; at++) units[at] = header[sourceAt + at]!;
  units[source] = 0;
  let length = source + 1;
  let seen = 0;
  for (let at = sourceAt; at < ipAt; at++) seen |= header[at]!;
  for (let at = idsAt, place = 0; ; at++) {
    const byte = header[at];
    if (byte !== undefined && byte !== lineFeed) {
      seen |= byte;
      units[length++] = byte;
      continue;
    }
    hashUnits(hashes, place, length);
    place += hashWords;
    length = source + 1;
    if (byte === undefined) return seen < 0x80 ? hashes : undefined;
  }
}

function hashesOfTexts(header: Uint8Array): Uint32Array {
  const { sourceId, messageIds } = decodeEventRecord(header);
  const hashes = new Uint32Array(messageIds.length * hashWords);
  for (let k = 0; k < messageIds.length; k++) hashInto(hashes, k * hashWords, sourceId, messageIds[k]!);
  return hashes;
}

const lineFeed = 0x0a;
/** What is being hashed, with room for a block of zeros behind it. */
let units = new Uint16Array(1024);

function reserve(length: number): void {
  if (length + 16 > units.length) units = new Uint16Array(2 * length + 16);
}

const [c1, c2, c3, c4] = [0x239b961b, 0xab0e9789, 0x38b34ae5, 0xa1e38b93] as const;

/**
 * MurmurHash3, the x86 variant with 128 bits, over the UTF-16 units of both texts with a unit
 * between them that no id has. Source of the algorithm: A. Appleby, MurmurHash3.cpp, which is in
 * the public domain. It need not withstand an attack: whoever can make two ids with one hash could
 * as well send one id twice.
 */
export function hashInto(hashes: Uint32Array, at: number, source: string, id: string): void {
  const first = source.length + 1;
  reserve(first + id.length);
  for (let index = 0; index < source.length; index++) units[index] = source.charCodeAt(index);
  units[source.length] = 0;
  for (let index = 0; index < id.length; index++) units[first + index] = id.charCodeAt(index);
  hashUnits(hashes, at, first + id.length);
}

function hashUnits(hashes: Uint32Array, at: number, length: number): void {
  const text = units;
  for (let index = length; index < length + 8; index++) text[index] = 0;
  let h1 = 0;
  let h2 = 0;
  let h3 = 0;
  let h4 = 0;
  // Eight units of two bytes make a block; the last one is filled with zeros, and the length, mixed
  // in below, tells how far.
  for (let index = 0; index < length; index += 8) {
    let k1 = text[index]! | (text[index + 1]! << 16);
    let k2 = text[index + 2]! | (text[index + 3]! << 16);
    let k3 = text[index + 4]! | (text[index + 5]! << 16);
    let k4 = text[index + 6]! | (text[index + 7]! << 16);

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
