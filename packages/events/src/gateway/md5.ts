import { hash } from "node:crypto";

/** Characters of ASCII that one block of MD5 takes. */
const inOneBlock = 55;
const block = new Int32Array(16);
const hexPairs = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
/** The sines of the algorithm, by step. */
const sines = Int32Array.from({ length: 64 }, (_, step) => Math.floor(Math.abs(Math.sin(step + 1)) * 2 ** 32) | 0);

/**
 * The MD5 (RFC 1321) of a text in UTF-8, in hex. That of a short one in ASCII is made here: a call
 * into the runtime takes longer than the one block of it.
 */
export function md5(text: string): string {
  const { length } = text;
  if (length > inOneBlock) return hash("md5", text, "hex");
  block.fill(0);
  for (let at = 0; at < length; at++) {
    const code = text.charCodeAt(at);
    if (code >= 0x80) return hash("md5", text, "hex");
    block[at >> 2]! |= code << ((at & 3) << 3);
  }
  block[length >> 2]! |= 0x80 << ((length & 3) << 3);
  block[14] = length << 3;
  return ofBlock();
}

function ofBlock(): string {
  let a = 0x67452301;
  let b = 0xefcdab89 | 0;
  let c = 0x98badcfe | 0;
  let d = 0x10325476;
  // Four rounds of 16 steps, four of which turn the words once.
  for (let step = 0; step < 16; step += 4) {
    a = turned(a + ((b & c) | (~b & d)), step, step, 7, b);
    d = turned(d + ((a & b) | (~a & c)), step + 1, step + 1, 12, a);
    c = turned(c + ((d & a) | (~d & b)), step + 2, step + 2, 17, d);
    b = turned(b + ((c & d) | (~c & a)), step + 3, step + 3, 22, c);
  }
  for (let step = 16; step < 32; step += 4) {
    a = turned(a + ((b & d) | (c & ~d)), step, (5 * step + 1) & 15, 5, b);
    d = turned(d + ((a & c) | (b & ~c)), step + 1, (5 * step + 6) & 15, 9, a);
    c = turned(c + ((d & b) | (a & ~b)), step + 2, (5 * step + 11) & 15, 14, d);
    b = turned(b + ((c & a) | (d & ~a)), step + 3, (5 * step) & 15, 20, c);
  }
  for (let step = 32; step < 48; step += 4) {
    a = turned(a + (b ^ c ^ d), step, (3 * step + 5) & 15, 4, b);
    d = turned(d + (a ^ b ^ c), step + 1, (3 * step + 8) & 15, 11, a);
    c = turned(c + (d ^ a ^ b), step + 2, (3 * step + 11) & 15, 16, d);
    b = turned(b + (c ^ d ^ a), step + 3, (3 * step + 14) & 15, 23, c);
  }
  for (let step = 48; step < 64; step += 4) {
    a = turned(a + (c ^ (b | ~d)), step, (7 * step) & 15, 6, b);
    d = turned(d + (b ^ (a | ~c)), step + 1, (7 * step + 7) & 15, 10, a);
    c = turned(c + (a ^ (d | ~b)), step + 2, (7 * step + 14) & 15, 15, d);
    b = turned(b + (d ^ (c | ~a)), step + 3, (7 * step + 21) & 15, 21, c);
  }
  return (
    hexOf((a + 0x67452301) | 0) +
    hexOf((b + 0xefcdab89) | 0) +
    hexOf((c + 0x98badcfe) | 0) +
    hexOf((d + 0x10325476) | 0)
  );
}

/** One step: the sum with its word and sine, turned by some bits, on top of the word beside it. */
function turned(sum: number, step: number, word: number, bits: number, beside: number): number {
  const whole = (sum + block[word]! + sines[step]!) | 0;
  return (((whole << bits) | (whole >>> (32 - bits))) + beside) | 0;
}

function hexOf(word: number): string {
  return (
    hexPairs[word & 0xff]! + hexPairs[(word >>> 8) & 0xff]! + hexPairs[(word >>> 16) & 0xff]! + hexPairs[word >>> 24]!
  );
}
