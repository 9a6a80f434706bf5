import type { RouterStatus } from "../ledger/status.ts";
import type { CarriedStep, WatchedDestinations } from "../ledger/step-sender.ts";
import type { StartRouterOptions } from "./router-thread.ts";
import type { ThreadCondition } from "./supervised-thread.ts";
import type { RouterCalls } from "./thread-messages.ts";

/** The router, seen from the main thread. */
export interface RunningRouter {
  readonly condition: RouterCondition;
  /**
   * How every destination stands, but for those whose thread is being started again. Rejects while
   * all threads are, and after `close`.
   */
  stats(): Promise<RouterStatus>;
  /**
   * Goes on with another configuration. Resolves when every destination has taken it, or when it is
   * clear that its thread will start again, with it.
   *
   * @throws ServerError PINTLE_CONFIG_UNREADABLE, PINTLE_CONFIG_TIMEOUT when its types of
   * destinations cannot be loaded: the one before goes on
   */
  change(config: Pick<StartRouterOptions, "sources" | "destinations">): Promise<void>;
  /**
   * Asks the thread in which the destination lives, or all of them. Rejects while it is being
   * started again, and after `close`.
   */
  ask<Name extends AskedFor>(name: Name, takes: RouterCalls[Name]["takes"]): Promise<RouterCalls[Name]["gives"]>;
  /**
   * Tells of the steps of events at destinations, from now on: ids, or all. `watcher` is called at
   * once with what has come, and must not take long; one that throws is told nothing more.
   *
   * @returns a function that ends it
   */
  watch(destinations: WatchedDestinations, watcher: StepWatcher): () => void;
  /**
   * Lets the threads finish what is on its way, at most `within` milliseconds (default 5000), save
   * their progress and end. A thread that does not answer is ended 2 s later. Never rejects; called
   * again it does nothing more.
   */
  close(within?: number): Promise<void>;
}

/** What one can ask for; the configuration has a way of its own. */
export type AskedFor = Exclude<keyof RouterCalls, "prepare" | "change" | "status">;

/** @param dropped steps that were left out before these, since there were too many */
export type StepWatcher = (steps: readonly CarriedStep[], dropped: number) => void;

/** How the router stands: `running`, when all its threads do. */
export type RouterCondition =
  | Extract<ThreadCondition, { state: "running" }>
  | (Extract<ThreadCondition, { state: "starting again" }> & {
      /** Ids of the destinations that wait for it; absent: all do. */
      readonly destinations?: readonly string[];
    });
