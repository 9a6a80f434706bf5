import { errorMessage } from "@pintle/events";
import type { Damage } from "@pintle/log";
import type { Settings } from "../../config.ts";
import type { Left } from "../../outcome.ts";
import type { MessageStore, StoreHost } from "../store.ts";
import { durableError } from "./durable-errors.ts";
import { Folder, ownerOf, type TakeLock } from "./folder.ts";
import type { Journal, JournalSettings, OffsetRange } from "./journal.ts";
import { Journals, type JournalsObserver } from "./journals.ts";
import type { StoredMessage } from "./record.ts";
import { RecordBatch } from "./record-batch.ts";
import type { MovedMessage } from "./recovery.ts";
import { SpilledBatches } from "./spilled-batches.ts";
import { StoredEntry } from "./stored-entry.ts";

/** What durable mode takes from its surroundings, so that tests can put something else there. */
export interface System extends Pick<JournalSettings, "fs" | "now" | "after" | "hold"> {
  readonly takeLock: TakeLock;
  /** Of the log's segments. Default: what suits `maxBytes`. */
  readonly segmentBytes?: number;
  /** Between two looks for orphaned slots. Default: 15,000 ms. */
  readonly adoptPause?: number;
}

const MiB = 1024 * 1024;
/** Messages of one record together, bytes: enough for a sync to be worth it, little enough to be read at once. */
const mostBlockBytes = MiB / 2;
/** Read from the disk at once. */
const mostReadBytes = MiB;
/** Between two attempts to read. */
const readPause = 1_000;

/** The segments of a slot whose files may have that many bytes. */
function segmentBytesFor(maxBytes: number, maxMessageBytes: number): number {
  return Math.max(Math.min(16 * MiB, Math.floor(maxBytes / 16)), Math.min(maxMessageBytes, maxBytes / 8));
}

/**
 * Durable mode: docs/durable-mode.md. Every message that has not ended is in one of these places, and moves only as shown:
 *
 *     accepted --> queue <-- line
 *         |                   ^
 *         +-------------------+
 *
 * - **queue**: in memory, and being delivered. It is on disk, or on its way there.
 * - **line**: what comes behind the queue, in order: blocks of messages that are in memory because they are not stored yet, and
 *   stretches of messages that are on disk only. A block at the front goes to the queue, a stretch at the front is read when there is room;
 *   a block that is stored before its turn has come becomes a stretch.
 *
 * A message that is accepted goes to the queue if the line is empty and the window is not full, else to the end of the line. So
 * the order is that of acceptance.
 */
export class DurableStore implements MessageStore {
  readonly #settings: Settings;
  readonly #host: StoreHost;
  readonly #system: System;
  readonly #slots: Journals;
  /** Bytes in memory beyond which new messages are only on disk. */
  readonly #window: number;
  readonly #blockBytes: number;

  #collecting: RecordBatch | undefined;
  readonly #line: (OffsetRange | RecordBatch)[] = [];
  #unqueued = 0;
  #isLoading = false;
  /** Bytes of all messages that are in memory. */
  #memory = 0;
  readonly #spilled = new SpilledBatches();

  #cancelRead: (() => void) | undefined;
  #hasReadFailed = false;
  #isClosed = false;

  /** Resolves when the folder is open, or has turned out not to be usable for now. */
  static async open(settings: Settings, host: StoreHost, system: System): Promise<DurableStore> {
    const keeper = new DurableStore(settings, host, system);
    await keeper.#slots.open();
    return keeper;
  }

  private constructor(settings: Settings, host: StoreHost, system: System) {
    const { writeKey, url, maxQueueBytes, maxMessageBytes } = settings;
    const { directory, maxBytes, sync } = settings.durable!;
    this.#settings = settings;
    this.#host = host;
    this.#system = system;
    const segmentBytes = system.segmentBytes ?? segmentBytesFor(maxBytes, maxMessageBytes);
    const slotSettings: JournalSettings = {
      ...system,
      sync,
      segmentBytes,
      // The active segment and the next one may be written ahead; the third is for acknowledgements.
      maxBytes: maxBytes - 3 * segmentBytes,
      epoch: () => system.now() - host.clock(),
    };
    const observer: JournalsObserver = {
      opened: (slot, moved, stretch) => this.#recovered(slot, moved, stretch),
      settled: (block) => this.#settled(block),
      changed: (slot) => this.#changed(slot),
      damaged: (slot, damage) => this.#report(slot.directory, damage),
      problem: (error, kind) => host.problem(error, kind),
    };
    const folder = new Folder(directory, ownerOf(writeKey, url), system.fs, system.takeLock);
    this.#slots = new Journals(folder, slotSettings, observer, system.adoptPause);
    this.#window = Math.floor(maxQueueBytes / 2);
    this.#blockBytes = Math.min(mostBlockBytes, Math.floor(this.#window / 4));
  }

  get room(): number {
    const memory = this.#settings.maxQueueBytes - this.#memory;
    const { own } = this.#slots;
    return own === undefined ? memory : Math.min(memory, own.room);
  }

  get unqueued(): number {
    return this.#unqueued;
  }

  add(entry: StoredEntry): void {
    this.#memory += entry.length;
    const slot = this.#slots.own;
    if (slot === undefined || this.#isClosed) {
      entry.settleStored(false);
      this.#host.enqueue(entry);
      return;
    }
    const isInLine = this.#line.length > 0 || this.#memory > this.#window;
    let block = this.#collecting;
    if (block?.state !== "open" || block.isInLine !== isInLine || block.bytes + entry.length > this.#blockBytes) {
      block = new RecordBatch(slot);
      block.isInLine = isInLine;
      this.#collecting = block;
      if (isInLine) this.#line.push(block);
      slot.write(block);
    }
    block.add(entry);
    slot.grew(entry.length);
    if (isInLine) this.#unqueued++;
    else this.#host.enqueue(entry);
  }

  end(entries: readonly StoredEntry[], done: () => void): void {
    // What ends is written behind the message itself.
    const unsettled = new Set<RecordBatch>();
    const bySlot = new Map<Journal, StoredEntry[]>();
    for (const entry of entries) {
      const { block } = entry;
      if (block === undefined || block.state === "failed") continue;
      if (!block.isSettled) unsettled.add(block);
      const others = bySlot.get(block.slot);
      if (others === undefined) bySlot.set(block.slot, [entry]);
      else others.push(entry);
    }
    let left = unsettled.size > 0 ? unsettled.size : bySlot.size;
    if (left === 0) done();
    for (const block of unsettled) {
      block.whenSettled(() => {
        if (--left === 0) this.end(entries, done);
      });
    }
    if (unsettled.size > 0) return;
    for (const [slot, part] of bySlot) {
      slot.acknowledge(part, () => {
        if (--left === 0) done();
      });
    }
  }

  freed(bytes: number): void {
    this.#memory -= bytes;
    this.#advance();
  }

  leave(left: Left): StoredEntry[] {
    const unqueued = [...this.#line.filter((item) => item instanceof RecordBatch), ...this.#spilled.takeAll()];
    const entries = unqueued.flatMap((block) => block.entries.filter((entry) => entry !== undefined));
    this.#line.length = 0;
    for (const entry of entries) if (entry.isStored) entry.end(left);
    return entries.filter((entry) => !entry.isStored);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelRead?.();
    await this.#slots.close();
  }

  /** What an earlier process has left: it counts as accepted now, and is sent before everything that is accepted from now on. */
  #recovered(slot: Journal, moved: readonly MovedMessage[], stretch: OffsetRange): void {
    const movedBytes = moved.reduce((sum, { bytes }) => sum + bytes.length, 0);
    const count = moved.length + stretch.count;
    if (count === 0) return;
    this.#host.recovered(count, movedBytes + stretch.bytes);
    const blocks = new Map<number, RecordBatch>();
    const line = new RecordBatch(slot);
    for (const message of moved) {
      const { offset, index, origin } = message;
      const block = blocks.get(offset) ?? storedBlock(slot, offset);
      blocks.set(offset, block);
      block.origins ??= [];
      block.origins[index] = origin!;
      const entry = this.#restore(message);
      // In the order of their origins; each block knows its own by index.
      line.entries.push(entry);
      block.put(entry, index);
    }
    for (const block of blocks.values()) slot.loaded(block);
    this.#unqueued += count;
    if (moved.length > 0) {
      line.state = "stored";
      line.isInLine = true;
      this.#line.push(line);
    }
    if (stretch.count > 0) this.#line.push(stretch);
    this.#advance();
  }

  #restore({ lane, acceptedAt, bytes }: StoredMessage): StoredEntry {
    const { now } = this.#system;
    // Of a clock that has been set back since nothing can be said: as if it had been accepted now.
    const age = Math.max(0, now() - acceptedAt);
    const entry = new StoredEntry(lane, Math.trunc(this.#host.clock() - age));
    entry.settleStored(true);
    this.#host.restore(entry, bytes);
    this.#memory += bytes.length;
    return entry;
  }

  /** A block is on disk, or will not be. */
  #settled(block: RecordBatch): void {
    const isStored = block.state === "stored";
    for (const entry of block.entries) {
      if (entry === undefined) continue;
      if (!isStored) entry.block = undefined;
      entry.settleStored(isStored);
    }
    if (block === this.#collecting) this.#collecting = undefined;
    if (isStored && block.isInLine) this.#spill(block);
    this.#advance();
    this.#host.changed();
  }

  #spill(block: RecordBatch): void {
    const at = this.#line.indexOf(block);
    const before = this.#line[at - 1];
    for (const entry of block.entries) if (entry !== undefined) this.#host.release(entry);
    this.#memory -= block.bytes;
    const stretch = block.slot.spill(block, before instanceof RecordBatch ? undefined : before);
    this.#line.splice(at, 1, ...(stretch === undefined ? [] : [stretch]));
    this.#spilled.add(block);
  }

  /** Moves what is at the front of the line to the queue, as far as there is room. */
  #advance(): void {
    for (let front = this.#line[0]; front !== undefined && !this.#isClosed; front = this.#line[0]) {
      if (!(front instanceof RecordBatch)) {
        // Read well before the window is empty, in pieces that are worth a read.
        if (!this.#isLoading && this.#memory <= this.#window / 2) void this.#load(front);
        return;
      }
      // One that is on its way to the disk will leave memory in a moment.
      if (!front.isSettled && this.#memory > this.#window) return;
      this.#line.shift();
      front.isInLine = false;
      for (const entry of front.entries) {
        this.#unqueued--;
        this.#host.enqueue(entry!);
      }
      this.#host.changed();
    }
  }

  async #load(stretch: OffsetRange): Promise<void> {
    const { slot } = stretch;
    this.#isLoading = true;
    try {
      const most = Math.max(1, Math.min(mostReadBytes, Math.floor(this.#window / 4)));
      const { blocks, next, damage } = await slot.read(stretch, most);
      if (this.#isClosed) return;
      for (const { offset, messages } of blocks) this.#loaded(stretch, offset, messages);
      stretch.from = next;
      this.#report(slot.directory, damage);
      if (next >= stretch.to) this.#finish(stretch);
      this.#hasReadFailed = false;
    } catch (error) {
      this.#readFailed(slot, error);
      return;
    }
    this.#isLoading = false;
    this.#advance();
    this.#host.changed();
  }

  #readFailed(slot: Journal, error: unknown): void {
    if (!this.#hasReadFailed) {
      const what = `reading from ${slot.directory} failed: ${errorMessage(error)}`;
      this.#host.problem(durableError("DURABLE_UNAVAILABLE", what, { cause: error }), "durable read");
    }
    this.#hasReadFailed = true;
    if (this.#isClosed) return;
    this.#cancelRead = this.#system.after(readPause, () => {
      this.#isLoading = false;
      this.#advance();
    });
  }

  #loaded(stretch: OffsetRange, offset: number, messages: readonly StoredMessage[]): void {
    // Where somebody still has receipts of them, the same entries go on.
    const earlier = this.#spilled.take(stretch.slot, offset);
    const block = storedBlock(stretch.slot, offset);
    for (const message of messages) {
      const known = earlier?.entries[message.index];
      if (known !== undefined) {
        this.#host.restore(known, message.bytes);
        this.#memory += known.length;
      }
      const entry = known ?? this.#restore(message);
      block.put(entry, message.index);
      stretch.count--;
      stretch.bytes -= entry.length;
      this.#unqueued--;
      this.#host.enqueue(entry);
    }
    stretch.slot.loaded(block);
  }

  #finish(stretch: OffsetRange): void {
    const { slot, count, bytes } = stretch;
    slot.finishStretch();
    this.#line.shift();
    if (count > 0) {
      this.#unqueued -= count;
      this.#host.lost(
        count,
        bytes,
        durableError("DURABLE_DAMAGED", `${count} messages in ${slot.directory} cannot be read`),
      );
    }
    this.#changed(slot);
  }

  /** Something has ended there. */
  #changed(slot: Journal): void {
    this.#slots.changed(slot);
    this.#host.changed();
  }

  #report(directory: string, damage: readonly Damage[]): void {
    for (const { file, position, bytes } of damage) {
      const what = `${directory}/${file}: ${bytes} bytes from byte ${position} on cannot be read, and are left out`;
      this.#host.problem(durableError("DURABLE_DAMAGED", what), `durable damage ${directory}/${file}`);
    }
  }
}

function storedBlock(slot: Journal, offset: number): RecordBatch {
  const block = new RecordBatch(slot);
  block.settle("stored", offset);
  return block;
}
