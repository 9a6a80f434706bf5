import type { Dead, Retry } from "@pintle/kit";
import type { Absence } from "../lanes/entry.ts";

/** Milliseconds for which an event that is alone with its answer is not given up. */
const heldFor = 5000;
/** Events in a row with the same answer which are the destination's trouble. */
const longRun = 8;
/**
 * The same where nothing speaks against it: it has delivered nothing yet, or nothing for as long as
 * an event is held.
 */
const shortRun = 3;

/** User keys that are remembered at most. */
const mostKeys = 10_000;

/** An event that got such an answer. */
export interface Missed {
  /** The same answer that it got before. */
  readonly before: Absence | undefined;
  /** The hash of its user key, if it has one. */
  readonly key: number | undefined;
}

/**
 * Decides who is at fault when there is nothing where an event was sent to: 404, 410, a redirect.
 * While a server is replaced, or its URL is wrong, all events get such an answer, and none of them
 * shall die of it; one that gets it while others are delivered shall. So a first answer decides
 * nothing, unless it is one of many in a row: the event is tried again soon.
 *
 * An event that gets the same answer again is given up
 * - if a batch that went out later was delivered: whatever takes events is there;
 * - or if it is alone with it after 5 s.
 *
 * A user whom the destination does not know gets the answer for each event. So once an event of a
 * user was given up in the light of others, those that follow make no row, and need no second
 * answer while there is none.
 */
export class Absences {
  #sent = 0;
  /** The latest batch of which something was delivered. */
  #proof = 0;
  /** Events with the same answer, in a row. */
  #run: { readonly reason: string; readonly since: number; events: number } | undefined;
  /** User keys of which an event was given up, those of late last. */
  readonly #unknown = new Set<number>();

  /** A batch goes out. Returns its number. */
  send(): number {
    return ++this.#sent;
  }

  /** An event of this batch, with this user key, was delivered. */
  delivered(batch: number, key: number | undefined): void {
    this.#proof = Math.max(this.#proof, batch);
    this.#run = undefined;
    if (this.#unknown.size > 0 && key !== undefined) this.#unknown.delete(key);
  }

  /** Judges who is at fault for the answer to an event; `undefined`: not known yet. */
  judge(event: Missed, { reason }: Dead, hasDelivered: boolean, now: number): Retry["scope"] | undefined {
    const { before, key } = event;
    if (before !== undefined && this.#proof > before.batch) {
      if (key !== undefined) this.#remember(key);
      return "event";
    }
    const run = this.#run?.reason === reason ? this.#run : { reason, since: now, events: 0 };
    this.#run = run;
    const isKnown = key !== undefined && this.#unknown.has(key);
    if (before === undefined && !isKnown) run.events++;
    const isLong = run.events >= longRun || (run.events >= shortRun && (!hasDelivered || now - run.since >= heldFor));
    if (isLong) return "destination";
    if (isKnown) return "event";
    return before !== undefined && now - before.at >= heldFor ? "event" : undefined;
  }

  #remember(key: number): void {
    this.#unknown.delete(key);
    this.#unknown.add(key);
    if (this.#unknown.size <= mostKeys) return;
    for (const oldest of this.#unknown) {
      this.#unknown.delete(oldest);
      break;
    }
  }

  /** What is remembered of an event that got this answer now. */
  absence({ reason }: Dead, now: number): Absence {
    return { reason, at: now, batch: this.#sent };
  }

  /** When an event that is alone with its answer is asked for the last time: not before this. */
  holdUntil({ at }: Absence): number {
    return at + heldFor;
  }
}
