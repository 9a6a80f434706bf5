import { stringifyJson } from "@pintle/events";
import type { DeliveredEvent } from "@pintle/events/gateway";
import { skipSpace } from "../json-bytes.ts";
import { MemberScan } from "./member-scan.ts";
import { RawEvents } from "./raw-events.ts";

const openBrace = 0x7b;
const comma = 0x2c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const failed = -1;

const scan = new MemberScan();

/** Events that are complete, as the bytes that `stringifyJson` makes of them. */
export function writtenEvents(events: readonly DeliveredEvent[]): RawEvents {
  const source = Buffer.from(`[${events.map((event) => stringifyJson(event)).join(",")}]`);
  return eventsInList(source, events.length)!;
}

/**
 * The events of a JSON list, which are complete. `undefined` where it is no list of so many
 * objects.
 */
export function eventsInList(source: Buffer, events: number): RawEvents | undefined {
  const spans = RawEvents.spansFor(events);
  const start = skipSpace(source, 0);
  if (source[start] !== openBracket) return undefined;
  let at = skipSpace(source, start + 1);
  for (let event = 0; event < events; event++) {
    if (source[at] !== openBrace) return undefined;
    const end = scan.read(source, at + 1, Number.POSITIVE_INFINITY);
    if (end === failed) return undefined;
    RawEvents.setPlace(spans, event, at, end);
    for (let place = 0; place < scan.count; place++) {
      RawEvents.setMember(spans, event, scan.numberAt(place), scan.valueAt(place), scan.endAt(place));
    }
    at = skipSpace(source, end);
    if (event === events - 1) break;
    if (source[at] !== comma) return undefined;
    at = skipSpace(source, at + 1);
  }
  if (source[at] !== closeBracket || skipSpace(source, at + 1) !== source.length) return undefined;
  return new RawEvents(source, spans, events);
}
