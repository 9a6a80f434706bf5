import { errorMessage } from "@pintle/events";
import type { AssignedPartition } from "../../engine/engine.ts";
import type { RawEvents } from "../../records/raw/raw-events.ts";
import { decodeEvents, decodeSlice, type ParkedFacts } from "../../records/retry-record.ts";
import type { ParkedRecord } from "./parked-lane.ts";

/** A record of the retry topic, read again. */
export interface ReadRecord {
  readonly facts: readonly ParkedFacts[];
  readonly events: RawEvents;
  readonly payload: Uint8Array;
}

/** What was written is not there any more. */
export class GoneError extends Error {}

/** Reads records of a partition of the retry topic where they stand. */
export class TopicReader {
  readonly #source: AssignedPartition;

  constructor(source: AssignedPartition) {
    this.#source = source;
  }

  /** @throws GoneError when the record is not there, or cannot be read */
  async read({ record: { offset } }: ParkedRecord): Promise<ReadRecord> {
    const { records } = await this.#source.read(offset, 1);
    const record = records[0];
    if (record?.offset !== offset) throw new GoneError(`record ${offset} of ${this.#source.topic} is not there`);
    try {
      const facts = decodeSlice(record)?.facts ?? [];
      const events = decodeEvents(record, facts.length);
      return { facts, events, payload: record.payload };
    } catch (error) {
      throw new GoneError(errorMessage(error));
    }
  }
}
