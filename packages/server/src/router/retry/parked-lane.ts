import type { ParkedFacts } from "../../records/retry-record.ts";
import type { Entry } from "../lanes/lanes.ts";
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
  /** Its event is asked for when it is written: it may be one that is held as JSON. */
  readonly entry: Pick<Entry, "event">;
  readonly bytes: number;
  /** It is durable there. */
  readonly written: () => void;
}

/** What is kept of the attempts at an event while it is not in memory. */
export type AttemptHistory = Pick<
  Entry,
  "attempts" | "failures" | "firstAttempt" | "deliveredAtFailure" | "absence" | "only" | "failed"
>;

/** What of a lane is in the retry topic, or on its way there. */
export interface Parked {
  /** The lane's name in the records. */
  readonly name: number | string;
  /** How often it was moved forward. */
  pass: number;
  /** In their order. Where `isLoaded`, the first one is what the lane holds in memory. */
  readonly slices: Queue<ParkedRecord>;
  isLoaded: boolean;
  /** Events that come behind all slices. */
  readonly toWrite: Queue<PendingWrite>;
  isWriting: boolean;
  /** Soon it will be, with what comes until then. */
  isGathering: boolean;
  isReading: boolean;
  isMoving: boolean;
  /** Records that it had after it was moved last. */
  slicesOnceMoved: number;
  /** Its wait is over. */
  isDue: boolean;
  /** Of its first event. */
  history: AttemptHistory | undefined;
}

export function newParked(name: number | string): Parked {
  return {
    name,
    pass: 0,
    slices: new Queue(),
    isLoaded: false,
    toWrite: new Queue(),
    isWriting: false,
    isGathering: false,
    isReading: false,
    isMoving: false,
    slicesOnceMoved: 0,
    isDue: false,
    history: undefined,
  };
}

export function historyOf({
  attempts,
  failures,
  firstAttempt,
  deliveredAtFailure,
  absence,
  only,
  failed,
}: Entry): AttemptHistory {
  return { attempts, failures, firstAttempt, deliveredAtFailure, absence, only, failed };
}
