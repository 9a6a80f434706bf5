import { parseJson } from "@pintle/events";
import type { DeliveredEvent } from "@pintle/events/gateway";
import type { RawEvent } from "@pintle/kit";
import { skipColon, skipSpace, stringEnd, valueEnd } from "../json-bytes.ts";
import * as member from "./members.ts";
import { valueAt } from "./values.ts";

/** The slot of each member whose place is kept, by its number; 0: nobody asks for it. */
const slots = new Int8Array(member.memberCount);
/** Numbers that are kept of an event: where it is, and where each of these members is. */
const perEvent = 12;
for (const [slot, number] of [
  member.messageId,
  member.type,
  member.eventName,
  member.integrations,
  member.context,
].entries()) {
  slots[number] = 2 * (slot + 1);
}

/** Bytes of heap for an event beside its own bytes. */
const perObject = 120;

/**
 * The events of a record, complete, as bytes in one buffer. Destinations share it; what decides
 * where an event goes is read out of the bytes.
 */
export class RawEvents {
  /** The events, one behind the other, a byte between each two. */
  readonly source: Buffer;
  readonly length: number;
  readonly #spans: Int32Array;
  readonly #made: (RawSlice | undefined)[];

  constructor(source: Buffer, spans: Int32Array, length: number) {
    this.source = source;
    this.length = length;
    this.#spans = spans;
    this.#made = new Array<undefined>(length).fill(undefined);
  }

  static spansFor(events: number): Int32Array {
    return new Int32Array(events * perEvent);
  }

  static setPlace(spans: Int32Array, event: number, start: number, end: number): void {
    spans[event * perEvent] = start;
    spans[event * perEvent + 1] = end;
  }

  static setMember(spans: Int32Array, event: number, number: number, from: number, end: number): void {
    const slot = slots[number]!;
    if (slot === 0) return;
    spans[event * perEvent + slot] = from;
    spans[event * perEvent + slot + 1] = end;
  }

  /** Bytes that it takes, about. */
  get cost(): number {
    return this.source.length + this.#spans.byteLength + this.length * perObject;
  }

  at(index: number): RawSlice {
    let event = this.#made[index];
    if (event === undefined) {
      event = new RawSlice(this.source, this.#spans, index * perEvent);
      this.#made[index] = event;
    }
    return event;
  }
}

const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;

/** What nearly all events say in `integrations`. */
const allTrue = Buffer.from('{"All":true}');
const said: Readonly<Record<string, unknown>> = Object.freeze({ All: true });

/** An event of a record, as its bytes. What a filter asks of it is read out of them. */
export class RawSlice implements RawEvent {
  readonly source: Buffer;
  readonly start: number;
  readonly end: number;
  readonly #spans: Int32Array;
  readonly #base: number;

  constructor(source: Buffer, spans: Int32Array, base: number) {
    this.source = source;
    this.start = spans[base]!;
    this.end = spans[base + 1]!;
    this.#spans = spans;
    this.#base = base;
  }

  get bytes(): Uint8Array {
    return this.source.subarray(this.start, this.end);
  }

  get messageId(): string {
    return this.#read(member.messageId) as string;
  }

  get type(): unknown {
    const at = this.#base + slots[member.type]!;
    const from = this.#spans[at]!;
    const end = this.#spans[at + 1]!;
    return end === 0 ? undefined : (member.knownTypeAt(this.source, from, end) ?? valueAt(this.source, from, end));
  }

  get event(): unknown {
    return this.#read(member.eventName);
  }

  /**
   * What decides whether a destination is meant: of an object the keys, with their values where
   * these are neither objects nor lists, which are empty here.
   */
  get integrations(): unknown {
    const at = this.#base + slots[member.integrations]!;
    const from = this.#spans[at]!;
    const end = this.#spans[at + 1]!;
    if (end === 0) return undefined;
    if (isAllTrue(this.source, from, end)) return said;
    return shallow(this.source, from, end);
  }

  /** No more of it than who has denied what. */
  get context(): unknown {
    const at = this.#base + slots[member.context]!;
    const from = this.#spans[at]!;
    if (this.#spans[at + 1] === 0) return undefined;
    const management = lastMember(this.source, from, "consentManagement");
    const denied = management === undefined ? undefined : lastMember(this.source, management[0], "deniedConsentIds");
    if (denied === undefined) return {};
    return { consentManagement: { deniedConsentIds: valueAt(this.source, ...denied) } };
  }

  parsed(): DeliveredEvent {
    return parseJson(this.source.toString("utf8", this.start, this.end)) as DeliveredEvent;
  }

  #read(number: number): unknown {
    const at = this.#base + slots[number]!;
    const end = this.#spans[at + 1]!;
    return end === 0 ? undefined : valueAt(this.source, this.#spans[at]!, end);
  }
}

function isAllTrue(bytes: Buffer, from: number, end: number): boolean {
  if (end - from !== allTrue.length) return false;
  for (let at = 0; at < allTrue.length; at++) if (bytes[from + at] !== allTrue[at]) return false;
  return true;
}

/** A value; an object without what is in its objects and lists. */
function shallow(bytes: Buffer, from: number, end: number): unknown {
  if (bytes[from] !== openBrace) return valueAt(bytes, from, end);
  // Without a prototype a key `__proto__` is one like any other.
  const object: Record<string, unknown> = Object.create(null);
  eachMember(bytes, from, (name, value, valueEnds) => {
    const first = bytes[value];
    object[name] = first === openBrace ? {} : first === openBracket ? [] : valueAt(bytes, value, valueEnds);
  });
  return object;
}

/**
 * Where the value of a member begins and ends, if there is an object with it: the last one counts.
 */
function lastMember(bytes: Buffer, from: number, wanted: string): [number, number] | undefined {
  let found: [number, number] | undefined;
  if (bytes[from] !== openBrace) return undefined;
  eachMember(bytes, from, (name, value, end) => {
    if (name === wanted) found = [value, end];
  });
  return found;
}

/** Each member of the object at `from`, which is well-formed. */
function eachMember(bytes: Buffer, from: number, found: (name: string, value: number, end: number) => void): void {
  let at = skipSpace(bytes, from + 1);
  while (bytes[at] !== closeBrace) {
    const nameEnd = stringEnd(bytes, at + 1);
    // As a text: V8 13.6 mistakes a name with an escape where it is a key.
    const name = valueAt(bytes, at, nameEnd) as string;
    const value = skipColon(bytes, nameEnd);
    const end = valueEnd(bytes, value, Number.POSITIVE_INFINITY);
    found(name, value, end);
    at = skipSpace(bytes, end);
    if (bytes[at] !== closeBrace) at = skipSpace(bytes, at + 1);
  }
}
