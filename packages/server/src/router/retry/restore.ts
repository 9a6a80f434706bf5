import { hashUserKey } from "@pintle/events";
import type { AssignedPartition } from "../../engine/engine.ts";
import { decodeEventRecord } from "../../records/event-record.ts";
import { decodeSlice, type Origin, type ParkedFacts, type ParkedSlice } from "../../records/retry-record.ts";
import { type PartitionState, progressOf } from "../ledger/partition.ts";
import type { ParkedRecord } from "./parked-lane.ts";

/** What an earlier run has left in the retry topic. */
export interface Restored {
  readonly lanes: readonly {
    /** `undefined`: an event without a key. */
    readonly id: number | string | undefined;
    readonly name: number | string;
    readonly pass: number;
    readonly records: readonly ParkedRecord[];
    /** The lane's first event. */
    readonly head: ParkedFacts;
  }[];
  readonly known: KnownEvents;
}

/** What of `events` is known from the retry topic to need no reading. */
export interface KnownEvents {
  /**
   * The records with events that stand there. Which ones those are is read again where it matters:
   * they may be millions.
   */
  readonly standing: readonly {
    /** Offset of the record. */
    readonly offset: number;
    /** The last of its events, which stand in their order. */
    readonly end: Origin;
  }[];
  /**
   * The last parked event of each user key, by the key's hash: those before it had ended
   * or stood there when it was parked. If that was not saved before a crash they come up again, and
   * would come behind it now.
   */
  readonly last: ReadonlyMap<number, Origin>;
  /** The retry topic. */
  readonly topic: Pick<AssignedPartition, "read">;
}

/**
 * Finishes in a partition of `events` what is known to need no reading, and saves that. Before
 * anything goes out: once the lanes have ended, nobody would know it any more.
 */
export async function finishKnown(known: KnownEvents, partition: PartitionState): Promise<void> {
  const { source, window, finishedBefore } = partition;
  const isHere = (origin: Origin): boolean => origin.partition === source.partition && origin.offset >= window.low;
  const ends = new Map([...known.last].filter(([, origin]) => isHere(origin)));
  const end = Math.max(...[...ends.values()].map(({ offset }) => offset + 1));
  for (let at = window.low; at < end; ) {
    const { records, next } = await source.read(at, pieceBytes);
    if (next === at) break;
    const found: [number, number][] = [];
    for (const { offset, header } of records) {
      for (const [index, keyHash] of keyHashesOf(header).entries()) {
        const lastOfKey = ends.get(keyHash);
        if (lastOfKey !== undefined && isBehind(lastOfKey, { offset, index })) found.push([offset, index]);
      }
    }
    finishedBefore.add(found);
    at = next;
  }
  const standing = known.standing.filter((record) => isHere(record.end));
  let found: [number, number][] = [];
  for await (const facts of factsIn(standing, known.topic)) {
    for (const fact of facts) if (isHere(fact)) found.push([fact.offset, fact.index]);
    if (found.length < mostAtOnce) continue;
    finishedBefore.add(found);
    found = [];
  }
  finishedBefore.add(found);
  if (standing.length > 0) source.save(progressOf(partition));
}

/**
 * Reads some records of the retry topic again, and what stands between them only where that is
 * little.
 */
async function* factsIn(
  standing: KnownEvents["standing"],
  topic: KnownEvents["topic"],
): AsyncGenerator<readonly ParkedFacts[], void, void> {
  const offsets = standing.map(({ offset }) => offset).sort((one, other) => one - other);
  for (let first = 0; first < offsets.length; ) {
    const { records, next } = await topic.read(offsets[first]!, pieceBytes);
    if (next === offsets[first]) return;
    for (const record of records) {
      while (offsets[first]! < record.offset) first++;
      if (offsets[first] === record.offset) yield decodeSlice(record)?.facts ?? [];
    }
    while (offsets[first]! < next) first++;
  }
}

/** A record of a lane. What its other events are is not kept. */
interface LaneRecord {
  readonly parked: ParkedRecord;
  /** The lane's first event that has not ended. */
  readonly head: ParkedFacts | undefined;
  readonly end: Origin | undefined;
}

interface LaneRecords {
  pass: number;
  records: LaneRecord[];
  /** Copies of a move that is not complete yet. */
  copies: LaneRecord[];
}

const pieceBytes = 1 << 20;
/** Events that are entered as finished together. */
const mostAtOnce = 50_000;
const noUserKey = hashUserKey("");

/**
 * Reads the topic to its end, enters all records into the window, and finishes the events of which
 * there are others that count.
 */
export async function restore(partition: PartitionState): Promise<Restored> {
  const { source, window, finishedBefore } = partition;
  const lanes = new Map<number | string, LaneRecords>();
  const drop = (dropped: readonly LaneRecord[]): void => {
    for (const { parked } of dropped) {
      const { record } = parked;
      for (let index = 0; index < record.events; index++)
        if (record.finished[index] === 0) window.finish(record, index);
    }
  };

  for (let at = window.position; at < source.end(); ) {
    const { records, next } = await source.read(at, pieceBytes);
    if (next === at) break;
    for (const record of records) {
      const content = decodeSlice(record);
      const before = finishedBefore.take(record.offset);
      if (content === undefined) {
        window.add(record.offset, record.time, 0);
        continue;
      }
      const { facts } = content;
      const time = Math.min(...facts.map((fact) => fact.time));
      const entered = window.add(record.offset, time, facts.length);
      for (const index of before) window.finish(entered, index);
      // In a lane events end in their order. One whose events have all ended says nothing about the
      // lane any more.
      if (entered.open > 0 || content.complete === true) take(lanes, content, { record: entered, first: 0 }, drop);
    }
    window.skipTo(next);
    at = next;
  }
  // What is left here was finished in records that are gone.
  finishedBefore.dropBelow(Number.POSITIVE_INFINITY);

  for (const lane of lanes.values()) drop(lane.copies);
  return summary(lanes, source);
}

function take(
  lanes: Map<number | string, LaneRecords>,
  { lane: name, pass, part, complete, facts }: ParkedSlice,
  parked: ParkedRecord,
  drop: (dropped: readonly LaneRecord[]) => void,
): void {
  let lane = lanes.get(name);
  if (lane === undefined) {
    lane = { pass: 0, records: [], copies: [] };
    lanes.set(name, lane);
  }
  const record = { parked, head: facts[parked.record.finished.indexOf(0)], end: originOf(facts.at(-1)) };
  // A part belongs to a move; without one, the record follows what is there.
  if (part === undefined || pass <= lane.pass) {
    // What is parked behind others comes behind them in `events`, too. If it does not, a crash had
    // set progress in `events` back; and as long as others stand here, nothing from before them is
    // taken from there. So they had ended.
    const end = lane.records.at(-1)?.end;
    if (typeof name === "number" && end !== undefined && !isBehind(facts[0]!, end)) {
      drop(lane.records);
      lane.records = [];
    }
    lane.pass = pass;
    lane.records.push(record);
    return;
  }
  if (part === 0) {
    // A move that was broken off began here before.
    drop(lane.copies);
    lane.copies = [];
  }
  lane.copies.push(record);
  if (complete !== true) return;
  drop(lane.records);
  lanes.set(name, { pass, records: lane.copies, copies: [] });
}

function isBehind(one: Omit<Origin, "partition">, other: Omit<Origin, "partition">): boolean {
  return one.offset > other.offset || (one.offset === other.offset && one.index > other.index);
}

/** The origin alone: the whole of the facts would be kept for each record. */
function originOf(facts: ParkedFacts | undefined): Origin | undefined {
  if (facts === undefined) return undefined;
  const { partition, offset, index } = facts;
  return { partition, offset, index };
}

function summary(lanes: ReadonlyMap<number | string, LaneRecords>, topic: KnownEvents["topic"]): Restored {
  const restored: Restored["lanes"][number][] = [];
  const standing: KnownEvents["standing"][number][] = [];
  const last = new Map<number, Origin>();
  for (const [name, { pass, records }] of lanes) {
    const open = records.filter(({ parked }) => parked.record.open > 0);
    const [front] = open;
    if (front === undefined) continue;
    // A name that is text is that of a replayed lane, which ends with its events, or of an event
    // without a key.
    const isReplay = typeof name === "string" && name.startsWith("r");
    const id = typeof name === "number" || isReplay ? name : undefined;
    restored.push({ id, name, pass, records: open.map(({ parked }) => parked), head: front.head! });
    if (isReplay) continue;
    for (const { parked, end } of open) standing.push({ offset: parked.record.offset, end: end! });
    const end = open.at(-1)?.end;
    if (typeof name === "number" && name !== noUserKey && end !== undefined) last.set(name, end);
  }
  return { lanes: restored, known: { standing, last, topic } };
}

/** The hash of the user key of each event of a record; none of one that cannot be read. */
function keyHashesOf(header: Uint8Array): readonly number[] {
  try {
    return Array.from(decodeEventRecord(header).keyHashes);
  } catch {
    return [];
  }
}
