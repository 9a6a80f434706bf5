/**
 * How many are made at a time: more would make one call in so many stand out. A text that somebody
 * keeps keeps those that were made with it.
 */
const bunch = 16;

const bytes = 16;
const length = 36;

/**
 * Random bytes are drawn for so many bunches at a time: asking for them costs the same for 256
 * bytes as for 4,096.
 */
const drawn = 16;

/** Where the digits of each byte stand in `xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx`. */
const places: readonly number[] = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const digits = encoder.encode("0123456789abcdef");

let texts = "";
let used = bunch;
let usedRandom = bytes * bunch * drawn;
let random: Uint8Array<ArrayBuffer> | undefined;
let codes: Uint8Array | undefined;

/**
 * A new UUID v4 (RFC 9562, section 5.4), as random as one of `crypto.randomUUID()`. That one puts
 * its text together out of twenty pieces, and leaves it to whoever reads it first to copy them:
 * both together take twice as long.
 */
export function uuid(): string {
  if (used === bunch) {
    texts = makeBunch();
    used = 0;
  }
  const at = length * used++;
  return texts.slice(at, at + length);
}

function makeBunch(): string {
  random ??= new Uint8Array(bytes * bunch * drawn);
  codes ??= encoder.encode("-".repeat(length * bunch));
  if (usedRandom === random.length) {
    // Not at import: some runtimes have no randomness before the first request.
    crypto.getRandomValues(random);
    usedRandom = 0;
  }
  // As constants, and without a division: what the module may set anew is read anew for each byte.
  const [from, to] = [random, codes];
  for (let start = 0; start < to.length; start += length) {
    const first = usedRandom;
    usedRandom += bytes;
    from[first + 6] = 0x40 | (from[first + 6]! & 0x0f);
    from[first + 8] = 0x80 | (from[first + 8]! & 0x3f);
    for (let at = 0; at < bytes; at++) {
      const byte = from[first + at]!;
      const place = start + places[at]!;
      to[place] = digits[byte >>> 4]!;
      to[place + 1] = digits[byte & 0x0f]!;
    }
  }
  return decoder.decode(to);
}
