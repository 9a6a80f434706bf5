/*
 * What JSON costs on V8's heap, for the budget. Measured on Node 20, 22 and 24 with texts of one
 * kind each (heap-cost.test.ts does it again): an empty object takes 56 bytes, an array 56, a key
 * that nobody else has 24 and its letters, a property 24 in an object that is a hash table, a
 * number that is no small integer 16, text 16, and everything a slot of 8. Two bytes of a body,
 * `[]`, are 64 on the heap.
 */

const costs = new Uint16Array(256).fill(1);
/** An object's own words, and of one with keys of its own the shape that only it has. */
costs[0x7b /* { */] = 136;
costs[0x5b /* [ */] = 64;
/** A property: its slot, or its place in a hash table, or in the description of a shape. */
costs[0x3a /* : */] = 48;
costs[0x2c /* , */] = 20;
/** Two for each text. */
costs[0x22 /* " */] = 14;

/** Bytes that every text costs, whatever it holds: rounding, and who holds it. */
const fixedCost = 64;

/**
 * A key that is an index makes its object hold an array, or a table of numbers, with room for more.
 */
const indexKeyCost = 320;

/**
 * Bytes of heap that parsing a JSON text takes at most, for as long as what comes of it is held.
 * For ordinary events about four times what they take in fact, and six or seven times their text.
 * One look at each byte, which is little beside parsing.
 */
export function parsedCost(json: Uint8Array): number {
  let cost = fixedCost;
  let isWide = false;
  for (let at = 0; at < json.length; at++) {
    const byte = json[at]!;
    cost += costs[byte]!;
    // One character that Latin-1 does not have makes its whole text twice as large: written as it
    // is, or as `\u`.
    if (byte >= 0x80) isWide = true;
    else if (byte === 0x75 && json[at - 1] === 0x5c) isWide = true;
    else if (byte === 0x3a && isIndexKey(json, at - 1)) cost += indexKeyCost;
  }
  return isWide ? cost + json.length : cost;
}

/** Whether the key that ends at `at` has nothing but digits. */
function isIndexKey(json: Uint8Array, at: number): boolean {
  // White space between a key and its colon is rare, and then nothing else is in the way.
  let end = at;
  while (end > 0 && json[end]! <= 0x20) end--;
  if (json[end] !== 0x22) return false;
  let first = end - 1;
  while (first >= 0 && end - first <= 11 && json[first]! >= 0x30 && json[first]! <= 0x39) first--;
  return first < end - 1 && json[first] === 0x22;
}

/** The same of a value that is there already. */
export function valueCost(value: unknown): number {
  if (typeof value === "string") return 32 + 2 * value.length;
  if (typeof value !== "object" || value === null) return 24;
  let cost = 136;
  if (Array.isArray(value)) for (const item of value) cost += 8 + valueCost(item);
  else {
    for (const [key, item] of Object.entries(value)) {
      cost += 80 + 2 * key.length + (/^\d/.test(key) ? indexKeyCost : 0) + valueCost(item);
    }
  }
  return cost;
}
