import type { ThreadEngineData } from "../../engine/open-engine.ts";
import type { LogLevel } from "../../logger.ts";
import type { Destination } from "../../model/destination.ts";
import type { Source } from "../../model/source.ts";
import type { ReplayRequest } from "../../records/replay-record.ts";
import type { DeadDecision, DeadList, Settled, ShownLetter } from "../dead/dead-letters.ts";
import type { DeadQuery } from "../dead/query.ts";
import type { Retried, RouterStatus } from "../ledger/status.ts";
import type { Beginnings } from "../registry/beginnings.ts";
import type { ReplayStatus } from "../replay/log-replays.ts";

/** What the router's thread is given when it starts. */
export interface RouterThreadData {
  /** The data folder. */
  readonly directory: string;
  /** Where relative paths in settings of destinations start. */
  readonly configDirectory: string;
  readonly sources: readonly Source[];
  readonly destinations: readonly Destination[];
  readonly version: string;
  /** Milliseconds for running the configuration, where it has types of destinations. */
  readonly configTimeout: number;
  /** Bytes of memory for the events of all destinations. */
  readonly memory: number;
  readonly beginnings: Beginnings;
  /** What the thread's engine is made of. */
  readonly engine: ThreadEngineData;
}

/** How much a line of the log matters. */
export type LoggedLevel = Exclude<LogLevel, "silent">;

/** What the main thread can ask the router's for: the words and what they take and give. */
export interface RouterCalls {
  /** Takes the id of a destination. @see Router.retryNow */
  readonly retry: { readonly takes: string; readonly gives: Retried };
  readonly status: { readonly takes: null; readonly gives: RouterStatus };
  /**
   * Gives what keeps it from being done, where something does: nothing has changed then. @see
   * Router.change
   */
  readonly change: {
    readonly takes: {
      readonly sources: readonly Source[];
      readonly destinations: readonly Destination[];
      readonly beginnings: Beginnings;
    };
    readonly gives: string | null;
  };
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

/** A message from the main thread to the router's. */
export type ToRouter =
  | { readonly kind: "ask"; readonly id: number; readonly call: RouterCall }
  /** @see Router.close */
  | { readonly kind: "close"; readonly within: number };

/** A message from the router's thread to the main one. */
export type FromRouter =
  /** The configuration is about to be run, if anything of it is needed. */
  | { readonly kind: "loading" }
  /** The configuration was run, or nothing of it is needed; `problem`: it could not be. */
  | { readonly kind: "loaded"; readonly problem?: string }
  | { readonly kind: "ready" }
  | { readonly kind: "answer"; readonly id: number; readonly value: unknown }
  | { readonly kind: "failed"; readonly id: number; readonly message: string }
  | { readonly kind: "log"; readonly level: LoggedLevel; readonly fields: object; readonly message: string }
  | { readonly kind: "closed" };
