import { jsonList, type RawEvent } from "@pintle/kit";
import type { EngineRecord } from "../engine/engine.ts";
import { EngineError } from "../engine/engine-error.ts";
import { jsonRecord, type RecordBytes } from "./json-record.ts";
import type { RawEvents } from "./raw/raw-events.ts";
import { eventsInList } from "./raw/written-events.ts";

/*
 * The record of the topics `retry.<destination id>`, as docs/router.md specifies it: some events of
 * one lane, in their order, as they were before any transformation. The header says which lane and
 * which events, the payload is the events, with the bytes that they had in `events`. Both are JSON.
 */

/** Where an event stands in `events`. */
export interface Origin {
  readonly partition: number;
  readonly offset: number;
  /** Position in its record. */
  readonly index: number;
}

/** What there is to know about a parked event beside itself. */
export interface ParkedFacts extends Origin {
  readonly sourceId: string;
  readonly keyHash: number;
  /** When its record was accepted, milliseconds since the epoch. */
  readonly time: number;
  readonly attempts: number;
  /** Milliseconds for which it had been tried; absent before the first attempt. */
  readonly age?: number | undefined;
  /**
   * The `messageId`s that are still to go out, of what the transformation made of it; absent: all.
   */
  readonly only?: readonly string[] | undefined;
}

/** Some events of a lane, as they stand in one record. */
export interface ParkedSlice {
  /** The lane: a hash of a user key, or a name that only one lane has. */
  readonly lane: number | string;
  /**
   * How often the lane was moved forward in this topic. The first part of a move begins it anew,
   * the last one is `complete`: only from then on do the copies count, and the records of the move
   * before it no longer.
   */
  readonly pass: number;
  readonly part?: number;
  readonly complete?: true;
  readonly facts: readonly ParkedFacts[];
}

type SliceHeader = Omit<ParkedSlice, "facts"> & { readonly kind: "events"; readonly events: ParkedSlice["facts"] };

const records = jsonRecord<SliceHeader>("the retry topic", 1, ["events"]);

export function encodeSlice({ facts, ...slice }: ParkedSlice, events: readonly RawEvent[]): RecordBytes {
  return { ...records.encode({ kind: "events", ...slice, events: facts }), payload: jsonList(events) };
}

/**
 * The header of a record.
 *
 * @returns `undefined` for a record of another kind
 * @throws EngineError `PINTLE_RECORD_TOO_NEW`, `PINTLE_RECORD_INVALID`
 */
export function decodeSlice(record: Pick<EngineRecord, "offset" | "header">): ParkedSlice | undefined {
  const header = records.decode(record);
  if (header === undefined) return undefined;
  const { kind: _kind, events, ...slice } = header;
  return { ...slice, facts: events };
}

/**
 * The events of a record of which the header names so many.
 *
 * @throws EngineError `PINTLE_RECORD_INVALID`
 */
export function decodeEvents({ offset, payload }: Pick<EngineRecord, "offset" | "payload">, count: number): RawEvents {
  const events = eventsInList(Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength), count);
  if (events !== undefined) return events;
  throw new EngineError(
    "PINTLE_RECORD_INVALID",
    `record ${offset} of the retry topic: its payload is no list of ${count} events`,
  );
}
