import { stringifyJson } from "@pintle/events";
import type { DeliveredEvent } from "@pintle/events/gateway";
import type { EngineRecord } from "../../engine/engine.ts";
import { EngineError } from "../../engine/engine-error.ts";
import { eventsOf, type RecordEvents } from "../../records/event-record.ts";
import { type Entry, newEntry } from "../lanes/lanes.ts";
import type { PartitionState } from "../ledger/partition.ts";
import { holdingOf } from "../memory/holding.ts";
import { type FilterReason, type FilterRules, filterEvent } from "./filter.ts";
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
  /** Objects that there may be of each event, see `holdingOf`. */
  readonly copies: number;
  /** Whether there is memory for so many bytes. */
  readonly fits: (bytes: number) => boolean;
}

/**
 * Takes a record in: enters its events into the partition's window, finishes those that are not for the destination, or that an
 * earlier run has finished, and says what is to be done with the others.
 *
 * @param duplicates one byte for each event, 1 for one that its client sent before; `undefined`: there are none
 * @throws EngineError `PINTLE_RECORD_TOO_NEW`, in which case nothing has happened
 */
export function takeRecord(
  record: EngineRecord,
  partition: PartitionState,
  rules: TakeRules,
  duplicates?: Uint8Array,
): TakenRecord {
  const { sourceId, events } = countEvents(record.header);
  if (sourceId !== "" && !rules.sources.has(sourceId)) {
    const disconnected = eventsConcerned(record, partition, rules.concerns);
    partition.finishedBefore.take(record.offset);
    partition.window.add(record.offset, record.time, 0);
    return disconnected === 0 ? taken({}) : taken({ filtered: new Map([["disconnected", disconnected]]) });
  }
  let content: RecordEvents;
  try {
    content = eventsOf(record);
  } catch (error) {
    if (!(error instanceof EngineError) || error.code === "PINTLE_RECORD_TOO_NEW") throw error;
    return takeUnreadable(record, partition, { sourceId, weight: events, detail: error.message });
  }
  return takeEvents(record, partition, { ...content, duplicates }, rules);
}

function takeEvents(
  record: EngineRecord,
  partition: PartitionState,
  { sourceId, events, keyHashes, duplicates }: RecordEvents & { readonly duplicates: Uint8Array | undefined },
  { filter, copies, fits }: TakeRules,
): TakenRecord {
  const before = partition.finishedBefore.take(record.offset);
  let nextBefore = 0;
  const state = partition.window.add(record.offset, record.time, events.length);
  const bytes = Math.ceil(record.payload.length / events.length);
  const hold = holdingOf(record.payload, events.length, copies, fits);
  const deliver: Entry[] = [];
  const dead: { entry: Entry; reason: string; detail: string }[] = [];
  let filtered: Map<FilterReason, number> | undefined;
  let duplicate = 0;
  let malformed = 0;
  for (let index = 0; index < events.length; index++) {
    if (before[nextBefore] === index) {
      nextBefore++;
      partition.window.finish(state, index);
      continue;
    }
    if (duplicates?.[index] === 1) {
      duplicate++;
      partition.window.finish(state, index);
      continue;
    }
    const event = events[index]!;
    const { result, malformed: isMalformed } = filterEvent(event, filter);
    if (isMalformed) malformed++;
    if (result !== "deliver" && result !== "type") {
      filtered ??= new Map();
      filtered.set(result, (filtered.get(result) ?? 0) + 1);
      partition.window.finish(state, index);
      continue;
    }
    const { held, cost } = hold(event);
    const entry = newEntry(partition, state, { index, event: held, sourceId, keyHash: keyHashes[index]!, bytes, cost });
    if (result === "deliver") deliver.push(entry);
    else dead.push({ entry, reason: "type", detail: unknownType(event) });
  }
  return taken({ deliver, dead, duplicate, malformed, ...(filtered === undefined ? {} : { filtered }) });
}

/** A record of which nothing can be made is kept whole, as one dead letter that counts as all its events. */
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

/** What a dead letter says of an event whose type no destination knows. A client wrote it: it may be anything, of any length. */
export function unknownType({ type }: DeliveredEvent): string {
  return `the event has the type ${(stringifyJson(type) ?? "(none)").slice(0, 100)}`;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}
