import { ServerError } from "../../errors.ts";
import { unforeseen } from "../../logger.ts";
import type { WatchedDestinations } from "../ledger/step-sender.ts";
import { backoff } from "../time/backoff.ts";
import type { LaunchedThread } from "./launch.ts";
import { isExpected, RouterThread, type ThreadOptions } from "./router-thread.ts";
import type { RouterCalls, ThreadConfig } from "./thread-messages.ts";

/**
 * A thread that has run for so long, in milliseconds, and dies then, is started again as after the
 * first fault.
 */
const settledAfter = 60_000;

/** How a thread stands. */
export type ThreadCondition =
  | { readonly state: "running" }
  | {
      readonly state: "starting again";
      /** What ended it, or kept it from starting. */
      readonly reason: string;
      /** RFC 3339: when that was, and when the next attempt begins. */
      readonly at: string;
      readonly nextAttempt: string;
    };

export interface SupervisedThreadOptions extends ThreadOptions {
  /** What it begins with. Each further start takes it anew, as `config` has changed it. */
  readonly config: ThreadConfig;
  /** A thread that was launched before, with its heap. @default one is launched */
  readonly launched?: LaunchedThread | undefined;
  /** Called before each start but the first. May give what is different then. */
  readonly beforeStart: () => Promise<Partial<ThreadConfig>>;
}

/**
 * A router thread that is started again, with backoff, when it dies of a fault, or could not be
 * started: for its callers it goes on. Starts and what changes it take turns.
 */
export class SupervisedThread {
  readonly #options: SupervisedThreadOptions;
  #config: ThreadConfig;
  #thread: RouterThread | undefined;
  /** A thread that waits to be used, once. */
  #launched: LaunchedThread | undefined;
  /** The thread that has loaded types for a change. */
  #prepared: RouterThread | undefined;
  #condition: ThreadCondition = { state: "running" };
  #failures = 0;
  /** When the thread that runs was started. */
  #startedAt = Number.POSITIVE_INFINITY;
  #turn: Promise<unknown> = Promise.resolve();
  #restart: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;
  #watched: WatchedDestinations = [];

  constructor(options: SupervisedThreadOptions) {
    this.#options = options;
    this.#config = options.config;
    this.#launched = options.launched;
  }

  get condition(): ThreadCondition {
    return this.#condition;
  }

  /** Milliseconds for which the thread that runs has been busy; 0 while none does. */
  get busy(): number {
    return this.#thread?.busy ?? 0;
  }

  /**
   * Starts it for the first time. Where that does not work it is tried again, in its own time.
   *
   * @param obstacle what keeps it from starting, if something does
   * @throws what somebody has to mend before it can ever start: what the configuration says, what a
   * newer version has written
   */
  start(obstacle?: Error): Promise<void> {
    return this.#inTurn(async () => {
      try {
        if (obstacle !== undefined) throw obstacle;
        await this.#start();
      } catch (error) {
        const fault = error instanceof Error ? error : new Error(String(error));
        if (isForTheOwner(fault)) throw fault;
        this.#died(fault, "could not start");
      }
    });
  }

  /** Asks the thread. Rejects while it is being started again, and after `close`. */
  async ask<Name extends keyof RouterCalls>(
    name: Name,
    takes: RouterCalls[Name]["takes"],
  ): Promise<RouterCalls[Name]["gives"]> {
    if (this.#closing !== undefined) throw new Error("The router is closed");
    if (this.#thread !== undefined) return this.#thread.ask(name, takes);
    throw new Error(
      `The router is starting again: ${this.#condition.state === "running" ? "" : this.#condition.reason}`,
    );
  }

  /**
   * Loads the types of destinations that are to come. A thread that starts now is waited for.
   *
   * @throws ServerError when it cannot, and nothing has changed
   */
  prepare(destinations: ThreadConfig["destinations"]): Promise<void> {
    return this.#inTurn(async () => {
      const thread = this.#thread;
      if (this.#closing !== undefined || thread === undefined) return;
      try {
        await thread.prepare(destinations);
        this.#prepared = thread;
      } catch (error) {
        if (error instanceof ServerError) throw error;
        // It has died, and the next one loads them with the change.
      }
    });
  }

  /** Goes on with another configuration; a thread that does not run starts with it. */
  change(config: ThreadConfig): Promise<void> {
    return this.#goOn(config, (thread) => this.#prepared !== thread);
  }

  /** The same with less than before: what it needs is loaded already. */
  leave(config: ThreadConfig): Promise<void> {
    return this.#goOn(config, () => false);
  }

  #goOn(config: ThreadConfig, hasToLoad: (thread: RouterThread) => boolean): Promise<void> {
    return this.#inTurn(async () => {
      this.#config = config;
      const thread = this.#thread;
      if (this.#closing !== undefined || thread === undefined) return;
      try {
        if (hasToLoad(thread)) await thread.prepare(config.destinations);
        await thread.ask("change", config);
      } catch (error) {
        if (this.#closing !== undefined) return;
        // Half of it may be done. A thread that starts anew does the whole.
        this.#options.logger.error({ err: error }, "the router could not take over the configuration and starts again");
        await thread.end();
      }
    });
  }

  /** Watches destinations, instead of those before, also in a thread that comes later. */
  watch(watched: WatchedDestinations): void {
    this.#watched = watched;
    this.#thread?.watch(watched);
  }

  /** Never rejects; called again it does nothing more. */
  close(within: number): Promise<void> {
    this.#closing ??= (async () => {
      clearTimeout(this.#restart);
      await this.#launched?.worker.terminate();
      await this.#thread?.close(within);
      this.#thread = undefined;
    })();
    return this.#closing;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => {});
    return done;
  }

  async #start(): Promise<void> {
    const launched = this.#launched;
    this.#launched = undefined;
    const died = (error: Error): void => this.#died(error, "died");
    const thread = await RouterThread.start(this.#options, this.#config, died, launched);
    if (this.#closing !== undefined) return void (await thread.close(0));
    this.#thread = thread;
    this.#startedAt = Date.now();
    this.#condition = { state: "running" };
    if (this.#watched.length > 0) thread.watch(this.#watched);
  }

  async #startAgain(): Promise<void> {
    if (this.#closing !== undefined) return;
    try {
      this.#config = { ...this.#config, ...(await this.#options.beforeStart()) };
      await this.#start();
    } catch (error) {
      this.#died(error instanceof Error ? error : new Error(String(error)), "could not start");
    }
  }

  #died(error: Error, doing: "died" | "could not start"): void {
    this.#thread = undefined;
    if (this.#closing !== undefined) return;
    this.#failures = Date.now() - this.#startedAt >= settledAfter ? 1 : this.#failures + 1;
    this.#startedAt = Number.POSITIVE_INFINITY;
    const delay = backoff(this.#failures, Math.random);
    const { logger, thread, threads } = this.#options;
    const reason = this.#reasonOf(error);
    this.#condition = {
      state: "starting again",
      reason,
      at: new Date().toISOString(),
      nextAttempt: new Date(Date.now() + delay).toISOString(),
    };
    const stack = isExpected(error) ? {} : { err: unforeseen(error) };
    const meanwhile =
      threads === 1
        ? "events are taken and stored meanwhile, and delivered once it runs"
        : `${this.#destinations}: what is for them is stored meanwhile, and delivered once it runs; others go on`;
    const name = threads === 1 ? "the router's thread" : `router thread ${thread + 1} of ${threads}`;
    logger.error({ ...stack, reason, restartIn: delay }, `${name} ${doing}: ${reason}; ${meanwhile}`);
    this.#restart = setTimeout(() => void this.#inTurn(() => this.#startAgain()), delay);
  }

  get #destinations(): string {
    return this.#config.destinations.map(({ id }) => id).join(", ") || "no destination";
  }

  #reasonOf(error: Error & { readonly code?: unknown }): string {
    if (error.code !== "ERR_WORKER_OUT_OF_MEMORY") return isExpected(error) ? error.message : unforeseen(error).message;
    const { memory, threads } = this.#options;
    const setting = `${Math.round((2 * memory.events * threads) / 1e6)}MB`;
    return `out of memory: its heap has reached ${memory.oldGeneration} MB (memory: "${setting}"; if it comes again, set more)`;
  }
}

/**
 * Whether it stays until its owner does something: what the configuration or the data folder holds.
 */
function isForTheOwner({ name, code }: Error & { readonly code?: unknown }): boolean {
  if (name === "EngineError") return code !== "PINTLE_STORAGE_FULL" && code !== "PINTLE_STORAGE_FAILED";
  return name === "ServerError" || name === "InvalidConfigError";
}
