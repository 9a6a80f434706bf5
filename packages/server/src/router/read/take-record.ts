import { stringifyJson } from "@pintle/events";
import type { DeliveredEvent } from "@pintle/events/gateway";
import type { EngineRecord } from "../../engine/engine.ts";
import { EngineError } from "../../engine/engine-error.ts";
import type { OpenedRecord } from "../../records/event-record.ts";
import { RawSlice } from "../../records/raw/raw-events.ts";
import type { ScannedRecord } from "../../records/raw/scan-record.ts";
import { type FilteredEvent, type FilterReason, type FilterRules, filterEvent } from "../filter/filter.ts";
import { type Entry, newEntry } from "../lanes/entry.ts";
import { duplicate as duplicateEnding, type Ending, filtered as filteredEnding } from "../ledger/ending.ts";
import type { PartitionState } from "../ledger/partition.ts";
import type { WindowRecord } from "../ledger/window.ts";
import { type Holding, holdingOf, holdRaw, pack } from "../memory/holding.ts";
import { type Concerns, countEvents, eventsConcerned } from "./unread.ts";

/** What a record holds for one destination. Events that are in neither list are finished. */
export interface TakenRecord {
  readonly deliver: readonly Entry[];
  readonly dead: readonly { readonly entry: Entry; readonly reason: string; readonly detail: string }[];
  /** Events that are not for the destination, by reason. */
  readonly filtered: ReadonlyMap<FilterReason | "disconnected", number>;
  /** Events that their client sent before. */
  readonly duplicate: number;
  /** Events with an `integrations` that means nothing. */
  readonly malformed: number;
}

export interface TakeRules {
  readonly filter: FilterRules;
  /** Ids of the sources that are connected to the destination. */
  readonly sources: { has(sourceId: string): boolean };
  readonly concerns: Concerns;
  /** @see openRecord */
  readonly open: (record: EngineRecord) => OpenedRecord;
  /** Opens a record for a destination that takes bytes; `undefined`: it takes objects. */
  readonly scan?: ((record: EngineRecord) => ScannedRecord) | undefined;
  /** Objects that there may be of each event, see `holdingOf`. */
  readonly copies: number;
  /** Whether there is memory for so many bytes beside what is held. */
  readonly fits: (bytes: number) => boolean;
}

/** Called with each event that is taken for the first time, and how it ended if it did. */
export type OnTaken = (index: number, event: DeliveredEvent, sourceId: string, ending?: Ending) => void;

/**
 * Events that are taken of a record at least, whatever there is room for. More fill half of it: the
 * other half is for parsing them to go out.
 */
const leastPortion = 256;

/**
 * Takes a record in: enters its events into the partition's window, finishes those that are not for
 * the destination, or that an earlier run has finished, and says what is to be done with the
 * others. Of a record for which there is no room it takes as many events as have some, and at least
 * a few; `partition.part` says then where it stopped, and the next call with this record goes on
 * there.
 *
 * @param duplicates one byte for each event, 1 for one that its client sent before; `undefined`:
 * there are none
 * @throws EngineError `PINTLE_RECORD_TOO_NEW`, in which case nothing has happened
 */
export function takeRecord(
  record: EngineRecord,
  partition: PartitionState,
  rules: TakeRules,
  duplicates?: Uint8Array,
  told?: OnTaken,
): TakenRecord {
  const { sourceId, events } = countEvents(record.header);
  if (sourceId !== "" && !rules.sources.has(sourceId)) {
    const disconnected = eventsConcerned(record, partition, rules.concerns);
    partition.finishedBefore.take(record.offset);
    partition.window.add(record.offset, record.time, 0);
    return disconnected === 0 ? taken({}) : taken({ filtered: new Map([["disconnected", disconnected]]) });
  }
  let content: Content;
  try {
    content = contentOf(record, partition, rules);
  } catch (error) {
    if (!(error instanceof EngineError) || error.code === "PINTLE_RECORD_TOO_NEW") throw error;
    return takeUnreadable(record, partition, { sourceId, weight: events, detail: error.message });
  }
  return takeEvents(record, partition, { ...content, duplicates }, rules, told);
}

/** A record that is open, its events as objects or as bytes. */
interface Content extends Omit<OpenedRecord, "eventAt" | "keyHashes"> {
  readonly keyHashes: ArrayLike<number>;
  readonly eventAt: (index: number) => DeliveredEvent | RawSlice;
  readonly scanned?: ScannedRecord;
}

function contentOf(record: EngineRecord, { part }: PartitionState, { scan, open }: TakeRules): Content {
  const scanned = part?.scanned ?? scan?.(record);
  if (scanned === undefined) return open(record);
  const { sourceId, keyHashes, events } = scanned;
  return { sourceId, keyHashes, eventAt: (index) => events.at(index), scanned };
}

function takeEvents(
  record: EngineRecord,
  partition: PartitionState,
  { sourceId, keyHashes, eventAt, scanned, duplicates }: Content & { readonly duplicates: Uint8Array | undefined },
  { filter, copies, fits }: TakeRules,
  told: OnTaken | undefined,
): TakenRecord {
  const { length } = keyHashes;
  const { part } = partition;
  partition.part = undefined;
  const state = part?.record ?? begin(record, partition, length);
  const bytes = Math.ceil(record.payload.length / length);
  const isWhole = scanned === undefined && part === undefined;
  const hold = isWhole ? holdingOf(record.payload, length, copies, fits) : pack;
  if (scanned !== undefined) state.shared = scanned.events.cost;
  const deliver: Entry[] = [];
  const dead: { entry: Entry; reason: string; detail: string }[] = [];
  let filtered: Map<FilterReason, number> | undefined;
  let duplicate = 0;
  let malformed = 0;
  let charged = part === undefined ? state.shared : 0;
  for (let index = part?.next ?? 0; index < length; index++) {
    if (state.finished[index] === 1) continue;
    // What is held as JSON needs as much again to go out.
    if (
      hold === pack &&
      deliver.length + dead.length >= leastPortion &&
      !fits(scanned === undefined ? 2 * charged : charged)
    ) {
      partition.part = { record: state, next: index, left: openFrom(state, index), scanned };
      break;
    }
    if (duplicates?.[index] === 1) {
      duplicate++;
      if (told !== undefined) told(index, objectOf(eventAt(index)), sourceId, duplicateEnding);
      partition.window.finish(state, index);
      continue;
    }
    const event = eventAt(index);
    const { result, malformed: isMalformed } = filterEvent(event, filter);
    if (isMalformed) malformed++;
    if (result !== "deliver" && result !== "type") {
      filtered ??= new Map();
      filtered.set(result, (filtered.get(result) ?? 0) + 1);
      if (told !== undefined) told(index, objectOf(event), sourceId, filteredEnding(result));
      partition.window.finish(state, index);
      continue;
    }
    if (told !== undefined) told(index, objectOf(event), sourceId);
    const { held, cost }: Holding = event instanceof RawSlice ? holdRaw(event) : hold(event);
    charged += cost;
    const entry = newEntry(partition, state, { index, event: held, sourceId, keyHash: keyHashes[index]!, bytes, cost });
    if (result === "deliver") deliver.push(entry);
    else dead.push({ entry, reason: "type", detail: unknownType(event) });
  }
  return taken({ deliver, dead, duplicate, malformed, ...(filtered === undefined ? {} : { filtered }) });
}

function objectOf(event: DeliveredEvent | RawSlice): DeliveredEvent {
  return event instanceof RawSlice ? event.parsed() : event;
}

/** Enters a record into the window, with what an earlier run has finished of it. */
function begin(
  { offset, time }: EngineRecord,
  { window, finishedBefore }: PartitionState,
  events: number,
): WindowRecord {
  const state = window.add(offset, time, events);
  for (const index of finishedBefore.take(offset)) if (index < events) window.finish(state, index);
  return state;
}

function openFrom({ finished, events }: WindowRecord, from: number): number {
  let open = 0;
  for (let index = from; index < events; index++) if (finished[index] === 0) open++;
  return open;
}

/**
 * A record of which nothing can be made is kept whole, as one dead letter that counts as all its
 * events.
 */
function takeUnreadable(
  record: EngineRecord,
  partition: PartitionState,
  { sourceId, weight, detail }: { sourceId: string; weight: number; detail: string },
): TakenRecord {
  const state = partition.window.add(record.offset, record.time, 1);
  if (partition.finishedBefore.take(record.offset).length > 0) {
    partition.window.finish(state, 0);
    return taken({});
  }
  const whole = { messageId: "", header: base64(record.header), payload: base64(record.payload) };
  const event = whole as unknown as DeliveredEvent;
  const bytes = record.payload.length;
  const entry = newEntry(partition, state, { index: 0, event, sourceId, keyHash: 0, bytes, cost: 4 * bytes, weight });
  return taken({ dead: [{ entry, reason: "record", detail }] });
}

function taken(facts: Partial<TakenRecord>): TakenRecord {
  const { deliver = [], dead = [], duplicate = 0, malformed = 0, filtered = none } = facts;
  return { deliver, dead, duplicate, malformed, filtered };
}

const none: TakenRecord["filtered"] = new Map();

/**
 * What a dead letter says of an event whose type no destination knows. A client wrote it: it may be
 * anything, of any length.
 */
export function unknownType({ type }: FilteredEvent): string {
  return `the event has the type ${(stringifyJson(type) ?? "(none)").slice(0, 100)}`;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}
