import type { EngineRecord } from "../../engine/engine.ts";
import { type OpenedRecord, openRecord } from "../../records/event-record.ts";
import { type ScannedRecord, scanRecord } from "../../records/raw/scan-record.ts";
import { parsedCost } from "../memory/heap-cost.ts";

/** What is kept of a record. */
interface KeptRecord {
  readonly record: OpenedRecord | ScannedRecord;
  /** Bytes, about. */
  readonly cost: number;
}

/**
 * The records of `events` that were opened last, for destinations that come to the same record one
 * after the other: it is scanned once, and parsed once, for all of them. Each gets an object of its
 * own for each event; what is nested in it they share, and nobody may change it.
 *
 * One that is far behind opens its records anew, and keeps the others from nothing: the oldest goes
 * for the newest.
 */
export class DecodedRecords {
  readonly #mostBytes: number;
  readonly #kept = new Map<string, KeptRecord>();
  #held = 0;

  /** @param mostBytes that it may take, about */
  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  /** Bytes that it takes, about. */
  get held(): number {
    return this.#held;
  }

  /** The record with its events as objects. @throws EngineError as `openRecord` */
  open(record: EngineRecord): OpenedRecord {
    const key = `${record.partition} ${record.offset}`;
    const known = this.#kept.get(key);
    if (known !== undefined) return known.record as OpenedRecord;
    const opened = openRecord(record);
    this.#keep(key, { record: opened, cost: parsedCost(record.payload) + record.header.length });
    return opened;
  }

  /** The record with its events as bytes. @throws EngineError as `scanRecord` */
  scan(record: EngineRecord): ScannedRecord {
    const key = `raw ${record.partition} ${record.offset}`;
    const known = this.#kept.get(key);
    if (known !== undefined) return known.record as ScannedRecord;
    const scanned = scanRecord(record);
    this.#keep(key, { record: scanned, cost: scanned.events.cost + record.header.length });
    return scanned;
  }

  #keep(key: string, kept: KeptRecord): void {
    if (kept.cost > this.#mostBytes) return;
    this.#kept.set(key, kept);
    this.#held += kept.cost;
    for (const [oldest, { cost }] of this.#kept) {
      if (this.#held <= this.#mostBytes) return;
      this.#kept.delete(oldest);
      this.#held -= cost;
    }
  }
}
