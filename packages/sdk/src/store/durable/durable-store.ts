import { errorMessage } from "@pintle/events";
import type { Damage } from "@pintle/log";
import type { Settings } from "../../config.ts";
import type { Left } from "../../outcome.ts";
import type { MemoryStore } from "../memory/memory-store.ts";
import type { StoreHost } from "../store.ts";
import { durableError } from "./durable-errors.ts";
import { Folder, ownerOf, type TakeLock } from "./folder.ts";
import type { Journal, JournalSettings } from "./journal.ts";
import { Journals, type JournalsObserver } from "./journals.ts";
import { assertMove, type Moves } from "./moves.ts";
import type { UnreadRange } from "./pending-index.ts";
import type { StoredMessage } from "./record.ts";
import { RecordBatch } from "./record-batch.ts";
import type { MovedMessage } from "./recovery.ts";
import { SpilledBatches } from "./spilled-batches.ts";
import { StoredEntry, type StoredIn } from "./stored-entry.ts";

/** What durable mode takes from the machine, so that tests can put something else there. */
export interface System extends Pick<JournalSettings, "fs"> {
  readonly takeLock: TakeLock;
  /** Bytes of one of the log's segments. Default: what suits `maxBytes`. */
  readonly segmentBytes?: number;
  /** Milliseconds between two looks for orphaned slots. Default: 15,000. */
  readonly adoptPause?: number;
}

const MiB = 1024 * 1024;
/**
 * Messages of one record together, bytes: enough for a sync to be worth it, little enough to be
 * read at once.
 */
const mostBatchBytes = MiB / 2;
/** Read from the disk at once. */
const mostReadBytes = MiB;
/** Milliseconds between two attempts to read. */
const readPause = 1_000;

/** Bytes of a segment, for a journal whose files may have that many. */
function segmentBytesFor(maxBytes: number, maxMessageBytes: number): number {
  return Math.max(Math.min(16 * MiB, Math.floor(maxBytes / 16)), Math.min(maxMessageBytes, maxBytes / 8));
}

type StoreState = "ready" | "reading" | "pausing" | "closed";

const moves: Moves<StoreState> = {
  ready: ["reading", "closed"],
  reading: ["ready", "pausing", "closed"],
  pausing: ["ready", "closed"],
  closed: [],
};

/**
 * Durable mode: docs/durable-mode.md. Every message that has not ended is in one of these places,
 * and moves only as shown:
 *
 *     accepted --> queue <-- line
 *         |                   ^
 *         +-------------------+
 *
 * - **queue**: in memory, and being delivered. It is on disk, or on its way there.
 * - **line**: what comes behind the queue, in order: batches of messages that are in memory because
 *   they are not stored yet, and ranges of messages that are on disk only. A batch at the front
 *   goes to the queue, a range at the front is read when there is room; a batch that is stored
 *   before its turn has come becomes a range.
 *
 * A message that is accepted goes to the queue if the line is empty and the window is not full,
 * else to the end of the line. So the order is that of acceptance.
 *
 * The store itself is always in one of these states, and moves only as shown:
 *
 *     ready <--> reading --> pausing --> ready;  each of them --> closed
 *
 * - **ready**: the range at the front is read as soon as there is room.
 * - **reading**: a part of it is being read.
 * - **pausing**: that failed, and is tried again in a second.
 * - **closed**: the client ends. Nothing more comes to the queue.
 */
export class DurableStore {
  readonly #memory: MemoryStore;
  readonly #host: StoreHost;
  readonly #journals: Journals;
  #state: StoreState = "ready";
  /** Bytes in memory beyond which new messages are only on disk. */
  readonly #window: number;
  readonly #batchBytes: number;

  #collecting: RecordBatch | undefined;
  readonly #line: (UnreadRange | RecordBatch)[] = [];
  #unqueued = 0;
  readonly #spilled = new SpilledBatches();

  #cancelPause: (() => void) | undefined;
  #hasReadFailed = false;

  /** Resolves when the folder is open, or has turned out not to be usable for now. */
  static async open(settings: Settings, memory: MemoryStore, host: StoreHost, system: System): Promise<DurableStore> {
    const store = new DurableStore(settings, memory, host, system);
    await store.#journals.open();
    return store;
  }

  private constructor(settings: Settings, memory: MemoryStore, host: StoreHost, system: System) {
    const { writeKey, url, maxQueueBytes, maxMessageBytes } = settings;
    const { directory, maxBytes, sync } = settings.durable!;
    this.#memory = memory;
    this.#host = host;
    const { now, after, hold } = host;
    const segmentBytes = system.segmentBytes ?? segmentBytesFor(maxBytes, maxMessageBytes);
    const journalSettings: JournalSettings = {
      fs: system.fs,
      now,
      after,
      hold,
      sync,
      segmentBytes,
      // The active segment and the next one may be written ahead; the third is for
      // acknowledgements.
      maxBytes: maxBytes - 3 * segmentBytes,
      epoch: () => now() - host.clock(),
    };
    const observer: JournalsObserver = {
      opened: (journal, moved, range) => this.#recovered(journal, moved, range),
      settled: (batch) => this.#settled(batch),
      changed: (journal) => this.#changed(journal),
      damaged: (journal, damage) => this.#report(journal.directory, damage),
      problem: (error, kind) => host.problem(error, kind),
    };
    const folder = new Folder(directory, ownerOf(writeKey, url), system.fs, system.takeLock);
    this.#journals = new Journals(folder, journalSettings, observer, system.adoptPause);
    this.#window = Math.floor(maxQueueBytes / 2);
    this.#batchBytes = Math.min(mostBatchBytes, Math.floor(this.#window / 4));
  }

  /** Bytes that are free on disk, as far as it is used. */
  get room(): number {
    return this.#journals.own?.room ?? Number.POSITIVE_INFINITY;
  }

  /** Pending messages that are not in the queue: on disk only, or behind those. */
  get unqueued(): number {
    return this.#unqueued;
  }

  /** Takes a message that has been accepted: writes it, and queues it, now or in its turn. */
  add(entry: StoredEntry): void {
    const journal = this.#journals.own;
    if (journal === undefined || this.#state === "closed") {
      entry.settleStored(false);
      this.#memory.queue.push(entry);
      return;
    }
    const isInLine = this.#line.length > 0 || this.#held > this.#window;
    let batch = this.#collecting;
    if (batch?.state !== "open" || batch.isInLine !== isInLine || batch.bytes + entry.length > this.#batchBytes) {
      batch = new RecordBatch(journal.number);
      batch.isInLine = isInLine;
      this.#collecting = batch;
      if (isInLine) this.#line.push(batch);
      journal.write(batch);
    }
    batch.add(entry);
    journal.grew(entry.length);
    if (isInLine) this.#unqueued++;
    else this.#memory.queue.push(entry);
  }

  /** Writes down that messages have ended; calls back when that is done, or cannot be done. */
  end(entries: readonly StoredEntry[], done: () => void): void {
    // What ends is written behind the message itself.
    const unsettled = new Set<StoredIn>();
    const byJournal = new Map<Journal, StoredEntry[]>();
    for (const entry of entries) {
      const { record } = entry;
      const journal = record === undefined ? undefined : this.#journals.get(record.journal);
      if (record === undefined || record.state === "failed" || journal === undefined) continue;
      if (record.state !== "stored") unsettled.add(record);
      const others = byJournal.get(journal);
      if (others === undefined) byJournal.set(journal, [entry]);
      else others.push(entry);
    }
    let left = unsettled.size > 0 ? unsettled.size : byJournal.size;
    if (left === 0) done();
    for (const record of unsettled) {
      record.whenSettled(() => {
        if (--left === 0) this.end(entries, done);
      });
    }
    if (unsettled.size > 0) return;
    for (const [journal, part] of byJournal) {
      journal.acknowledge(part, () => {
        if (--left === 0) done();
      });
    }
  }

  /** Messages that have ended have given their bytes back. */
  freed(): void {
    this.#advance();
  }

  /**
   * The client ends. Of the messages that are not in the queue, ends those that are on disk with
   * `left`, and returns the others.
   */
  leave(left: Left): StoredEntry[] {
    const unqueued = [...this.#line.filter((item) => item instanceof RecordBatch), ...this.#spilled.takeAll()];
    const entries = unqueued.flatMap((batch) => batch.entries.filter((entry) => entry !== undefined));
    this.#line.length = 0;
    for (const entry of entries) if (entry.isStored) entry.end(left);
    return entries.filter((entry) => !entry.isStored);
  }

  /** Writes what is not written, and lets go of the folder. Never rejects. */
  async close(): Promise<void> {
    this.#cancelPause?.();
    this.#become("closed");
    await this.#journals.close();
  }

  /** Bytes of all messages that are in memory. */
  get #held(): number {
    return this.#memory.bytes.held;
  }

  #become(state: StoreState): void {
    assertMove(moves, this.#state, state);
    this.#state = state;
  }

  /**
   * What an earlier process has left: it counts as accepted now, and is sent before everything that
   * is accepted from now on.
   */
  #recovered(journal: Journal, moved: readonly MovedMessage[], range: UnreadRange): void {
    const movedBytes = moved.reduce((sum, { bytes }) => sum + bytes.length, 0);
    const count = moved.length + range.count;
    if (count === 0) return;
    this.#host.recovered(count, movedBytes + range.bytes);
    this.#unqueued += count;
    if (moved.length > 0) this.#line.push(this.#restoreMoved(journal, moved));
    if (range.count > 0) this.#line.push(range);
    this.#advance();
  }

  /** Moved messages in the order of their origins; each of their records knows its own by index. */
  #restoreMoved(journal: Journal, moved: readonly MovedMessage[]): RecordBatch {
    const records = new Map<number, RecordBatch>();
    const all = RecordBatch.stored(journal.number, -1);
    all.isInLine = true;
    for (const message of moved) {
      const { offset, index, origin } = message;
      const record = records.get(offset) ?? RecordBatch.stored(journal.number, offset);
      records.set(offset, record);
      record.origins ??= [];
      record.origins[index] = origin!;
      const entry = this.#restore(message);
      all.entries.push(entry);
      record.put(entry, index);
    }
    for (const record of records.values()) journal.loaded(record);
    return all;
  }

  #restore({ lane, acceptedAt, bytes }: StoredMessage): StoredEntry {
    // If the clock has been set back since, its age counts from now.
    const age = Math.max(0, this.#host.now() - acceptedAt);
    const entry = new StoredEntry(lane, Math.trunc(this.#host.clock() - age));
    entry.settleStored(true);
    this.#memory.bytes.copy(entry, bytes);
    return entry;
  }

  /** A batch is on disk, or will not be. */
  #settled(batch: RecordBatch): void {
    const isStored = batch.state === "stored";
    for (const entry of batch.entries) {
      if (entry === undefined) continue;
      if (!isStored) entry.record = undefined;
      entry.settleStored(isStored);
    }
    if (batch === this.#collecting) this.#collecting = undefined;
    if (isStored && batch.isInLine) this.#spill(batch);
    this.#advance();
    this.#host.changed();
  }

  #spill(batch: RecordBatch): void {
    const at = this.#line.indexOf(batch);
    const before = this.#line[at - 1];
    for (const entry of batch.entries) if (entry !== undefined) this.#memory.bytes.free(entry);
    const journal = this.#journals.get(batch.journal);
    const range = journal?.spill(batch, before instanceof RecordBatch ? undefined : before);
    this.#line.splice(at, 1, ...(range === undefined ? [] : [range]));
    this.#spilled.add(batch);
  }

  /** Moves what is at the front of the line to the queue, as far as there is room. */
  #advance(): void {
    for (let front = this.#line[0]; front !== undefined && this.#state !== "closed"; front = this.#line[0]) {
      if (!(front instanceof RecordBatch)) {
        // Read well before the window is empty, in pieces that are worth a read.
        if (this.#state === "ready" && this.#held <= this.#window / 2) void this.#load(front);
        return;
      }
      // One that is on its way to the disk will leave memory in a moment.
      if (!front.isSettled && this.#held > this.#window) return;
      this.#line.shift();
      front.isInLine = false;
      for (const entry of front.entries) {
        this.#unqueued--;
        this.#memory.queue.push(entry!);
      }
      this.#host.changed();
    }
  }

  async #load(range: UnreadRange): Promise<void> {
    const journal = this.#journals.get(range.journal)!;
    this.#become("reading");
    try {
      const most = Math.max(1, Math.min(mostReadBytes, Math.floor(this.#window / 4)));
      const { records, next, damage } = await journal.read(range, most);
      if (this.#isClosed) return;
      for (const { offset, messages } of records) this.#loaded(journal, range, offset, messages);
      range.from = next;
      this.#report(journal.directory, damage);
      if (next >= range.to) this.#finish(journal, range);
      this.#hasReadFailed = false;
    } catch (error) {
      this.#readFailed(journal, error);
      return;
    }
    this.#become("ready");
    this.#advance();
    this.#host.changed();
  }

  get #isClosed(): boolean {
    return this.#state === "closed";
  }

  #readFailed(journal: Journal, error: unknown): void {
    if (!this.#hasReadFailed) {
      const what = `reading from ${journal.directory} failed: ${errorMessage(error)}`;
      this.#host.problem(durableError("PINTLE_DURABLE_UNAVAILABLE", what, { cause: error }), "durable read");
    }
    this.#hasReadFailed = true;
    if (this.#isClosed) return;
    this.#become("pausing");
    this.#cancelPause = this.#host.after(readPause, () => {
      this.#become("ready");
      this.#advance();
    });
  }

  #loaded(journal: Journal, range: UnreadRange, offset: number, messages: readonly StoredMessage[]): void {
    // Where somebody still has receipts of them, the same entries go on.
    const earlier = this.#spilled.take(journal.number, offset);
    const record = RecordBatch.stored(journal.number, offset);
    for (const message of messages) {
      const known = earlier?.entries[message.index];
      if (known !== undefined) this.#memory.bytes.copy(known, message.bytes);
      const entry = known ?? this.#restore(message);
      record.put(entry, message.index);
      range.count--;
      range.bytes -= entry.length;
      this.#unqueued--;
      this.#memory.queue.push(entry);
    }
    journal.loaded(record);
  }

  #finish(journal: Journal, { count, bytes }: UnreadRange): void {
    journal.finishRange();
    this.#line.shift();
    if (count > 0) {
      this.#unqueued -= count;
      const what = `${count} messages in ${journal.directory} cannot be read`;
      this.#host.lost(count, bytes, durableError("PINTLE_DURABLE_DAMAGED", what));
    }
    this.#changed(journal);
  }

  /** Reacts to an end in a journal. */
  #changed(journal: Journal): void {
    this.#journals.changed(journal);
    this.#host.changed();
  }

  #report(directory: string, damage: readonly Damage[]): void {
    for (const { file, position, bytes } of damage) {
      const what = `${directory}/${file}: ${bytes} bytes from byte ${position} on cannot be read, and are left out`;
      this.#host.problem(durableError("PINTLE_DURABLE_DAMAGED", what), `durable damage ${directory}/${file}`);
    }
  }
}
