import { errorMessage } from "@pintle/events";
import type { Log } from "@pintle/log";
import type { PintleError } from "../../errors.ts";
import { durableError } from "./durable-errors.ts";
import { assertMove, type Moves } from "./moves.ts";
import type { PendingIndex } from "./pending-index.ts";
import { encodeAcknowledgements, encodeMessages, type MessagePlace, payloadOf } from "./record.ts";
import type { RecordBatch } from "./record-batch.ts";
import type { StoredEntry } from "./stored-entry.ts";

/** What a writer needs from its surroundings. */
export interface WriterSettings {
  /** Milliseconds in which messages gather for one record. */
  readonly sync: number;
  readonly after: (milliseconds: number, callback: () => void) => () => void;
  /** Keeps the program alive until the function that it returns is called. */
  readonly hold: () => () => void;
  /** The moment from which the `acceptedAt` of entries counts, milliseconds since 1970. */
  readonly epoch: () => number;
}

/** Hears from a writer what happens. No method throws. */
export interface WriterObserver {
  /** A batch of messages is on disk, or will not be. */
  settled(batch: RecordBatch): void;
  /** Called when all that was being written has ended; messages may be moved now. */
  turned(): void;
  /** Called when something has been written, or cannot be. */
  changed(): void;
  problem(error: PintleError, kind: string): void;
}

interface EndedEntries {
  readonly entries: readonly StoredEntry[];
  readonly done: () => void;
}

type WriterState = "idle" | "gathering" | "writing";

const moves: Moves<WriterState> = { idle: ["gathering"], gathering: ["writing"], writing: ["gathering", "idle"] };

/**
 * Writes a journal's records. It is always in one of these states, and moves only as shown:
 *
 *     idle --> gathering --> writing --> idle
 *                  ^------------+
 *
 * - **idle**: there is nothing to write. In every other state the program is held.
 * - **gathering**: there is, and it is written `sync` milliseconds after the first of it came.
 * - **writing**: all that had gathered goes to the log in one turn, so that it shares a sync;
 *   messages come before acknowledgements. What comes meanwhile gathers for the next turn, which
 *   begins no earlier than this one has ended.
 */
export class JournalWriter {
  readonly #log: Log;
  readonly #index: PendingIndex;
  readonly #settings: WriterSettings;
  readonly #observer: WriterObserver;
  #state: WriterState = "idle";

  #unwritten: RecordBatch[] = [];
  /** Bytes of messages in batches that are not written yet, and in those that are being written. */
  #unwrittenBytes = 0;
  #writingBytes = 0;
  #ended: EndedEntries[] = [];
  /** Acknowledgements that could not be written: the next record has them, too. */
  #unsaved: MessagePlace[] = [];

  /** Appends that are under way. */
  #appends = 0;
  /** The log's end when the first of them began. */
  #floor = 0;
  /** What has gathered is due as soon as the turn has ended. */
  #isDue = false;
  #cancel: (() => void) | undefined;
  #release: (() => void) | undefined;
  #whenIdle: (() => void)[] = [];
  #hasFailed = false;

  constructor(log: Log, index: PendingIndex, settings: WriterSettings, observer: WriterObserver) {
    this.#log = log;
    this.#index = index;
    this.#settings = settings;
    this.#observer = observer;
  }

  get isIdle(): boolean {
    return this.#state === "idle";
  }

  /** Whether the last write failed. */
  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  /** The lowest offset that a record may have which is being written, or will be. */
  get floor(): number {
    return this.#appends > 0 ? this.#floor : this.#log.end;
  }

  /** Bytes of messages that the log does not have yet. */
  get bytes(): number {
    return this.#writingBytes + this.#unwrittenBytes;
  }

  /** Takes a new batch, which gets its messages until it is written. */
  write(batch: RecordBatch): void {
    this.#unwritten.push(batch);
    this.#gather(this.#settings.sync);
  }

  /** A message has come into a batch that is not written yet. */
  grew(bytes: number): void {
    this.#unwrittenBytes += bytes;
  }

  /**
   * Writes that messages of settled batches have ended, and calls back when that is synced, or has
   * failed.
   */
  acknowledge(entries: readonly StoredEntry[], done: () => void): void {
    this.#ended.push({ entries, done });
    this.#gather(this.#settings.sync);
  }

  /**
   * Writes a copy of messages that are on disk already, while it is the turn for it. Calls back
   * with whether they are there.
   */
  move(copy: RecordBatch, done: (isStored: boolean) => void): void {
    this.#writeBatch(copy, "moving messages", done);
  }

  /** Resolves when everything is written. */
  async finish(): Promise<void> {
    while (!this.isIdle) {
      this.#gather(0);
      await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
    }
  }

  /** One report for each time that the disk fails. */
  failed(what: string, error: unknown): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    const text = `${what} in ${this.#log.directory} failed: ${errorMessage(error)}`;
    this.#observer.problem(durableError("PINTLE_DURABLE_WRITE_FAILED", text, { cause: error }), "durable write");
  }

  #become(state: WriterState): void {
    assertMove(moves, this.#state, state);
    this.#state = state;
  }

  /** Writes what is gathered in so many milliseconds at the latest. */
  #gather(milliseconds: number): void {
    if (this.#state === "idle") {
      this.#become("gathering");
      this.#release = this.#settings.hold();
    }
    if (this.#cancel !== undefined) {
      if (milliseconds > 0) return;
      this.#cancel();
    }
    this.#cancel = this.#settings.after(milliseconds, () => {
      this.#cancel = undefined;
      if (this.#state === "writing") this.#isDue = true;
      else this.#turn();
    });
  }

  #turn(): void {
    this.#become("writing");
    this.#isDue = false;
    for (const batch of this.#unwritten.splice(0)) this.#writeMessages(batch);
    this.#writingBytes = this.#unwrittenBytes;
    this.#unwrittenBytes = 0;
    if (this.#ended.length > 0) this.#writeEnded(this.#ended.splice(0));
    if (this.#appends === 0) this.#turned();
  }

  #turned(): void {
    this.#writingBytes = 0;
    this.#observer.turned();
    if (this.#appends > 0) return;
    if (this.#isDue) {
      this.#become("gathering");
      this.#turn();
    } else if (this.#unwritten.length > 0 || this.#ended.length > 0) {
      this.#become("gathering");
    } else {
      this.#rest();
    }
  }

  #rest(): void {
    this.#become("idle");
    this.#cancel?.();
    this.#cancel = undefined;
    this.#release?.();
    this.#release = undefined;
    for (const callback of this.#whenIdle.splice(0)) callback();
  }

  /** Appends a record; calls back with its offset when it is synced, or with why it is not. */
  #append(header: Uint8Array, payload: Uint8Array, end: (offset: number | undefined, error?: unknown) => void): void {
    if (this.#appends++ === 0) this.#floor = this.#log.end;
    const ended = (offset: number | undefined, error?: unknown): void => {
      if (offset !== undefined) this.#hasFailed = false;
      end(offset, error);
      if (--this.#appends === 0) this.#turned();
      this.#observer.changed();
    };
    this.#log.append(header, payload).then(ended, (error: unknown) => ended(undefined, error));
  }

  #writeBatch(batch: RecordBatch, what: string, done: (isStored: boolean) => void): void {
    batch.writing();
    const entries = batch.entries as readonly StoredEntry[];
    const epoch = this.#settings.epoch();
    const header = encodeMessages(entries, ({ acceptedAt }) => epoch + acceptedAt, batch.origins);
    this.#append(header, payloadOf(entries), (offset, error) => {
      if (offset === undefined) {
        this.failed(what, error);
        batch.failed();
      } else {
        batch.stored(offset);
      }
      done(offset !== undefined);
    });
  }

  #writeMessages(batch: RecordBatch): void {
    this.#writeBatch(batch, "storing messages", (isStored) => {
      if (isStored) {
        this.#index.stored(batch);
        if (!batch.isInLine) this.#index.loaded(batch);
      }
      this.#observer.settled(batch);
    });
  }

  #writeEnded(ended: readonly EndedEntries[]): void {
    const places = this.#unsaved;
    for (const { entries } of ended) for (const entry of entries) places.push(this.#index.ended(entry));
    const low = this.#index.low(this.floor);
    const above = places.filter(({ offset }) => offset >= low);
    this.#unsaved = [];
    const { header, payload } = encodeAcknowledgements(low, above);
    this.#append(header, payload, (offset, error) => {
      if (offset === undefined) {
        this.#unsaved.push(...above);
        this.failed("storing acknowledgements", error);
      }
      for (const { done } of ended) done();
    });
  }
}
