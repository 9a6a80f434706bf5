import { errorMessage } from "@pintle/events";
import { type Damage, type FileSystem, Log, LogReader } from "@pintle/log";
import type { PintleError } from "../../errors.ts";
import { durableError } from "./durable-errors.ts";
import type { Finished } from "./finished.ts";
import {
  decodeMessages,
  encodeAcknowledgements,
  encodeMessages,
  kinds,
  type Place,
  payloadOf,
  type StoredMessage,
} from "./record.ts";
import { RecordBatch } from "./record-batch.ts";
import { findFinished, findLeft, type MovedMessage } from "./recovery.ts";
import type { StoredEntry } from "./stored-entry.ts";

/** What a slot needs from its surroundings. */
export interface JournalSettings {
  readonly fs: FileSystem;
  /** Of the log's segments. */
  readonly segmentBytes: number;
  /** What may be in the files before messages are refused. */
  readonly maxBytes: number;
  /** Milliseconds in which messages gather for one record. */
  readonly sync: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly after: (milliseconds: number, callback: () => void) => () => void;
  /** Keeps the program alive until the function that it returns is called. */
  readonly hold: () => () => void;
  /** The moment from which the `acceptedAt` of entries counts, milliseconds since 1970. */
  readonly epoch: () => number;
}

/** Whom a slot tells what happens. None of these throws. */
export interface JournalObserver {
  /** A block of messages is on disk, or will not be. */
  settled(block: RecordBatch): void;
  /** Acknowledgements are written, or segments removed. */
  changed(slot: Journal): void;
  problem(error: PintleError, kind: string): void;
}

/** Messages that are on disk and not in memory: those in records with `from <= offset < to` that are not finished. */
export interface OffsetRange {
  readonly slot: Journal;
  from: number;
  to: number;
  count: number;
  bytes: number;
}

/** Messages of one record. */
export interface StoredRecord {
  readonly offset: number;
  readonly messages: readonly StoredMessage[];
}

interface Ended {
  readonly entries: readonly StoredEntry[];
  readonly done: () => void;
}

/** How long finished messages stay at least, milliseconds: the shortest time that the log knows. */
const retainedTime = 1;
/** Of messages that are moved at once. */
const moveBytes = 1024 * 1024;
/** With more segments than this, moving is worth while. */
const fewSegments = 4;

/**
 * One slot: a log of messages and of what has become of them, docs/durable-mode.md. Whoever makes one holds the lock of its folder.
 *
 * What there is to write gathers for `sync` milliseconds and goes to the log in one turn, so that it shares a sync; the next turn begins
 * when that has ended. Within a turn messages come before acknowledgements.
 */
export class Journal {
  readonly directory: string;
  /** It is known what is there; until then everything is needed. */
  #isRecovered = false;
  /** Of what is not read yet. */
  readonly #finished: Finished;
  readonly #log: Log;
  readonly #reader: LogReader;
  readonly #settings: JournalSettings;
  readonly #observer: JournalObserver;
  readonly #unlock: () => Promise<void>;

  /** Stored blocks with messages in memory that have not ended, by offset, which ascends. */
  readonly #live = new Map<number, RecordBatch>();
  /** The same for moved ones, in no particular order; there are few. */
  readonly #moved = new Map<number, RecordBatch>();
  /** What is on disk only, in order, behind everything live. */
  readonly #stretches: OffsetRange[] = [];
  /** Bytes of messages that are stored and have not ended. */
  #pendingBytes = 0;

  #unwritten: RecordBatch[] = [];
  /** Of messages in blocks that are not written yet, and in those that are being written. */
  #unwrittenBytes = 0;
  #writingBytes = 0;
  #ended: Ended[] = [];
  /** Acknowledgements that could not be written: the next record has them, too. */
  #unsaved: Place[] = [];
  /** Appends that are under way. */
  #writes = 0;
  /** The log's end when the first of them began: their records are not below it. */
  #floor = 0;
  #isOverdue = false;
  #cancel: (() => void) | undefined;
  #release: (() => void) | undefined;
  #whenIdle: (() => void)[] = [];
  #logBytes = 0;
  #retainedTo = 0;
  /** With a smaller log than this, moving is not worth while. */
  readonly #fewBytes: number;
  #moveFrom: number;
  #hasFailed = false;

  /**
   * Opens the log in `directory`. Rejects with an error of the file system, or DURABLE_REFUSED for what a newer version has
   * written; then the lock is still held.
   */
  static async open(
    directory: string,
    unlock: () => Promise<void>,
    settings: JournalSettings,
    observer: JournalObserver,
  ): Promise<Journal> {
    const { fs, now, segmentBytes } = settings;
    let slot: Journal | undefined;
    // Nothing that waits is ever removed, whatever its size: what does not fit is refused.
    const retention = { maxAge: retainedTime, neededFrom: () => slot?.low };
    const firstSegmentBytes = Math.min(256 * 1024, segmentBytes);
    const log = await Log.open(directory, { fs, now, segmentBytes, firstSegmentBytes, retention });
    try {
      const reader = await LogReader.open(directory, { fs });
      const finished = await findFinished(log, reader);
      slot = new Journal(directory, unlock, log, reader, finished, settings, observer);
      return slot;
    } catch (error) {
      await log.close().catch(() => {});
      throw error;
    }
  }

  private constructor(
    directory: string,
    unlock: () => Promise<void>,
    log: Log,
    reader: LogReader,
    finished: Finished,
    settings: JournalSettings,
    observer: JournalObserver,
  ) {
    this.directory = directory;
    this.#unlock = unlock;
    this.#log = log;
    this.#reader = reader;
    this.#finished = finished;
    this.#settings = settings;
    this.#observer = observer;
    this.#logBytes = log.bytes;
    this.#fewBytes = fewSegments * settings.segmentBytes;
    this.#moveFrom = this.#fewBytes;
  }

  /** Every message in a record with a lower offset is finished. */
  get low(): number {
    if (!this.#isRecovered) return 0;
    let low = this.#writes > 0 ? this.#floor : this.#log.end;
    for (const offset of this.#moved.keys()) low = Math.min(low, offset);
    const [first] = this.#live.keys();
    return Math.min(low, first ?? low, this.#stretches[0]?.from ?? low);
  }

  /** Bytes that are free for messages. */
  get room(): number {
    return this.#settings.maxBytes - this.#logBytes - this.#writingBytes - this.#unwrittenBytes;
  }

  /** Whether everything that is stored here has ended. */
  get isEmpty(): boolean {
    const isAnyLeft = this.#live.size > 0 || this.#moved.size > 0 || this.#stretches.length > 0;
    return this.#isRecovered && !isAnyLeft && this.#isIdle;
  }

  /** Takes a new block, which gets its messages until it is written. */
  write(block: RecordBatch): void {
    this.#unwritten.push(block);
    this.#arm(this.#settings.sync);
  }

  /** A message has come into a block that is not written yet. */
  grew(bytes: number): void {
    this.#unwrittenBytes += bytes;
  }

  /** Writes that messages of settled blocks have ended, and calls back when that is synced, or has failed. */
  acknowledge(entries: readonly StoredEntry[], done: () => void): void {
    this.#ended.push({ entries, done });
    this.#arm(this.#settings.sync);
  }

  /** The messages of a stored block leave memory. Returns what stands for them; joined to `before` where that is possible. */
  spill(block: RecordBatch, before: OffsetRange | undefined): OffsetRange | undefined {
    const { offset, live: count, bytes } = block;
    if (before?.slot === this && before === this.#stretches.at(-1)) {
      before.to = offset + 1;
      before.count += count;
      before.bytes += bytes;
      return undefined;
    }
    const stretch = { slot: this, from: offset, to: offset + 1, count, bytes };
    this.#stretches.push(stretch);
    return stretch;
  }

  /** A block has been read, and its messages are in memory. */
  loaded(block: RecordBatch): void {
    if (block.live === 0) return;
    (block.origins === undefined ? this.#live : this.#moved).set(block.offset, block);
  }

  /** The first stretch has been read to its end. */
  finishStretch(): void {
    this.#stretches.shift();
  }

  /** Reads on in a stretch; `next` is where to go on. */
  async read(
    stretch: OffsetRange,
    maxBytes: number,
  ): Promise<{ blocks: StoredRecord[]; next: number; damage: Damage[] }> {
    const { records, next, damage } = await this.#reader.read(stretch.from, { end: stretch.to, maxBytes });
    const blocks: StoredRecord[] = [];
    for (const { offset, header, payload } of records) {
      if (header[0] !== kinds.messages) continue;
      const messages = decodeMessages(header, payload)!.filter(({ index }) => !this.#finished.has(offset, index));
      this.#finished.forget(offset);
      if (messages.length > 0) blocks.push({ offset, messages });
    }
    return { blocks, next, damage };
  }

  /** What has been left is in good hands: from now on what ends may be removed. */
  recovered(): void {
    this.#isRecovered = true;
  }

  /** What an earlier process has left: moved messages, which come first, and the stretch of all the others. */
  async recover(): Promise<{ moved: readonly MovedMessage[]; stretch: OffsetRange; damage: readonly Damage[] }> {
    const { moved, from, count, bytes, damage } = await findLeft(this.#log, this.#reader, this.#finished);
    const stretch: OffsetRange = { slot: this, from, to: this.#log.end, count, bytes };
    if (count > 0) this.#stretches.push(stretch);
    this.#pendingBytes = moved.reduce((sum, message) => sum + message.bytes.length, bytes);
    return { moved, stretch, damage };
  }

  /** Writes what waits, and lets go of the folder. Never rejects. */
  async close(): Promise<void> {
    while (!this.#isIdle) {
      this.#arm(0);
      await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
    }
    try {
      if (this.isEmpty) {
        // Until the last record is old enough to be removed.
        await new Promise<void>((resolve) => this.#settings.after(retainedTime + 1, resolve));
        await this.#log.retain();
      }
      await this.#reader.close();
      await this.#log.close();
    } catch (error) {
      this.#failed("closing", error);
    }
    await this.#unlock().catch(() => {});
  }

  get #isIdle(): boolean {
    return this.#writes === 0 && this.#unwritten.length === 0 && this.#ended.length === 0;
  }

  /** There is something to write, in that many milliseconds at the latest. */
  #arm(milliseconds: number): void {
    this.#release ??= this.#settings.hold();
    if (this.#cancel !== undefined) {
      if (milliseconds > 0) return;
      this.#cancel();
    }
    this.#cancel = this.#settings.after(milliseconds, () => {
      this.#cancel = undefined;
      if (this.#writes > 0) this.#isOverdue = true;
      else this.#turn();
    });
  }

  #turn(): void {
    this.#isOverdue = false;
    for (const block of this.#unwritten.splice(0)) this.#writeBlock(block);
    this.#writingBytes = this.#unwrittenBytes;
    this.#unwrittenBytes = 0;
    if (this.#ended.length > 0) this.#writeEnded(this.#ended.splice(0));
    if (this.#writes === 0) this.#settle();
  }

  #append(header: Uint8Array, payload: Uint8Array): Promise<number> {
    if (this.#writes++ === 0) this.#floor = this.#log.end;
    return this.#log.append(header, payload);
  }

  /** An append has ended. */
  #appended(): void {
    this.#writes--;
    if (this.#writes === 0) this.#settle();
  }

  #settle(): void {
    this.#logBytes = this.#log.bytes;
    this.#writingBytes = 0;
    this.#retain();
    this.#move();
    if (this.#writes > 0) return;
    if (this.#isOverdue) this.#turn();
    if (!this.#isIdle) return;
    this.#release?.();
    this.#release = undefined;
    for (const callback of this.#whenIdle.splice(0)) callback();
  }

  #encode(entries: readonly StoredEntry[], origins?: readonly Place[]): Uint8Array {
    const epoch = this.#settings.epoch();
    return encodeMessages(entries, ({ acceptedAt }) => epoch + acceptedAt, origins);
  }

  #writeBlock(block: RecordBatch): void {
    block.state = "writing";
    const entries = block.entries as StoredEntry[];
    this.#append(this.#encode(entries), payloadOf(entries)).then(
      (offset) => {
        this.#wellAgain();
        this.#pendingBytes += block.bytes;
        block.settle("stored", offset);
        if (!block.isInLine) this.loaded(block);
        this.#observer.settled(block);
        this.#appended();
      },
      (error: unknown) => {
        this.#failed("storing messages", error);
        block.settle("failed", -1);
        this.#observer.settled(block);
        this.#appended();
      },
    );
  }

  #writeEnded(ended: readonly Ended[]): void {
    const places = this.#unsaved;
    for (const { entries } of ended) {
      for (const entry of entries) {
        const block = entry.block!;
        block.remove(entry);
        this.#pendingBytes -= entry.length;
        places.push({ offset: block.offset, index: entry.index });
        if (block.live === 0) (block.origins === undefined ? this.#live : this.#moved).delete(block.offset);
      }
    }
    const { low } = this;
    this.#unsaved = [];
    const above = places.filter(({ offset }) => offset >= low);
    const { header, payload } = encodeAcknowledgements(low, above);
    const end = (): void => {
      for (const { done } of ended) done();
      this.#appended();
      this.#observer.changed(this);
    };
    this.#append(header, payload).then(
      () => {
        this.#wellAgain();
        end();
      },
      (error: unknown) => {
        this.#unsaved.push(...above);
        this.#failed("storing acknowledgements", error);
        end();
      },
    );
  }

  /** Removes segments that nobody needs, where the log does not come to it by itself soon. */
  #retain(): void {
    const { low } = this;
    const { segmentBytes } = this.#settings;
    if (low <= this.#retainedTo || this.#logBytes <= 2 * segmentBytes) return;
    this.#retainedTo = low;
    this.#log.retain().then(
      () => {
        this.#logBytes = this.#log.bytes;
        this.#moveFrom = Math.max(this.#fewBytes, Math.min(this.#moveFrom, this.#logBytes + segmentBytes));
        this.#observer.changed(this);
      },
      // The next turn meets the same error, and reports it.
      () => {},
    );
  }

  /** Copies the oldest messages to the end of the log, so that the segments that they are in can be removed. */
  #move(): void {
    const { segmentBytes } = this.#settings;
    if (this.#logBytes < this.#moveFrom || 4 * this.#pendingBytes >= this.#logBytes) return;
    // Not again before another segment is full; and a disk that fails is left in peace.
    this.#moveFrom = this.#logBytes + segmentBytes;
    if (this.#hasFailed) return;
    const oldest = [...this.#live.values(), ...this.#moved.values()].sort((a, b) => a.offset - b.offset);
    const copy = new RecordBatch(this);
    const from: { entry: StoredEntry; block: RecordBatch; index: number }[] = [];
    const origins: Place[] = [];
    for (const block of oldest) {
      if (copy.bytes + block.bytes > Math.min(moveBytes, segmentBytes / 2) && copy.live > 0) break;
      for (const entry of block.entries) {
        if (entry === undefined) continue;
        from.push({ entry, block, index: entry.index });
        origins.push(block.origins?.[entry.index] ?? { offset: block.offset, index: entry.index });
        copy.add(entry);
      }
    }
    if (copy.live === 0) return;
    copy.origins = origins;
    copy.state = "writing";
    const entries = copy.entries as StoredEntry[];
    this.#append(this.#encode(entries, origins), payloadOf(entries)).then(
      (offset) => {
        for (const { block } of from) {
          this.#live.delete(block.offset);
          this.#moved.delete(block.offset);
        }
        copy.settle("stored", offset);
        this.loaded(copy);
        this.#appended();
      },
      (error: unknown) => {
        for (const { entry, block, index } of from) {
          entry.block = block;
          entry.index = index;
        }
        this.#failed("moving messages", error);
        copy.settle("failed", -1);
        this.#appended();
      },
    );
  }

  /** One report for each time that the disk fails. */
  #failed(what: string, error: unknown): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    const text = `${what} in ${this.directory} failed: ${errorMessage(error)}`;
    this.#observer.problem(durableError("DURABLE_WRITE_FAILED", text, { cause: error }), "durable write");
  }

  #wellAgain(): void {
    this.#hasFailed = false;
  }
}
