import type { Damage } from "@pintle/log";
import type { Settings } from "../config.ts";
import { PintleError } from "../errors.ts";
import type { Keeper, KeeperHost } from "../keeper.ts";
import { KeptEntry } from "../kept-entry.ts";
import { Block } from "./block.ts";
import { type Claim, Folder, ownerOf, type TakeLock } from "./folder.ts";
import type { StoredMessage } from "./record.ts";
import type { MovedMessage } from "./recovery.ts";
import { Slot, type SlotObserver, type SlotSettings, type Stretch } from "./slot.ts";
import { SpilledBlocks } from "./spilled-blocks.ts";

/** What durable mode takes from its surroundings, so that tests can put something else there. */
export interface System extends Pick<SlotSettings, "fs" | "now" | "after" | "hold"> {
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
/** Between two looks for orphaned slots. */
const adoptPause = 15_000;
/** Between two attempts to open the folder, or to read from it. */
const firstPause = 1_000;
const longestPause = 60_000;

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
export class DurableKeeper implements Keeper {
  readonly #settings: Settings;
  readonly #host: KeeperHost;
  readonly #system: System;
  readonly #folder: Folder;
  readonly #slotSettings: SlotSettings;
  readonly #observer: SlotObserver;
  /** Bytes in memory beyond which new messages are only on disk. */
  readonly #window: number;
  readonly #blockBytes: number;

  /** What new messages are written to; undefined while the folder cannot be used. */
  #own: Slot | undefined;
  readonly #held = new Map<number, Slot>();
  /** Slots that cannot be read by this version. */
  readonly #unreadable = new Set<number>();
  #collecting: Block | undefined;
  readonly #line: (Stretch | Block)[] = [];
  #unqueued = 0;
  #isLoading = false;
  /** Bytes of all messages that are in memory. */
  #memory = 0;
  readonly #spilled = new SpilledBlocks();

  #pause = firstPause;
  #isReported = false;
  readonly #timers = new Set<() => void>();
  /** Opening, or adopting. */
  #working: Promise<void> = Promise.resolve();
  #isClosed = false;

  /** Resolves when the folder is open, or has turned out not to be usable for now. */
  static async open(settings: Settings, host: KeeperHost, system: System): Promise<DurableKeeper> {
    const keeper = new DurableKeeper(settings, host, system);
    keeper.#working = keeper.#open();
    await keeper.#working;
    return keeper;
  }

  private constructor(settings: Settings, host: KeeperHost, system: System) {
    const { writeKey, url, maxQueueBytes, maxMessageBytes } = settings;
    const { directory, maxBytes, sync } = settings.durable!;
    this.#settings = settings;
    this.#host = host;
    this.#system = system;
    this.#folder = new Folder(directory, ownerOf(writeKey, url), system.fs, system.takeLock);
    const segmentBytes = system.segmentBytes ?? segmentBytesFor(maxBytes, maxMessageBytes);
    this.#slotSettings = {
      ...system,
      sync,
      segmentBytes,
      // The active segment and the next one may be written ahead; the third is for acknowledgements.
      maxBytes: maxBytes - 3 * segmentBytes,
      acceptedAt: (entry) => system.now() - (host.clock() - entry.acceptedAt),
    };
    this.#observer = {
      settled: (block) => this.#settled(block),
      changed: (slot) => this.#changed(slot),
      problem: (error, kind) => host.problem(error, kind),
    };
    this.#window = Math.floor(maxQueueBytes / 2);
    this.#blockBytes = Math.min(mostBlockBytes, Math.floor(this.#window / 4));
  }

  get room(): number {
    const memory = this.#settings.maxQueueBytes - this.#memory;
    return this.#own === undefined ? memory : Math.min(memory, this.#own.room);
  }

  get unqueued(): number {
    return this.#unqueued;
  }

  add(entry: KeptEntry): void {
    this.#memory += entry.length;
    const slot = this.#own;
    if (slot === undefined || this.#isClosed) {
      entry.settleStored(false);
      this.#host.enqueue(entry);
      return;
    }
    const isInLine = this.#line.length > 0 || this.#memory > this.#window;
    let block = this.#collecting;
    if (block?.state !== "open" || block.isInLine !== isInLine || block.bytes + entry.length > this.#blockBytes) {
      block = new Block(slot);
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

  end(entries: readonly KeptEntry[], done: () => void): void {
    // What ends is written behind the message itself.
    const unsettled = new Set<Block>();
    const bySlot = new Map<Slot, KeptEntry[]>();
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

  takeUnstored(): KeptEntry[] {
    const blocks = this.#line.filter((item) => item instanceof Block);
    const entries = blocks.flatMap(
      ({ entries }) => entries.filter((entry) => entry?.isStored === false) as KeptEntry[],
    );
    this.#line.length = 0;
    return entries;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
    await this.#working;
    await Promise.all([...this.#held.values()].map((slot) => slot.close()));
    this.#held.clear();
  }

  async #open(): Promise<void> {
    let claim: Claim | undefined;
    try {
      for (;;) {
        claim = await this.#folder.claim(this.#unreadable);
        if (this.#isClosed) return await claim.release();
        const slot = await this.#openSlot(claim);
        if (slot === undefined) continue;
        this.#own = slot;
        this.#isReported = false;
        break;
      }
    } catch (error) {
      await claim?.release().catch(() => {});
      this.#unusable(error);
      return;
    }
    await this.#adopt();
  }

  /** A slot with all that is in it; undefined if this version cannot read it. */
  async #openSlot(claim: Claim): Promise<Slot | undefined> {
    let slot: Slot | undefined;
    try {
      slot = await Slot.open(claim.directory, claim.release, this.#slotSettings, this.#observer);
      const { moved, stretch, damage } = await slot.recover();
      this.#held.set(claim.number, slot);
      if (this.#isClosed) return slot;
      this.#recovered(slot, moved, stretch);
      slot.recovered();
      this.#report(slot.directory, damage);
      return slot;
    } catch (error) {
      await slot?.close();
      if (!isRefusal(error)) throw error;
      this.#unreadable.add(claim.number);
      await claim.release();
      this.#host.problem(refusalOf(error, claim.directory), `durable ${claim.directory}`);
      return undefined;
    }
  }

  /** Takes over what is in slots that nobody holds, now and from time to time. */
  async #adopt(): Promise<void> {
    try {
      for await (const claim of this.#folder.orphans(new Set([...this.#held.keys(), ...this.#unreadable]))) {
        if (this.#isClosed) return await claim.release();
        try {
          const slot = await this.#openSlot(claim);
          if (slot?.isEmpty) await this.#letGo(slot);
        } catch (error) {
          await claim.release().catch(() => {});
          throw error;
        }
      }
    } catch (error) {
      const what = `an orphaned slot of ${this.#folder.directory} cannot be opened: ${messageOf(error)}`;
      this.#host.problem(new PintleError("DURABLE_UNAVAILABLE", what, { cause: error }), "durable adopt");
    }
    this.#after(this.#system.adoptPause ?? adoptPause, () => {
      this.#working = this.#adopt();
    });
  }

  async #letGo(slot: Slot): Promise<void> {
    const number = [...this.#held].find(([, held]) => held === slot)?.[0];
    if (number === undefined) return;
    this.#held.delete(number);
    await slot.close();
    await this.#folder.noteEmpty(number).catch(() => {});
  }

  /** What an earlier process has left: it counts as accepted now, and is sent before everything that is accepted from now on. */
  #recovered(slot: Slot, moved: readonly MovedMessage[], stretch: Stretch): void {
    const movedBytes = moved.reduce((sum, { bytes }) => sum + bytes.length, 0);
    const count = moved.length + stretch.count;
    if (count === 0) return;
    this.#host.recovered(count, movedBytes + stretch.bytes);
    const blocks = new Map<number, Block>();
    const line = new Block(slot);
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

  #restore({ lane, acceptedAt, bytes }: StoredMessage): KeptEntry {
    const { now } = this.#system;
    // Of a clock that has been set back since nothing can be said: as if it had been accepted now.
    const age = Math.max(0, now() - acceptedAt);
    const entry = new KeptEntry(lane, Math.trunc(this.#host.clock() - age));
    entry.settleStored(true);
    this.#host.restore(entry, bytes);
    this.#memory += bytes.length;
    return entry;
  }

  /** A block is on disk, or will not be. */
  #settled(block: Block): void {
    const isStored = block.state === "stored";
    for (const entry of block.entries) {
      if (entry === undefined) continue;
      if (!isStored) entry.block = undefined;
      entry.settleStored(isStored);
    }
    if (block === this.#collecting) this.#collecting = undefined;
    if (isStored && block.isInLine && !this.#isClosed) this.#spill(block);
    this.#advance();
    this.#host.changed();
  }

  #spill(block: Block): void {
    const at = this.#line.indexOf(block);
    const before = this.#line[at - 1];
    for (const entry of block.entries) if (entry !== undefined) this.#host.release(entry);
    this.#memory -= block.bytes;
    const stretch = block.slot.spill(block, before instanceof Block ? undefined : before);
    this.#line.splice(at, 1, ...(stretch === undefined ? [] : [stretch]));
    this.#spilled.add(block);
  }

  /** Moves what is at the front of the line to the queue, as far as there is room. */
  #advance(): void {
    for (let front = this.#line[0]; front !== undefined && !this.#isClosed; front = this.#line[0]) {
      if (!(front instanceof Block)) {
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

  async #load(stretch: Stretch): Promise<void> {
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
      this.#pause = firstPause;
    } catch (error) {
      const what = `reading from ${slot.directory} failed: ${messageOf(error)}`;
      this.#host.problem(new PintleError("DURABLE_UNAVAILABLE", what, { cause: error }), "durable read");
      this.#after(this.#nextPause(), () => {
        this.#isLoading = false;
        this.#advance();
      });
      return;
    }
    this.#isLoading = false;
    this.#advance();
    this.#host.changed();
  }

  #loaded(stretch: Stretch, offset: number, messages: readonly StoredMessage[]): void {
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

  #finish(stretch: Stretch): void {
    const { slot, count, bytes } = stretch;
    slot.finishStretch();
    this.#line.shift();
    if (count > 0) {
      this.#unqueued -= count;
      this.#host.lost(
        count,
        bytes,
        new PintleError("DURABLE_DAMAGED", `${count} messages in ${slot.directory} cannot be read`),
      );
    }
    this.#changed(slot);
  }

  /** Something has ended there: an adopted slot that is empty has done its service. */
  #changed(slot: Slot): void {
    if (slot !== this.#own && slot.isEmpty && !this.#isClosed) void this.#letGo(slot);
    this.#host.changed();
  }

  #unusable(error: unknown): void {
    if (isRefusal(error)) {
      this.#host.problem(refusalOf(error, this.#folder.directory), "durable refused");
      return;
    }
    if (!this.#isReported) {
      this.#isReported = true;
      const what = `durable.directory ${JSON.stringify(this.#folder.directory)} cannot be used: ${messageOf(error)}`;
      this.#host.problem(new PintleError("DURABLE_UNAVAILABLE", what, { cause: error }), "durable");
    }
    this.#after(this.#nextPause(), () => {
      this.#working = this.#open();
    });
  }

  #nextPause(): number {
    const pause = this.#pause;
    this.#pause = Math.min(longestPause, 2 * pause);
    return pause;
  }

  #after(milliseconds: number, callback: () => void): void {
    if (this.#isClosed) return;
    const cancel = this.#system.after(milliseconds, () => {
      this.#timers.delete(cancel);
      callback();
    });
    this.#timers.add(cancel);
  }

  #report(directory: string, damage: readonly Damage[]): void {
    for (const { file, position, bytes } of damage) {
      const what = `${directory}/${file}: ${bytes} bytes from byte ${position} on cannot be read, and are left out`;
      this.#host.problem(new PintleError("DURABLE_DAMAGED", what), `durable damage ${directory}/${file}`);
    }
  }
}

function storedBlock(slot: Slot, offset: number): Block {
  const block = new Block(slot);
  block.settle("stored", offset);
  return block;
}

/** A folder or a slot that is not for us: waiting does not help. */
function isRefusal(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return code === "DURABLE_REFUSED" || code === "log.newer_format";
}

function refusalOf(error: unknown, directory: string): PintleError {
  if (error instanceof PintleError) return error;
  return new PintleError("DURABLE_REFUSED", `${directory}: ${messageOf(error)}`, { cause: error });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
