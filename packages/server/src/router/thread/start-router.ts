import type { PartitionRange } from "../../engine/engine.ts";
import { ServerError } from "../../errors.ts";
import { unforeseen } from "../../logger.ts";
import { type MemoryShares, sharesOf } from "../../memory-limit.ts";
import type { RouterStatus } from "../ledger/status.ts";
import { type Beginnings, registerNew } from "../registry/beginnings.ts";
import { backoff } from "../time/backoff.ts";
import { isExpected, RouterThread, type StartRouterOptions } from "./router-thread.ts";
import type { RouterCalls } from "./thread-messages.ts";

/** The router, seen from the main thread. */
export interface RunningRouter {
  readonly condition: RouterCondition;
  /**
   * How every destination stands. Rejects while the thread is being started again, and after
   * `close`.
   */
  stats(): Promise<RouterStatus>;
  /**
   * Goes on with another configuration. Resolves when every destination has taken it, or when it is
   * clear that the thread will start again, with it.
   *
   * @throws ServerError PINTLE_CONFIG_UNREADABLE, PINTLE_CONFIG_TIMEOUT when its types of
   * destinations cannot be loaded: the one before goes on
   */
  change(config: Pick<StartRouterOptions, "sources" | "destinations">): Promise<void>;
  /** Asks the thread for something. Rejects while it is being started again, and after `close`. */
  ask<Name extends keyof RouterCalls>(
    name: Name,
    takes: RouterCalls[Name]["takes"],
  ): Promise<RouterCalls[Name]["gives"]>;
  /**
   * Lets the thread finish what is on its way, at most `within` milliseconds (default 5000), save
   * its progress and end. A thread that does not answer is ended 2 s later. Never rejects; called
   * again it does nothing more.
   */
  close(within?: number): Promise<void>;
}

/**
 * A thread that has run for so long, in milliseconds, and dies then, is started again as after the
 * first fault.
 */
const settledAfter = 60_000;

/** How the thread stands. */
export type RouterCondition =
  | { readonly state: "running" }
  | {
      readonly state: "starting again";
      /** What ended it, or kept it from starting. */
      readonly reason: string;
      /** RFC 3339: when that was, and when the next attempt begins. */
      readonly at: string;
      readonly nextAttempt: string;
    };

/**
 * Starts the router in a thread of its own, so that no destination can slow down the gateway.
 * Resolves when every destination has its place in the log. A thread that dies of a fault is
 * started again, with backoff; nothing is lost by it. So is one that cannot be started the first
 * time: events are taken and stored meanwhile, and delivered when it can.
 *
 * @throws what somebody has to mend before it can ever start: what the configuration says, what a
 * newer version has written
 */
// Long, since all of it is about the one variable `thread`: who may set it, and in whose turn.
export async function startRouter(first: StartRouterOptions): Promise<RunningRouter> {
  const { engine, logger, memory = sharesOf(256e6) } = first;
  // It serves once, and its heap is as it was launched.
  const { launched, ...lasting } = first;
  const early = launched?.fits(memory) ? launched : undefined;
  if (early === undefined) void launched?.worker.terminate();
  let options: StartRouterOptions = lasting;
  let failures = 0;
  /** When the thread that runs was started. */
  let startedAt = Number.POSITIVE_INFINITY;
  let closing: Promise<void> | undefined;
  let cancelRestart: (() => void) | undefined;
  let thread: RouterThread | undefined;
  let condition: RouterCondition = { state: "running" };
  /** Where the log stood when each destination was first seen here. */
  let beginnings: Beginnings = {};
  /**
   * The turn to write the register: a thread from its start to its end, and this one while
   * there is none.
   */
  let turn: Promise<unknown> = Promise.resolve();

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = turn.then(work);
    turn = done.catch(() => {});
    return done;
  }

  /** Remembers where destinations begin that are seen for the first time. */
  async function placeNew(): Promise<readonly PartitionRange[]> {
    const ranges = await engine.ranges("events");
    const ends = ranges.map(({ end }) => end);
    const now = Object.fromEntries(options.destinations.map(({ id }): [string, readonly number[]] => [id, ends]));
    beginnings = { ...now, ...beginnings };
    return ranges;
  }

  /** The same, durably: to be called while there is no thread. */
  async function register(): Promise<void> {
    const ranges = await placeNew();
    await registerNew(engine.standIn(), options.destinations, ranges);
  }

  function died(error: Error, doing = "died"): void {
    thread = undefined;
    if (closing !== undefined) return;
    failures = Date.now() - startedAt >= settledAfter ? 1 : failures + 1;
    startedAt = Number.POSITIVE_INFINITY;
    const delay = backoff(failures, Math.random);
    const reason = reasonOf(error, memory);
    condition = {
      state: "starting again",
      reason,
      at: new Date().toISOString(),
      nextAttempt: new Date(Date.now() + delay).toISOString(),
    };
    const stack = isExpected(error) ? {} : { err: unforeseen(error) };
    const meanwhile = "events are taken and stored meanwhile, and delivered once it runs";
    logger.error({ ...stack, reason, restartIn: delay }, `the router's thread ${doing}: ${reason}; ${meanwhile}`);
    const timer = setTimeout(() => void inTurn(restart), delay);
    cancelRestart = () => clearTimeout(timer);
  }

  async function restart(): Promise<void> {
    if (closing !== undefined) return;
    try {
      const started = await RouterThread.start(options, beginnings, died);
      if (closing !== undefined) return void (await started.close(0));
      thread = started;
      startedAt = Date.now();
      condition = { state: "running" };
    } catch (error) {
      died(error instanceof Error ? error : new Error(String(error)), "could not start");
    }
  }

  /**
   * Tells a thread the configuration. @throws ServerError when it cannot take it, and nothing has
   * changed
   */
  async function tell(to: RouterThread): Promise<void> {
    const { sources, destinations } = options;
    try {
      await to.change({ sources, destinations, beginnings });
    } catch (error) {
      if (closing !== undefined) return;
      if (error instanceof ServerError) throw error;
      // Half of it may be done. A thread that starts anew does the whole.
      logger.error({ err: error }, "the router could not take over the configuration and starts again");
      await to.end();
    }
  }

  await register();
  try {
    thread = await RouterThread.start({ ...options, launched: early }, beginnings, died);
    startedAt = Date.now();
  } catch (error) {
    const fault = error instanceof Error ? error : new Error(String(error));
    if (isForTheOwner(fault)) throw fault;
    died(fault, "could not start");
  }

  const running: RunningRouter = {
    get condition() {
      return condition;
    },
    stats: () => running.ask("status", null),
    async ask(name, takes) {
      if (closing !== undefined) throw new Error("The router is closed");
      if (thread !== undefined) return thread.ask(name, takes);
      throw new Error(`The router is starting again: ${condition.state === "running" ? "" : condition.reason}`);
    },
    change({ sources, destinations }) {
      // One that starts now is waited for: it has the register.
      return inTurn(async () => {
        const before = options;
        options = { ...options, sources, destinations };
        if (closing !== undefined) return;
        if (thread === undefined) {
          await register().catch((error: unknown) => {
            logger.error({ err: error }, "where the new destinations begin could not be written down");
          });
          return;
        }
        await placeNew();
        await tell(thread).catch((error: unknown) => {
          options = before;
          throw error;
        });
      });
    },
    close(within = 5000) {
      closing ??= (async () => {
        cancelRestart?.();
        await thread?.close(within);
        thread = undefined;
      })();
      return closing;
    },
  };
  return running;
}

/**
 * Whether it stays until its owner does something: what the configuration or the data folder holds.
 */
function isForTheOwner({ name, code }: Error & { readonly code?: unknown }): boolean {
  if (name === "EngineError") return code !== "PINTLE_STORAGE_FULL" && code !== "PINTLE_STORAGE_FAILED";
  return name === "ServerError" || name === "InvalidConfigError";
}

function reasonOf(error: Error & { readonly code?: unknown }, { oldGeneration, events }: MemoryShares): string {
  if (error.code !== "ERR_WORKER_OUT_OF_MEMORY") return isExpected(error) ? error.message : unforeseen(error).message;
  const setting = `${Math.round((2 * events) / 1e6)}MB`;
  return `out of memory: its heap has reached ${oldGeneration} MB (memory: "${setting}"; if it comes again, set more)`;
}
