import { parseJson, stringifyJson } from "@pintle/events";
import type { DeliveredEvent } from "@pintle/events/gateway";
import type { RawSlice } from "../../records/raw/raw-events.ts";
import { parsedCost } from "./heap-cost.ts";

/** An event as its JSON, outside of the heap: an object would take more than there is room for. */
export class PackedEvent {
  readonly #json: Buffer;
  /** Bytes of heap that it takes as an object. */
  readonly unpacked: number;

  constructor(event: DeliveredEvent) {
    this.#json = Buffer.from(stringifyJson(event));
    this.unpacked = parsedCost(this.#json);
  }

  get bytes(): number {
    return this.#json.length;
  }

  unpack(): DeliveredEvent {
    return parseJson(this.#json.toString()) as DeliveredEvent;
  }
}

/** An event as it waits in memory. */
export type HeldEvent = DeliveredEvent | PackedEvent | RawSlice;

/** How an event waits in memory, and the bytes that it is charged with. */
export interface Holding {
  readonly held: HeldEvent;
  readonly cost: number;
}

/** What comes to an event when it is completed, and its places in lanes and windows, bytes. */
const perEvent = 1500;
/**
 * Times that an event's text is held: as it goes out, and compressed or in the buffers of a
 * connection.
 */
const texts = 2;

/**
 * Decides how the events of a record wait: as the objects that they were parsed to where there is
 * room for all of them, else as JSON that is parsed again when it goes out (`pack`). Then an event
 * takes little more than it has bytes, and less than a small machine has.
 *
 * @param copies objects that there may be of each event: with a transformation, what it made of it
 * is one more
 * @param fits whether so many bytes are left for the destination
 */
export function holdingOf(
  payload: Uint8Array,
  events: number,
  copies: number,
  fits: (bytes: number) => boolean,
): (event: DeliveredEvent) => Holding {
  const cost = Math.ceil((copies * parsedCost(payload) + texts * payload.length) / events) + perEvent;
  return fits(cost * events) ? (held) => ({ held, cost }) : pack;
}

/** Holds an event as its JSON. */
export function pack(event: DeliveredEvent): Holding {
  const held = new PackedEvent(event);
  return { held, cost: (1 + texts) * held.bytes + perEvent };
}

/**
 * Holds an event as the bytes that it is read as, for a destination that takes them. Those are
 * charged with their record, which keeps all of them.
 */
export function holdRaw(event: RawSlice): Holding {
  return { held: event, cost: texts * (event.end - event.start) + perEvent };
}
