import { type Damage, type FileSystem, Log, LogReader } from "@pintle/log";
import type { PintleError } from "../../errors.ts";
import { JournalCompaction } from "./compaction.ts";
import type { Finished } from "./finished.ts";
import type { Claim } from "./folder.ts";
import { JournalWriter, type WriterSettings } from "./journal-writer.ts";
import { assertMove, type Moves } from "./moves.ts";
import { PendingIndex, type UnreadRange } from "./pending-index.ts";
import { decodeMessages, kinds, type StoredMessage } from "./record.ts";
import type { RecordBatch } from "./record-batch.ts";
import { findFinished, findLeft, type MovedMessage } from "./recovery.ts";
import type { StoredEntry } from "./stored-entry.ts";

/** What a journal needs from its surroundings. */
export interface JournalSettings extends WriterSettings {
  readonly fs: FileSystem;
  /** Bytes of one of the log's segments. */
  readonly segmentBytes: number;
  /** What may be in the files before messages are refused. */
  readonly maxBytes: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Hears from a journal what happens. No method throws. */
export interface JournalObserver {
  /** A batch of messages is on disk, or will not be. */
  settled(batch: RecordBatch): void;
  /** Acknowledgements are written, or segments removed. */
  changed(journal: Journal): void;
  problem(error: PintleError, kind: string): void;
}

/** Messages of one record. */
export interface StoredRecord {
  readonly offset: number;
  readonly messages: readonly StoredMessage[];
}

/** How long finished messages stay at least, milliseconds: the shortest time that the log knows. */
const retainedTime = 1;

type JournalState = "recovering" | "open" | "closing" | "closed";

const moves: Moves<JournalState> = {
  recovering: ["open", "closed"],
  open: ["closing"],
  closing: ["closed"],
  closed: [],
};

/**
 * A log of messages and of what has become of them, in a slot of the folder: docs/durable-mode.md.
 * Whoever makes one holds the slot's lock. It is always in one of these states, and moves only as
 * shown:
 *
 *     recovering --> open --> closing --> closed
 *          +------------------------------^
 *
 * - **recovering**: what an earlier process has left is being counted. All of it is needed, and
 *   nothing is written.
 * - **open**: it is in good hands; what has ended is removed.
 * - **closing**: what waits is written.
 * - **closed**: the files are closed, and the lock is free.
 */
export class Journal {
  readonly number: number;
  readonly directory: string;
  #state: JournalState = "recovering";
  readonly #log: Log;
  readonly #reader: LogReader;
  /** What has ended of that which is not read yet. */
  readonly #finished: Finished;
  readonly #index = new PendingIndex();
  readonly #writer: JournalWriter;
  readonly #compaction: JournalCompaction;
  readonly #settings: JournalSettings;
  readonly #release: () => Promise<void>;
  #closing: Promise<void> | undefined;

  /**
   * Opens the log in a slot. Rejects with an error of the file system, or PINTLE_DURABLE_REFUSED
   * for what a newer version has written; then the lock is still held.
   */
  static async open(claim: Claim, settings: JournalSettings, observer: JournalObserver): Promise<Journal> {
    const { fs, now, segmentBytes } = settings;
    const { directory } = claim;
    let journal: Journal | undefined;
    // Nothing that waits is ever removed, whatever its size: what does not fit is refused.
    const retention = { maxAge: retainedTime, neededFrom: () => journal?.low };
    const firstSegmentBytes = Math.min(256 * 1024, segmentBytes);
    const log = await Log.open(directory, { fs, now, segmentBytes, firstSegmentBytes, retention });
    try {
      const reader = await LogReader.open(directory, { fs });
      const finished = await findFinished(log, reader);
      journal = new Journal(claim, log, reader, finished, settings, observer);
      return journal;
    } catch (error) {
      await log.close().catch(() => {});
      throw error;
    }
  }

  private constructor(
    { number, directory, release }: Claim,
    log: Log,
    reader: LogReader,
    finished: Finished,
    settings: JournalSettings,
    observer: JournalObserver,
  ) {
    this.number = number;
    this.directory = directory;
    this.#release = release;
    this.#log = log;
    this.#reader = reader;
    this.#finished = finished;
    this.#settings = settings;
    const changed = (): void => observer.changed(this);
    this.#writer = new JournalWriter(log, this.#index, settings, {
      settled: (batch) => observer.settled(batch),
      turned: () => this.#compaction.run(),
      changed,
      problem: (error, kind) => observer.problem(error, kind),
    });
    this.#compaction = new JournalCompaction(number, log, this.#index, this.#writer, settings.segmentBytes, changed);
  }

  /** The offset below which every message is finished. */
  get low(): number {
    return this.#isKnown ? this.#index.low(this.#writer.floor) : 0;
  }

  /** Bytes that are free for messages. */
  get room(): number {
    return this.#settings.maxBytes - this.#compaction.logBytes - this.#writer.bytes;
  }

  /** Whether everything that is stored here has ended. */
  get isEmpty(): boolean {
    return this.#isKnown && this.#index.isEmpty && this.#writer.isIdle;
  }

  get #isKnown(): boolean {
    return this.#state === "open" || this.#state === "closing";
  }

  /** Takes a new batch, which gets its messages until it is written. */
  write(batch: RecordBatch): void {
    this.#writer.write(batch);
  }

  /** A message has come into a batch that is not written yet. */
  grew(bytes: number): void {
    this.#writer.grew(bytes);
  }

  /**
   * Writes that messages of settled batches have ended, and calls back when that is synced, or has
   * failed.
   */
  acknowledge(entries: readonly StoredEntry[], done: () => void): void {
    this.#writer.acknowledge(entries, done);
  }

  /**
   * The messages of a stored batch leave memory. Returns what stands for them; joined to `before`
   * where that is possible.
   */
  spill(batch: RecordBatch, before: UnreadRange | undefined): UnreadRange | undefined {
    return this.#index.spilled(batch, before);
  }

  /** A batch has been read, and its messages are in memory. */
  loaded(batch: RecordBatch): void {
    this.#index.loaded(batch);
  }

  /** Reads on in the first range; `next` is where to go on. */
  async read(
    range: UnreadRange,
    maxBytes: number,
  ): Promise<{ records: StoredRecord[]; next: number; damage: Damage[] }> {
    const { records, next, damage } = await this.#reader.read(range.from, { end: range.to, maxBytes });
    const found: StoredRecord[] = [];
    for (const { offset, header, payload } of records) {
      if (header[0] !== kinds.messages) continue;
      const messages = decodeMessages(header, payload)!.filter(({ index }) => !this.#finished.has(offset, index));
      this.#finished.forget(offset);
      if (messages.length > 0) found.push({ offset, messages });
    }
    return { records: found, next, damage };
  }

  /** The first range has been read to its end. */
  finishRange(): void {
    this.#index.finishRange();
  }

  /**
   * What an earlier process has left: moved messages, which come first, and the range of all the
   * others.
   */
  async recover(): Promise<{ moved: readonly MovedMessage[]; range: UnreadRange; damage: readonly Damage[] }> {
    const { moved, from, count, bytes, damage } = await findLeft(this.#log, this.#reader, this.#finished);
    const range: UnreadRange = { journal: this.number, from, to: this.#log.end, count, bytes };
    const movedBytes = moved.reduce((sum, message) => sum + message.bytes.length, 0);
    this.#index.found(movedBytes, range);
    return { moved, range, damage };
  }

  /** What has been left is in good hands. */
  recovered(): void {
    this.#become("open");
  }

  /** Writes what waits, and lets go of the folder. Never rejects. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (this.#state === "open") this.#become("closing");
    await this.#writer.finish();
    try {
      if (this.isEmpty) {
        // Until the last record is old enough to be removed.
        await new Promise<void>((resolve) => this.#settings.after(retainedTime + 1, resolve));
        await this.#log.retain();
      }
      await this.#reader.close();
      await this.#log.close();
    } catch (error) {
      this.#writer.failed("closing", error);
    }
    await this.#release().catch(() => {});
    this.#become("closed");
  }

  #become(state: JournalState): void {
    assertMove(moves, this.#state, state);
    this.#state = state;
  }
}
