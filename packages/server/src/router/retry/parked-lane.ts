import type { ParkedFacts } from "../../records/retry-record.ts";
import type { Entry, Lane } from "../lanes/entry.ts";
import type { WindowRecord } from "../ledger/window.ts";
import { Queue } from "../queues/queue.ts";

/** A record of the retry topic with events of a lane. */
export interface ParkedRecord {
  readonly record: WindowRecord;
  /** Position of the first event that may not have ended. */
  first: number;
  /** Events behind it that are on their way to the dead letters. */
  absent?: ReadonlySet<number>;
}

/** An event on its way to the retry topic. */
export interface PendingWrite {
  readonly facts: ParkedFacts;
  /** The entry, whose event is asked for when it is written: it may be held as JSON. */
  readonly entry: Pick<Entry, "raw">;
  readonly bytes: number;
  /** Called when it is durable there. */
  readonly written: () => void;
  /** Called when it will not be written: the partition was taken away before. */
  readonly dropped: () => void;
}

/** What is kept of the attempts at an event while it is not in memory. */
export type AttemptHistory = Pick<
  Entry,
  "attempts" | "failures" | "firstAttempt" | "deliveredAtFailure" | "absence" | "only" | "failed"
>;

type Front = "resting" | "due" | "queued" | "loading" | "loaded";
type Back = "settled" | "gathering" | "writing" | "moving";

const frontMoves: Readonly<Record<Front, readonly Front[]>> = {
  resting: ["due"],
  due: ["queued"],
  queued: ["loading"],
  loading: ["loaded", "resting"],
  loaded: ["resting", "due"],
};

const backMoves: Readonly<Record<Back, readonly Back[]>> = {
  settled: ["gathering", "writing", "moving"],
  gathering: ["settled", "writing", "moving"],
  writing: ["settled"],
  moving: ["settled"],
};

/**
 * What of a lane is in the retry topic, or on its way there. Its front, where its next event is, is
 * always in one of these states:
 *
 * - **resting**: the next event waits for another attempt;
 * - **due**: the wait is over, and the first record is not read yet: it is being written or moved,
 *   or there is none;
 * - **queued**: the first record is to be read once there is room;
 * - **loading**: it is being read;
 * - **loaded**: its events are in memory. When they have ended, the lane is due again; when one is
 *   to be tried again, it rests.
 *
 * Its back, where events are added, in one of these:
 *
 * - **settled**: nothing happens;
 * - **gathering**: what comes in a moment is written together;
 * - **writing**: a record is being written; what comes meanwhile goes into the next one;
 * - **moving**: everything of the lane is being written anew behind all others (`LaneCompaction`),
 *   so its front does not go on meanwhile.
 */
export class ParkedLane {
  readonly lane: Lane;
  /** The lane's name in the records. */
  readonly name: number | string;
  /** How often it was moved forward. */
  pass = 0;
  /**
   * The records, in their order. Where the lane is loaded, the first one is what the lane holds in
   * memory.
   */
  readonly records: Queue<ParkedRecord> = new Queue();
  /** Events that come behind all records. */
  readonly toWrite: Queue<PendingWrite> = new Queue();
  /** Records that it had after it was moved last. */
  recordsOnceMoved = 0;
  /** Attempts of its first event. */
  history: AttemptHistory | undefined = undefined;
  #front: Front = "resting";
  #back: Back = "settled";

  constructor(lane: Lane, name: number | string) {
    this.lane = lane;
    this.name = name;
  }

  get front(): Front {
    return this.#front;
  }

  set front(next: Front) {
    if (!frontMoves[this.#front].includes(next)) throw this.#fault(`its front is ${this.#front}, not to be ${next}`);
    this.#front = next;
  }

  get back(): Back {
    return this.#back;
  }

  set back(next: Back) {
    if (!backMoves[this.#back].includes(next)) throw this.#fault(`its back is ${this.#back}, not to be ${next}`);
    if (next === "moving" && !this.canMove) throw this.#fault(`its front is ${this.#front}, so it cannot move`);
    this.#back = next;
  }

  /** Whether a record of it may be written now. */
  get canWrite(): boolean {
    return this.toWrite.size > 0 && (this.#back === "settled" || this.#back === "gathering");
  }

  /**
   * Whether it may be moved forward: nothing of it is in memory, or on its way there or into the
   * topic.
   */
  get canMove(): boolean {
    const isStill = this.#back === "settled" || this.#back === "gathering";
    return isStill && this.lane.state === "parked" && (this.#front === "resting" || this.#front === "due");
  }

  /** Whether nothing of it is left. */
  get isEmpty(): boolean {
    return this.records.size === 0 && this.toWrite.size === 0 && this.#back !== "writing";
  }

  #fault(what: string): Error {
    return new Error(`The parked lane ${this.name}: ${what}`);
  }
}

export function historyOf(entry: Entry): AttemptHistory {
  const { attempts, failures, firstAttempt, deliveredAtFailure, absence, only, failed } = entry;
  return { attempts, failures, firstAttempt, deliveredAtFailure, absence, only, failed };
}
