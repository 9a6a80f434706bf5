import type { DeliveredEvent } from "@pintle/events/gateway";
import type { EngineRecord } from "../engine/engine.ts";
import { jsonRecord, type RecordBytes } from "./json-record.ts";

/*
 * The record of the topics `retry.<destination id>`, as docs/router.md specifies it: some events of
 * one lane, in their order, as they were before any transformation. The header says which lane and
 * which events, the payload is the events. Both are JSON.
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

export function encodeSlice({ facts, ...slice }: ParkedSlice, events: readonly DeliveredEvent[]): RecordBytes {
  return records.encode({ kind: "events", ...slice, events: facts }, events);
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

/** @throws EngineError `PINTLE_RECORD_INVALID` */
export function decodeEvents(record: Pick<EngineRecord, "offset" | "payload">): DeliveredEvent[] {
  return records.payloadOf(record) as DeliveredEvent[];
}
