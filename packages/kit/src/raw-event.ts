import { stringifyJson } from "@pintle/events";
import type { DeliveredEvent } from "@pintle/events/gateway";

/**
 * A whole event as its JSON, complete: what a destination with `raw: true` gets. It is one line of
 * UTF-8, the same on every way out and at every attempt. Its bytes are only read: others share
 * them.
 */
export interface RawEvent {
  readonly messageId: string;
  /** The event's JSON. */
  readonly bytes: Uint8Array;
  /** What holds it, among other things: it is there from `start` to `end`. */
  readonly source: Uint8Array;
  readonly start: number;
  readonly end: number;
  /** The object that a transformation gave in its place; absent: it is as it came. */
  readonly given?: DeliveredEvent;
  /** The event as an object, parsed each time; the object itself where a transformation gave it. */
  parsed(): DeliveredEvent;
}

/** An event as its JSON. */
export function rawEvent(event: DeliveredEvent): RawEvent {
  return new WrittenEvent(event);
}

/** What a transformation gave, or a test: written when its bytes are asked for. */
class WrittenEvent implements RawEvent {
  readonly given: DeliveredEvent;
  #bytes: Uint8Array | undefined;

  constructor(event: DeliveredEvent) {
    this.given = event;
  }

  get messageId(): string {
    return this.given.messageId;
  }

  get bytes(): Uint8Array {
    this.#bytes ??= Buffer.from(stringifyJson(this.given));
    return this.#bytes;
  }

  get source(): Uint8Array {
    return this.bytes;
  }

  get start(): number {
    return 0;
  }

  get end(): number {
    return this.bytes.length;
  }

  parsed(): DeliveredEvent {
    return this.given;
  }
}

const lineFeed = 0x0a;
const comma = 0x2c;
const lineEnd = new Uint8Array([lineFeed]);

/**
 * The events as lines of JSON. Events that stand one behind the other, as those of a request do,
 * are copied together, or not at all where they are all that there is.
 *
 * @param room gives the bytes that they are copied to, so many at least
 */
export function jsonLines(events: readonly RawEvent[], room?: (bytes: number) => Uint8Array): Uint8Array {
  const pieces: Uint8Array[] = [];
  let from = 0;
  for (let at = 0; at < events.length; at++) {
    const { source, end } = events[at]!;
    const isLine = source[end] === lineFeed;
    const next = events[at + 1];
    if (isLine && next?.source === source && next.start === end + 1) continue;
    pieces.push(source.subarray(events[from]!.start, isLine ? end + 1 : end));
    if (!isLine) pieces.push(lineEnd);
    from = at + 1;
  }
  if (pieces.length === 1) return pieces[0]!;
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const lines = (room ?? Buffer.allocUnsafe)(length).subarray(0, length);
  let at = 0;
  for (const piece of pieces) {
    lines.set(piece, at);
    at += piece.length;
  }
  return lines;
}

/** The events as a list in JSON, `before` and `after` around them. */
export function jsonList(events: readonly RawEvent[], before = "[", after = "]"): Uint8Array {
  let length = Buffer.byteLength(before + after) + Math.max(0, events.length - 1);
  for (const { start, end } of events) length += end - start;
  const list = Buffer.allocUnsafe(length);
  let at = list.write(before);
  for (let index = 0; index < events.length; ) {
    const first = events[index]!;
    const { source, start } = first;
    let { end } = first;
    const begun = at - start;
    // Those that stand one behind the other are copied together, with what stands between them.
    for (index++; index < events.length; index++) {
      const next = events[index]!;
      if (next.source !== source || next.start !== end + 1) break;
      ({ end } = next);
    }
    list.set(source.subarray(start, end), at);
    at = begun + end;
    if (index < events.length) at++;
  }
  // What stands between them becomes commas.
  let place = Buffer.byteLength(before);
  for (let index = 0; index < events.length - 1; index++) {
    const { start, end } = events[index]!;
    place += end - start;
    list[place++] = comma;
  }
  list.write(after, at);
  return list;
}
