const seed = 0x9747b28c;
const m = 0x5bd1e995;
const r = 24;

/**
 * Kafka's murmur2 of `bytes[start..end)`, as an unsigned 32-bit number. Source: the default
 * partitioner of Apache Kafka's Java client, with which every producer of a topic has to agree; the
 * test holds its published vectors. Written to disk: it can never change.
 */
export function murmur2(bytes: Uint8Array, start: number = 0, end: number = bytes.length): number {
  let h = seed ^ (end - start);
  let at = start;
  for (; at + 4 <= end; at += 4) {
    let k = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    k = Math.imul(k, m);
    k ^= k >>> r;
    k = Math.imul(k, m);
    h = Math.imul(h, m) ^ k;
  }
  const rest = end - at;
  if (rest === 3) h ^= bytes[at + 2]! << 16;
  if (rest >= 2) h ^= bytes[at + 1]! << 8;
  if (rest >= 1) h = Math.imul(h ^ bytes[at]!, m);
  h ^= h >>> 13;
  h = Math.imul(h, m);
  h ^= h >>> 15;
  return h >>> 0;
}

/** The partition that Kafka's default partitioner picks for a key with this hash. */
export function partitionOf(hash: number, partitions: number): number {
  return (hash & 0x7fffffff) % partitions;
}
