import { knownTypes } from "@pintle/events/gateway";

/*
 * The members of an event that somebody asks for: those that the gateway sets, and those that
 * decide where an event goes. Found by name on the bytes, each told from the others by its length
 * and its last letter.
 */

/** Numbers of the members. Below `firstRead` the gateway may set them. */
export const messageId = 0;
export const receivedAt = 1;
export const originalTimestamp = 2;
export const sentAt = 3;
export const timestamp = 4;
export const requestIp = 5;
export const rudderId = 6;
export const type = 7;
export const userId = 8;
export const anonymousId = 9;
// 10: groupId
export const previousId = 11;
export const eventName = 12;
export const integrations = 13;
export const context = 14;
export const firstRead = 12;

/** Their names, by number. */
export const memberNames: readonly string[] = [
  "messageId",
  "receivedAt",
  "originalTimestamp",
  "sentAt",
  "timestamp",
  "request_ip",
  "rudderId",
  "type",
  "userId",
  "anonymousId",
  "groupId",
  "previousId",
  "event",
  "integrations",
  "context",
];
export const memberCount: number = memberNames.length;

/** Stands in place of a number: nobody asks for this member. */
export const other = -1;

const longest = Math.max(...memberNames.map((name) => name.length));
const letters = memberNames.map((name) => Buffer.from(name));
/** Number by length and last letter. */
const byShape = new Int8Array((longest + 1) << 7).fill(other);
for (const [number, name] of memberNames.entries())
  byShape[shapeOf(name.length, name.charCodeAt(name.length - 1))] = number;
const byName: ReadonlyMap<string, number> = new Map(memberNames.map((name, number) => [name, number]));

function shapeOf(length: number, last: number): number {
  return (length << 7) | last;
}

/** The number of the member whose name, without an escape, stands from `from` to `end`. */
export function memberAt(bytes: Buffer, from: number, end: number): number {
  const length = end - from;
  const last = bytes[end - 1]!;
  if (length < 4 || length > longest || last > 0x7f) return other;
  const number = byShape[(length << 7) | last]!;
  if (number === other) return other;
  const name = letters[number]!;
  for (let at = 0; at < length; at++) if (bytes[from + at] !== name[at]) return other;
  return number;
}

/** The same of a name as text. */
export function memberNamed(name: string): number {
  return byName.get(name) ?? other;
}

const types = knownTypes.map((name) => ({ name, letters: Buffer.from(`"${name}"`) }));

/** The type that a value is, written in the letters in which it is known. */
export function knownTypeAt(bytes: Buffer, from: number, end: number): string | undefined {
  for (const { name, letters } of types) {
    if (letters.length !== end - from || letters[1] !== bytes[from + 1]) continue;
    let at = 0;
    while (at < letters.length && letters[at] === bytes[from + at]) at++;
    if (at === letters.length) return name;
  }
  return undefined;
}
