import type { AssignedPartition, EngineRecord } from "../../engine/engine.ts";
import { Duplicates } from "./duplicates.ts";
import { hashesOf, hashWords } from "./id-hash.ts";
import { IdWindow } from "./id-window.ts";

/** Records that were read: all that there are with `from <= offset < next`. */
export interface ReadRange {
  readonly from: number;
  readonly records: readonly EngineRecord[];
  readonly next: number;
}

type DedupedLog = Pick<AssignedPartition, "start" | "end" | "read">;

/** The ids up to `next`, and the duplicates that came of taking them. */
interface Scan {
  readonly ids: IdWindow;
  duplicates: Duplicates;
  /** Being filled with what stands before its place: nobody may use it. */
  isFilling: boolean;
}

/** Ranges without a scan that are remembered at most, and records with duplicates in each. */
const mostRanges = 8;
const mostDuplicates = 20_000;
/** Records are read in pieces of so many bytes. */
const pieceBytes = 1 << 20;

/**
 * Finds the events of one partition that clients sent twice. An event is a duplicate if one of the
 * `ids` events before it has the same source and `messageId`. That depends on the log alone, so it
 * is the same for every destination and after every restart: an event that is read again is no
 * duplicate of itself.
 *
 * It is found out once for all destinations. A **scan** holds the ids before its place in the log.
 * The consumer that comes to that place first moves it on with the records that it has just read;
 * the others, who come later, are told what was found. Only duplicates are remembered, so a
 * destination that was down for a million events finds what it needs waiting. There are two scans
 * at most: one for those who are up to date, and one that is set back to wherever somebody comes
 * who is farther behind than what is remembered. To set it back, the `ids` events before that place
 * are read again. Where several want it in different places it runs ahead for each of them as far
 * as it was set back, so that taking turns costs at most the double.
 */
export class Deduper {
  readonly #ids: number;
  readonly #scans: Scan[] = [];
  /** What scans have left behind that are elsewhere now. */
  #left: Duplicates[] = [];
  #turn: Promise<void> = Promise.resolve();

  /** @param ids how many events before an event are looked at */
  constructor(ids: number) {
    this.#ids = ids;
  }

  /**
   * The duplicates on a range: `of(offset)` has one byte for each event of the record, 1 for a
   * duplicate; `undefined` where there is none. At once, unless the partition has to be read for
   * it.
   *
   * @throws what reading throws
   */
  judge(source: DedupedLog, range: ReadRange): Judgement | Promise<Judgement> {
    return this.#judgeNow(range) ?? this.#judgeLater(source, range);
  }

  async #judgeLater(source: DedupedLog, range: ReadRange): Promise<Judgement> {
    for (;;) {
      const at = this.#coveredTo(range.from);
      const done = this.#judgeNow(range);
      if (done !== undefined) return done;
      const turn = this.#turn.then(() => this.#bringScanTo(source, at));
      this.#turn = turn.catch(() => {});
      await turn;
    }
  }

  #judgeNow({ from, records, next }: ReadRange): Judgement | undefined {
    let to = this.#coveredTo(from);
    while (to < next) {
      const scan = this.#scans.find(({ duplicates, isFilling }) => !isFilling && duplicates.next === to);
      if (scan === undefined) return undefined;
      take(scan, records, next);
      to = this.#coveredTo(from);
    }
    const all = this.#all().filter((duplicates) => duplicates.from < next && duplicates.next > from);
    const [only] = all;
    if (only !== undefined && all.length === 1) return only;
    return {
      of: (offset) => all.find((duplicates) => duplicates.from <= offset && offset < duplicates.next)?.of(offset),
    };
  }

  /** The end of what is known from an offset on. */
  #coveredTo(from: number): number {
    const all = this.#all();
    let to = from;
    for (;;) {
      const further = all.find((duplicates) => duplicates.from <= to && to < duplicates.next);
      if (further === undefined) return to;
      to = further.next;
    }
  }

  #all(): Duplicates[] {
    const scanned = this.#scans.flatMap(({ duplicates, isFilling }) => (isFilling ? [] : [duplicates]));
    return this.#left.length === 0 ? scanned : [...scanned, ...this.#left];
  }

  /** Brings a scan to where the next answer is wanted. Only one at a time. */
  async #bringScanTo(source: DedupedLog, at: number): Promise<void> {
    if (this.#coveredTo(at) > at || this.#scans.some(({ duplicates }) => duplicates.next === at)) return;
    const below = this.#scans
      .filter(({ duplicates }) => duplicates.next < at)
      .toSorted((one, other) => other.duplicates.next - one.duplicates.next)[0];
    // Moving a scan on is cheaper than filling one anew as long as it takes no more ids.
    if (below !== undefined && at - below.duplicates.next <= this.#ids) {
      await this.#moveOn(below, source, at);
      if (below.duplicates.next >= at) return;
    }
    const free = this.#free(at);
    const isShared = free.duplicates.next > free.duplicates.from;
    if (isShared) this.#left = [...this.#left, free.duplicates].slice(-mostRanges);
    await this.#fill(free, source, at);
    // Not so far that it forgets what it was set back for.
    if (isShared) await this.#moveOn(free, source, source.end(), () => free.duplicates.isFull);
  }

  /** A scan that can be set elsewhere: of two, the one that is farther behind. */
  #free(at: number): Scan {
    if (this.#scans.length < 2) {
      const scan = { ids: new IdWindow(this.#ids), duplicates: new Duplicates(at, mostDuplicates), isFilling: false };
      this.#scans.push(scan);
      return scan;
    }
    const [one, other] = this.#scans as [Scan, Scan];
    return one.duplicates.next <= other.duplicates.next ? one : other;
  }

  /**
   * Reads on from where a scan is, up to an offset, or until it has taken as many ids as there are
   * in it.
   */
  async #moveOn(scan: Scan, source: DedupedLog, to: number, isEnough = (): boolean => false): Promise<void> {
    for (let taken = 0; scan.duplicates.next < to && taken < this.#ids && !isEnough(); ) {
      const from = scan.duplicates.next;
      const { records, next } = await source.read(from, pieceBytes);
      if (next === from) return;
      // A consumer may have moved it on meanwhile.
      taken += take(scan, records, next);
    }
  }

  /** Sets a scan to a place, with the ids before it. */
  async #fill(scan: Scan, source: DedupedLog, at: number): Promise<void> {
    scan.isFilling = true;
    scan.duplicates = new Duplicates(at, mostDuplicates);
    scan.ids.clear();
    try {
      for (const hashes of await hashesBefore(source, at, this.#ids)) {
        for (let position = 0; position < hashes.length; position += hashWords) scan.ids.take(hashes, position);
      }
      scan.isFilling = false;
    } finally {
      // It was filled in part: it must not be taken for one that is at its place.
      if (scan.isFilling) this.#scans.splice(this.#scans.indexOf(scan), 1);
    }
  }
}

/** What is known of a range. */
export interface Judgement {
  of(offset: number): Uint8Array | undefined;
}

/**
 * Moves a scan on over records; those below its place it has already. Returns how many ids it took.
 */
function take({ ids, duplicates }: Scan, records: readonly EngineRecord[], next: number): number {
  let taken = 0;
  for (const { offset, header } of records) {
    if (offset < duplicates.next) continue;
    const hashes = hashesOf(header);
    let ofRecord: Uint8Array | undefined;
    for (let at = 0, index = 0; at < hashes.length; at += hashWords, index++) {
      if (!ids.take(hashes, at)) continue;
      ofRecord ??= new Uint8Array(hashes.length / hashWords);
      ofRecord[index] = 1;
    }
    duplicates.add(offset, ofRecord);
    taken += hashes.length / hashWords;
  }
  duplicates.skipTo(next);
  return taken;
}

/**
 * The hashes of the latest `ids` events below an offset, or a few more, in their order. How many
 * events a record has is not known before it is read, so the way back is gone in steps.
 */
async function hashesBefore(source: DedupedLog, offset: number, ids: number): Promise<Uint32Array[]> {
  const steps: Uint32Array[][] = [];
  let found = 0;
  let records = 64;
  for (let end = offset; end > source.start() && found < ids; ) {
    const begin = Math.max(source.start(), end - records);
    const step: Uint32Array[] = [];
    let inStep = 0;
    for (let at = begin; at < end; ) {
      const piece = await source.read(at, pieceBytes);
      if (piece.next === at) break;
      for (const record of piece.records) {
        if (record.offset >= end) break;
        const hashes = hashesOf(record.header);
        step.push(hashes);
        inStep += hashes.length / hashWords;
      }
      at = piece.next;
    }
    steps.push(step);
    found += inStep;
    const perRecord = Math.max(1, inStep / (end - begin));
    records = Math.min(8192, Math.max(16, Math.ceil((ids - found) / perRecord)));
    end = begin;
  }
  return steps.reverse().flat();
}
