import { errorMessage } from "@pintle/events";
import type { Damage } from "@pintle/log";
import { PintleError } from "../../errors.ts";
import { durableError } from "./durable-errors.ts";
import type { Claim, Folder } from "./folder.ts";
import { Journal, type JournalObserver, type JournalSettings } from "./journal.ts";
import type { UnreadRange } from "./pending-index.ts";
import type { MovedMessage } from "./recovery.ts";

/** Milliseconds between two looks for orphaned slots. */
const usualAdoptPause = 15_000;
/** Milliseconds between the first two attempts to open the folder. */
const firstPause = 1_000;
const longestPause = 60_000;

/** Hears from the journals what happens. No method throws. */
export interface JournalsObserver extends JournalObserver {
  /** A journal was opened, with what an earlier process has left in it. */
  opened(journal: Journal, moved: readonly MovedMessage[], range: UnreadRange): void;
  damaged(journal: Journal, damage: readonly Damage[]): void;
}

/**
 * The journals that this process has: its own, to which new messages are written, and orphaned ones
 * that it has adopted until they are empty. Where the folder cannot be used, it is tried again from
 * time to time, unless it is not for us.
 */
export class Journals {
  /** Undefined while the folder cannot be used. */
  #own: Journal | undefined;
  readonly #held = new Map<number, Journal>();
  /** The journals that are being closed. */
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

  /** A journal that this process has, by number. */
  get(number: number): Journal | undefined {
    return this.#held.get(number);
  }

  /**
   * Resolves when there is a journal of our own and what was orphaned is adopted, or when the
   * folder cannot be used for now.
   */
  open(): Promise<void> {
    this.#working = this.#open();
    return this.#working;
  }

  /** An adopted journal that is empty has done its service. */
  changed(journal: Journal): void {
    if (journal !== this.#own && journal.isEmpty && !this.#isClosed) void this.#letGo(journal);
  }

  /** Writes what waits, and lets go of all. Never rejects. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancel?.();
    await this.#working;
    await Promise.all([...this.#held.values()].map((journal) => journal.close()));
    this.#held.clear();
  }

  async #open(): Promise<void> {
    let claim: Claim | undefined;
    try {
      for (;;) {
        claim = await this.#folder.claim(this.#unreadable);
        if (this.#isClosed) return await claim.release();
        const journal = await this.#openJournal(claim);
        if (journal === undefined) continue;
        this.#own = journal;
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

  /** The journal of a slot, with all that is in it; undefined if this version cannot read it. */
  async #openJournal(claim: Claim): Promise<Journal | undefined> {
    let journal: Journal | undefined;
    try {
      journal = await Journal.open(claim, this.#settings, this.#observer);
      const { moved, range, damage } = await journal.recover();
      this.#held.set(claim.number, journal);
      if (this.#isClosed) return journal;
      this.#observer.opened(journal, moved, range);
      journal.recovered();
      this.#observer.damaged(journal, damage);
      return journal;
    } catch (error) {
      await journal?.close();
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
          const journal = await this.#openJournal(claim);
          if (journal?.isEmpty) await this.#letGo(journal);
          this.#isAdoptReported = false;
        } catch (error) {
          await claim.release().catch(() => {});
          throw error;
        }
      }
    } catch (error) {
      if (!this.#isAdoptReported) {
        const what = `an orphaned slot of ${this.#folder.directory} cannot be opened: ${errorMessage(error)}`;
        this.#observer.problem(durableError("PINTLE_DURABLE_UNAVAILABLE", what, { cause: error }), "durable adopt");
      }
      this.#isAdoptReported = true;
    }
    this.#later(this.#adoptPause, () => this.#adopt());
  }

  async #letGo(journal: Journal): Promise<void> {
    const { number } = journal;
    if (!this.#held.has(number) || this.#leaving.has(journal)) return;
    this.#leaving.add(journal);
    await journal.close();
    this.#leaving.delete(journal);
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
      this.#observer.problem(durableError("PINTLE_DURABLE_UNAVAILABLE", what, { cause: error }), "durable");
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
  return code === "PINTLE_DURABLE_REFUSED" || code === "PINTLE_LOG_NEWER_FORMAT";
}

function refusalOf(error: unknown, directory: string): PintleError {
  if (error instanceof PintleError) return error;
  return durableError("PINTLE_DURABLE_REFUSED", `${directory}: ${errorMessage(error)}`, { cause: error });
}
