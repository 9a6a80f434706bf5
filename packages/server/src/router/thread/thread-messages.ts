import type { ThreadEngineData } from "../../engine/open-engine.ts";
import type { LogLevel } from "../../logger.ts";
import type { Destination } from "../../model/destination.ts";
import type { Source } from "../../model/source.ts";
import type { ReplayRequest } from "../../records/replay-record.ts";
import type { DeadDecision, DeadList, Settled, ShownLetter } from "../dead/dead-letters.ts";
import type { DeadQuery } from "../dead/query.ts";
import type { Retried, RouterStatus } from "../ledger/status.ts";
import type { CarriedStep, WatchedDestinations } from "../ledger/step-sender.ts";
import type { Beginnings } from "../registry/beginnings.ts";
import type { KnownDestinations } from "../registry/destination-registry.ts";
import type { ReplayStatus } from "../replay/log-replays.ts";
import type { Homes } from "./homes.ts";

/** What a router thread goes on with from a reload on, and starts with. */
export interface ThreadConfig {
  readonly sources: readonly Source[];
  /** Destinations that live in the thread. */
  readonly destinations: readonly Destination[];
  readonly homes: Homes;
  readonly registry: KnownDestinations;
  readonly beginnings: Beginnings;
  /** The offset at which `replays` ends. */
  readonly replaysEnd: number;
}

/** What a router thread is given when it starts. */
export interface RouterThreadData extends ThreadConfig {
  /** The number of the thread, from 0. */
  readonly thread: number;
  /** The data folder. */
  readonly directory: string;
  /** Where relative paths in settings of destinations start. */
  readonly configDirectory: string;
  readonly version: string;
  /** Milliseconds for running the configuration, where it has types of destinations. */
  readonly configTimeout: number;
  /** Bytes of memory for the events of its destinations. */
  readonly memory: number;
  /** What the thread's engine is made of. */
  readonly engine: ThreadEngineData;
}

/** How much a line of the log matters. */
export type LoggedLevel = Exclude<LogLevel, "silent">;

/** What the main thread can ask a router thread for: the words and what they take and give. */
export interface RouterCalls {
  /** Takes the id of a destination. @see Router.retryNow */
  readonly retry: { readonly takes: string; readonly gives: Retried };
  readonly status: { readonly takes: null; readonly gives: RouterStatus };
  /**
   * Loads the types that destinations need, for a `change` that may follow. Gives what keeps it
   * from being done, where something does: nothing has changed then.
   */
  readonly prepare: { readonly takes: readonly Destination[]; readonly gives: string | null };
  /** @see Router.change */
  readonly change: { readonly takes: ThreadConfig; readonly gives: null };
  /** @see DeadLetters.list */
  readonly deadList: {
    readonly takes: { readonly destinationId: string; readonly query: DeadQuery; readonly limit: number };
    readonly gives: DeadList;
  };
  /** Counts by destination id. @see DeadLetters.counts */
  readonly deadCounts: {
    readonly takes: readonly string[];
    readonly gives: Readonly<Record<string, Readonly<Record<string, number>>>>;
  };
  /** @see DeadLetters.show */
  readonly deadShow: {
    readonly takes: { readonly destinationId: string; readonly letter: number };
    readonly gives: ShownLetter | null;
  };
  /** @see DeadLetters.replay @see DeadLetters.purge */
  readonly deadSettle: {
    readonly takes: { readonly destinationId: string; readonly query: DeadQuery; readonly decision: DeadDecision };
    readonly gives: Settled;
  };
  /** @see LogReplays.start */
  readonly replayStart: { readonly takes: ReplayRequest; readonly gives: ReplayStatus };
  /** @see LogReplays.stop */
  readonly replayStop: { readonly takes: string; readonly gives: ReplayStatus | null };
  /** @see LogReplays.list */
  readonly replayList: { readonly takes: null; readonly gives: readonly ReplayStatus[] };
}

export type RouterCall = {
  [Name in keyof RouterCalls]: { readonly name: Name; readonly takes: RouterCalls[Name]["takes"] };
}[keyof RouterCalls];

/** A message from the main thread to a router thread. */
export type ToRouter =
  | { readonly kind: "ask"; readonly id: number; readonly call: RouterCall }
  /** Which destinations somebody watches: their ids, or all. */
  | { readonly kind: "watch"; readonly destinations: WatchedDestinations }
  /** The batch that came last was taken. */
  | { readonly kind: "stepsTaken" }
  /** @see Router.close */
  | { readonly kind: "close"; readonly within: number };

/** A message from a router thread to the main one. */
export type FromRouter =
  /** The configuration is about to be run, if anything of it is needed. */
  | { readonly kind: "loading" }
  /** The configuration was run, or nothing of it is needed; `problem`: it could not be. */
  | { readonly kind: "loaded"; readonly problem?: string }
  | { readonly kind: "ready" }
  | { readonly kind: "answer"; readonly id: number; readonly value: unknown }
  | { readonly kind: "failed"; readonly id: number; readonly message: string }
  | { readonly kind: "log"; readonly level: LoggedLevel; readonly fields: object; readonly message: string }
  /** What was watched, and how much more there was. @see StepSender */
  | { readonly kind: "steps"; readonly steps: readonly CarriedStep[]; readonly dropped: number }
  | { readonly kind: "closed" };
