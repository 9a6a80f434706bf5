import { parseJson, stringifyJson } from "@pintle/events";
import type { DeliveredEvent } from "@pintle/events/gateway";
import type { EngineRecord } from "../../engine/engine.ts";
import { EngineError } from "../../engine/engine-error.ts";

/*
 * The record of the topics `retry.<destination id>`, as docs/router.md specifies it: some events of one lane, in their order, as they
 * were before any transformation. The header says which lane and which events, the payload is the events. Both are JSON.
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
  /** Of what the transformation made of it, the `messageId`s that are still to go out; absent: all. */
  readonly only?: readonly string[] | undefined;
}

/** Some events of a lane, as they stand in one record. */
export interface ParkedSlice {
  /** The lane: a hash of a user key, or a name that only one lane has. */
  readonly lane: number | string;
  /**
   * How often the lane was moved forward in this topic. The first part of a move begins it anew, the last one is `complete`: only from
   * then on do the copies count, and the records of the move before it no longer.
   */
  readonly pass: number;
  readonly part?: number;
  readonly complete?: true;
  readonly facts: readonly ParkedFacts[];
}

const format = 1;

export function encodeSlice(
  { facts, ...slice }: ParkedSlice,
  events: readonly DeliveredEvent[],
): { header: Uint8Array; payload: Uint8Array } {
  return {
    header: Buffer.from(JSON.stringify({ v: format, kind: "events", ...slice, events: facts })),
    payload: Buffer.from(stringifyJson(events)),
  };
}

/**
 * The header of a record.
 *
 * @returns `undefined` for a record of another kind
 * @throws EngineError `RECORD_TOO_NEW`, `RECORD_INVALID`
 */
export function decodeSlice(record: Pick<EngineRecord, "offset" | "header">): ParkedSlice | undefined {
  const { v, kind, events, ...slice } = parse(record.header, record.offset) as Record<string, unknown>;
  if (v !== format) {
    const message = `record ${record.offset} of the retry topic has format ${JSON.stringify(v)}, this version knows ${format}`;
    throw new EngineError("RECORD_TOO_NEW", message);
  }
  if (kind !== "events") return undefined;
  return { ...slice, facts: events } as unknown as ParkedSlice;
}

/** @throws EngineError `RECORD_INVALID` */
export function decodeEvents(record: Pick<EngineRecord, "offset" | "payload">): DeliveredEvent[] {
  return parse(record.payload, record.offset) as DeliveredEvent[];
}

function parse(bytes: Uint8Array, offset: number): unknown {
  try {
    const value: unknown = parseJson(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString());
    if (typeof value === "object" && value !== null) return value;
  } catch {
    // The parser's message quotes the text, which may be anybody's data.
  }
  throw new EngineError("RECORD_INVALID", `record ${offset} of the retry topic is no JSON`);
}
