import { errorMessage } from "@pintle/events";
import type { Damage } from "@pintle/log";
import { PintleError } from "../../errors.ts";
import { durableError } from "./durable-errors.ts";
import type { Claim, Folder } from "./folder.ts";
import { Journal, type JournalObserver, type JournalSettings, type OffsetRange } from "./journal.ts";
import type { MovedMessage } from "./recovery.ts";

/** Between two looks for orphaned slots. */
const usualAdoptPause = 15_000;
/** Between two attempts to open the folder. */
const firstPause = 1_000;
const longestPause = 60_000;

/** Whom the slots tell what happens. None of these throws. */
export interface JournalsObserver extends JournalObserver {
  /** A slot was opened, with what an earlier process has left in it. */
  opened(slot: Journal, moved: readonly MovedMessage[], stretch: OffsetRange): void;
  damaged(slot: Journal, damage: readonly Damage[]): void;
}

/**
 * The slots that this process holds: its own, to which new messages are written, and orphaned ones that it has adopted until they are
 * empty. Where the folder cannot be used, it is tried again from time to time, unless it is not for us.
 */
export class Journals {
  /** Undefined while the folder cannot be used. */
  #own: Journal | undefined;
  readonly #held = new Map<number, Journal>();
  /** Of those, what is being closed. */
  readonly #leaving = new Set<Journal>();
  /** Journals that cannot be read by this version. */
  readonly #unreadable = new Set<number>();
  readonly #folder: Folder;
  readonly #settings: JournalSettings;
  readonly #observer: JournalsObserver;
  readonly #adoptPause: number;
  #pause = firstPause;
  #cancel: (() => void) | undefined;
  /** Opening, or adopting. */
  #working: Promise<void> = Promise.resolve();
  #isOpenReported = false;
  #isAdoptReported = false;
  #isClosed = false;

  constructor(
    folder: Folder,
    settings: JournalSettings,
    observer: JournalsObserver,
    adoptPause: number = usualAdoptPause,
  ) {
    this.#folder = folder;
    this.#settings = settings;
    this.#observer = observer;
    this.#adoptPause = adoptPause;
  }

  get own(): Journal | undefined {
    return this.#own;
  }

  /** Resolves when there is a slot of our own and what was orphaned is adopted, or when the folder cannot be used for now. */
  open(): Promise<void> {
    this.#working = this.#open();
    return this.#working;
  }

  /** An adopted slot that is empty has done its service. */
  changed(slot: Journal): void {
    if (slot !== this.#own && slot.isEmpty && !this.#isClosed) void this.#letGo(slot);
  }

  /** Writes what waits, and lets go of all. Never rejects. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancel?.();
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
        this.#isOpenReported = false;
        this.#pause = firstPause;
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
  async #openSlot(claim: Claim): Promise<Journal | undefined> {
    let slot: Journal | undefined;
    try {
      slot = await Journal.open(claim.directory, claim.release, this.#settings, this.#observer);
      const { moved, stretch, damage } = await slot.recover();
      this.#held.set(claim.number, slot);
      if (this.#isClosed) return slot;
      this.#observer.opened(slot, moved, stretch);
      slot.recovered();
      this.#observer.damaged(slot, damage);
      return slot;
    } catch (error) {
      await slot?.close();
      if (!isRefusal(error)) throw error;
      this.#unreadable.add(claim.number);
      await claim.release();
      this.#observer.problem(refusalOf(error, claim.directory), `durable ${claim.directory}`);
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
          this.#isAdoptReported = false;
        } catch (error) {
          await claim.release().catch(() => {});
          throw error;
        }
      }
    } catch (error) {
      if (!this.#isAdoptReported) {
        const what = `an orphaned slot of ${this.#folder.directory} cannot be opened: ${errorMessage(error)}`;
        this.#observer.problem(durableError("DURABLE_UNAVAILABLE", what, { cause: error }), "durable adopt");
      }
      this.#isAdoptReported = true;
    }
    this.#later(this.#adoptPause, () => this.#adopt());
  }

  async #letGo(slot: Journal): Promise<void> {
    const number = [...this.#held].find(([, held]) => held === slot)?.[0];
    if (number === undefined || this.#leaving.has(slot)) return;
    this.#leaving.add(slot);
    await slot.close();
    this.#leaving.delete(slot);
    this.#held.delete(number);
    await this.#folder.noteEmpty(number).catch(() => {});
  }

  #unusable(error: unknown): void {
    if (isRefusal(error)) {
      this.#observer.problem(refusalOf(error, this.#folder.directory), "durable refused");
      return;
    }
    if (!this.#isOpenReported) {
      this.#isOpenReported = true;
      const what = `durable.directory ${JSON.stringify(this.#folder.directory)} cannot be used: ${errorMessage(error)}`;
      this.#observer.problem(durableError("DURABLE_UNAVAILABLE", what, { cause: error }), "durable");
    }
    this.#later(this.#pause, () => this.#open());
    this.#pause = Math.min(longestPause, 2 * this.#pause);
  }

  #later(milliseconds: number, work: () => Promise<void>): void {
    if (this.#isClosed) return;
    this.#cancel = this.#settings.after(milliseconds, () => {
      this.#working = work();
    });
  }
}

/** A folder or a slot that is not for us: waiting does not help. */
function isRefusal(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return code === "DURABLE_REFUSED" || code === "log.newer_format";
}

function refusalOf(error: unknown, directory: string): PintleError {
  if (error instanceof PintleError) return error;
  return durableError("DURABLE_REFUSED", `${directory}: ${errorMessage(error)}`, { cause: error });
}
