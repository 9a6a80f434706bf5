import { idText, readTime, toRfc3339 } from "@pintle/events";
import { arrivalTime, isClockReading, knownType, rudderId } from "@pintle/events/gateway";
import { skipSpace } from "../json-bytes.ts";
import type { MemberScan } from "./member-scan.ts";
import * as member from "./members.ts";
import { RawEvents } from "./raw-events.ts";
import { canonicalTime, valueAt } from "./values.ts";

/** What the gateway knows of a record's events, beside their bytes. */
export interface ArrivalFacts {
  readonly receivedAt: number;
  readonly requestIp: string;
  /** The type that the endpoint gives. */
  readonly type: string | undefined;
  readonly batchSentAt?: unknown;
}

const quote = 0x22;
const backslash = 0x5c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const lineFeed = 0x0a;

/** Bytes for what is added to an event, about. */
const added = 320;
/** A larger buffer is not kept for the next record. */
const mostKept = 1 << 20;
let spare: Buffer | undefined;

/** What stands before the value of a member that is added. */
const beginnings = member.memberNames.map((name) => `,"${name}":`);
/** Members that are added first, each by itself, since somebody wants to know where they are. */
const placed = [member.messageId, member.type] as const;

/**
 * Writes the events of a record complete, one behind the other, each with a line feed behind it.
 * The rule is in docs/event-record.md, "The bytes of an event"; what comes of it is the event that
 * `completeEvent` makes.
 */
export class Completion {
  readonly #facts: ArrivalFacts;
  readonly #events: number;
  readonly #spans: Int32Array;
  readonly #receivedAt: string;
  readonly #requestIp: string;
  /** How what is added is written: all but the address is ASCII. */
  readonly #encoding: "utf8" | "latin1";
  readonly #batchSentAt: number;
  readonly #batchSentText: string;
  /** What members are set to, in JSON; `undefined`: they stay as they are. */
  readonly #texts = new Array<string | undefined>(member.memberCount).fill(undefined);
  #out: Buffer;
  #at = 0;
  #count = 0;

  /** @param bytes that the events have as they are, about */
  constructor(facts: ArrivalFacts, events: number, bytes: number) {
    this.#facts = facts;
    this.#events = events;
    this.#spans = RawEvents.spansFor(events);
    this.#receivedAt = `"${toRfc3339(facts.receivedAt)}"`;
    this.#requestIp = JSON.stringify(facts.requestIp);
    this.#encoding = Buffer.byteLength(this.#requestIp) === this.#requestIp.length ? "latin1" : "utf8";
    const sent = readTime(facts.batchSentAt);
    this.#batchSentAt = sent?.at ?? Number.NaN;
    this.#batchSentText = sent === undefined ? this.#receivedAt : `"${sent.text}"`;
    const room = bytes + events * added;
    this.#out = spare !== undefined && spare.length >= room ? spare : Buffer.allocUnsafeSlow(room);
    spare = undefined;
  }

  /** Writes the next event, which stands from `start` to `end`, as `scan` has read it. */
  add(bytes: Buffer, scan: MemberScan, start: number, end: number, messageId: string): void {
    this.#decide(bytes, scan, messageId);
    const texts = this.#texts;
    let rest = "";
    let room = 0;
    for (let number = 0; number < member.firstRead; number++) {
      const text = texts[number];
      if (text === undefined) continue;
      room += text.length;
      if (scan.last[number] !== -1 || number === member.messageId || number === member.type) continue;
      rest += beginnings[number]! + text;
    }
    this.#reserve(end - start + added + 3 * room);
    const begun = this.#at;
    this.#copy(bytes, scan, start, scan.hasMembers ? end - 1 : start + 1);
    for (const number of placed) {
      const text = texts[number];
      if (text === undefined || scan.last[number] !== -1) continue;
      this.#write(this.#comma(beginnings[number]!, begun));
      this.#writeValue(number, text);
    }
    if (rest !== "") this.#write(this.#comma(rest, begun), this.#encoding);
    this.#out[this.#at++] = closeBrace;
    RawEvents.setPlace(this.#spans, this.#count++, begun, this.#at);
    this.#out[this.#at++] = lineFeed;
  }

  /** What was written. Nothing more can be. */
  finish(): RawEvents {
    const source = Buffer.allocUnsafeSlow(this.#at);
    this.#out.copy(source, 0, 0, this.#at);
    if (this.#out.length <= mostKept) spare = this.#out;
    return new RawEvents(source, this.#spans, this.#events);
  }

  /** Decides what members are set to. */
  #decide(bytes: Buffer, scan: MemberScan, messageId: string): void {
    const texts = this.#texts;
    const hasId = isPlainText(bytes, scan, member.messageId, messageId);
    texts[member.messageId] = hasId ? undefined : JSON.stringify(messageId);
    texts[member.receivedAt] = this.#set(bytes, scan, member.receivedAt, this.#receivedAt);
    this.#decideTimes(bytes, scan);
    const ip = scan.last[member.requestIp]!;
    const hasIp = ip !== -1 && bytes[scan.valueAt(ip)] === quote && scan.endAt(ip) > scan.valueAt(ip) + 2;
    texts[member.requestIp] = hasIp ? undefined : this.#requestIp;
    const person = `"${rudderId(idAt(bytes, scan, member.userId), idAt(bytes, scan, member.anonymousId))}"`;
    texts[member.rudderId] = this.#set(bytes, scan, member.rudderId, person);
    texts[member.type] = this.#typeOf(bytes, scan);
    for (let number: number = member.userId; number <= member.previousId; number++) {
      texts[number] = idToText(bytes, scan, number);
    }
  }

  #decideTimes(bytes: Buffer, scan: MemberScan): void {
    const { receivedAt } = this.#facts;
    const texts = this.#texts;
    const ownSent = this.#time(bytes, scan, member.sentAt);
    let original = this.#time(bytes, scan, member.originalTimestamp);
    let own = this.#time(bytes, scan, member.timestamp);
    if (Number.isNaN(ownSent)) texts[member.sentAt] = this.#set(bytes, scan, member.sentAt, this.#batchSentText);
    if (isClockReading(own, original, ownSent, this.#batchSentAt, receivedAt)) {
      original = own;
      own = Number.NaN;
      texts[member.originalTimestamp] = texts[member.timestamp] ?? textAt(bytes, scan, member.timestamp);
    } else if (Number.isNaN(original)) {
      texts[member.originalTimestamp] = this.#set(bytes, scan, member.originalTimestamp, this.#receivedAt);
    }
    if (!Number.isNaN(own)) return;
    const sent = Number.isNaN(ownSent) ? this.#batchSentAt : ownSent;
    const at = `"${toRfc3339(arrivalTime(sent, original, receivedAt))}"`;
    texts[member.timestamp] = this.#set(bytes, scan, member.timestamp, at);
  }

  /** When a time is, NaN where it is none; and decides how it is written. */
  #time(bytes: Buffer, scan: MemberScan, number: number): number {
    const place = scan.last[number]!;
    this.#texts[number] = undefined;
    if (place === -1) return Number.NaN;
    const from = scan.valueAt(place);
    const end = scan.endAt(place);
    const at = canonicalTime(bytes, from, end);
    if (!Number.isNaN(at)) return at;
    const time = readTime(valueAt(bytes, from, end));
    if (time === undefined) return Number.NaN;
    this.#texts[number] = this.#set(bytes, scan, number, `"${time.text}"`);
    return time.at;
  }

  #typeOf(bytes: Buffer, scan: MemberScan): string | undefined {
    const { type } = this.#facts;
    if (type !== undefined) return this.#set(bytes, scan, member.type, `"${type}"`);
    const place = scan.last[member.type]!;
    if (place === -1) return undefined;
    const from = scan.valueAt(place);
    const end = scan.endAt(place);
    if (bytes[from] !== quote || member.knownTypeAt(bytes, from, end) !== undefined) return undefined;
    const known = knownType(valueAt(bytes, from, end));
    return known === undefined ? undefined : `"${known}"`;
  }

  /** `undefined` where the member is written so already. */
  #set(bytes: Buffer, scan: MemberScan, number: number, text: string): string | undefined {
    const place = scan.last[number]!;
    // Looking at its letters would make one piece of a text that was put together.
    if (place === -1) return text;
    const from = scan.valueAt(place);
    if (scan.endAt(place) - from !== text.length) return text;
    for (let at = 0; at < text.length; at++) if (bytes[from + at] !== text.charCodeAt(at)) return text;
    return undefined;
  }

  /** Copies an event up to its `}`, with the members that it has set anew. */
  #copy(bytes: Buffer, scan: MemberScan, start: number, end: number): void {
    const out = this.#out;
    let from = start;
    for (let place = 0; place < scan.count; place++) {
      const number = scan.numberAt(place);
      const value = scan.valueAt(place);
      if (scan.last[number] !== place) {
        if (number >= member.firstRead) continue;
        // One with the same name follows.
        this.#at += bytes.copy(out, this.#at, from, scan.nameAt(place));
        from = skipSpace(bytes, skipSpace(bytes, scan.endAt(place)) + 1);
        continue;
      }
      const text = number < member.firstRead ? this.#texts[number] : undefined;
      if (text === undefined) {
        const shift = this.#at - from;
        RawEvents.setMember(this.#spans, this.#count, number, value + shift, scan.endAt(place) + shift);
        continue;
      }
      this.#at += bytes.copy(out, this.#at, from, value);
      this.#writeValue(number, text);
      from = scan.endAt(place);
    }
    this.#at += bytes.copy(out, this.#at, from, end);
  }

  #writeValue(number: number, text: string): void {
    const from = this.#at;
    this.#write(text);
    RawEvents.setMember(this.#spans, this.#count, number, from, this.#at);
  }

  #write(text: string, encoding: "utf8" | "latin1" = "utf8"): void {
    this.#at += this.#out.write(text, this.#at, encoding);
  }

  /** Takes off the comma in front where only the `{` stands before it. */
  #comma(members: string, begun: number): string {
    return this.#at === begun + 1 ? members.slice(1) : members;
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#out.length) return;
    const larger = Buffer.allocUnsafeSlow(2 * this.#out.length + bytes);
    this.#out.copy(larger, 0, 0, this.#at);
    this.#out = larger;
  }
}

/** Whether a member is there and is this text, written in ASCII and without an escape. */
function isPlainText(bytes: Buffer, scan: MemberScan, number: number, text: string): boolean {
  const place = scan.last[number]!;
  if (place === -1) return false;
  const from = scan.valueAt(place);
  if (bytes[from] !== quote || scan.endAt(place) - from !== text.length + 2) return false;
  for (let at = 0; at < text.length; at++) {
    const byte = bytes[from + 1 + at]!;
    if (byte !== text.charCodeAt(at) || byte === backslash || byte >= 0x80) return false;
  }
  return true;
}

/** The JSON of a member that is there. */
function textAt(bytes: Buffer, scan: MemberScan, number: number): string {
  const place = scan.last[number]!;
  return bytes.toString("utf8", scan.valueAt(place), scan.endAt(place));
}

/** An id as text, as `rudderId` takes it. */
function idAt(bytes: Buffer, scan: MemberScan, number: number): string {
  const place = scan.last[number]!;
  return place === -1 ? "" : idText(valueAt(bytes, scan.valueAt(place), scan.endAt(place)));
}

/**
 * The text that an id becomes, `undefined` where it stays what it is: a text, null, an empty object
 * or list.
 */
function idToText(bytes: Buffer, scan: MemberScan, number: number): string | undefined {
  const place = scan.last[number]!;
  if (place === -1) return undefined;
  const from = scan.valueAt(place);
  const first = bytes[from];
  if (first === quote || first === 0x6e) return undefined;
  if (first === openBrace || first === openBracket) {
    const inner = bytes[skipSpace(bytes, from + 1)];
    if (inner === closeBrace || inner === closeBracket) return undefined;
  }
  return JSON.stringify(idText(valueAt(bytes, from, scan.endAt(place))));
}
