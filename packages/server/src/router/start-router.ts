import { MessageChannel, Worker } from "node:worker_threads";
import { defaultConfigTimeout, timeoutMessage } from "../config/apart/run-apart.ts";
import type { Destination, Source } from "../config/config.ts";
import type { EmbeddedEngine } from "../engine/embedded.ts";
import { ServerError } from "../errors.ts";
import { type Logger, unforeseen } from "../logger.ts";
import { type MemoryShares, sharesOf } from "../memory-limit.ts";
import { backoff } from "./backoff.ts";
import type { RouterStatus } from "./status.ts";
import type { FromRouter, RouterCall, RouterCalls, RouterThreadData, ToRouter } from "./thread-messages.ts";

export interface StartRouterOptions {
  /** The data folder. Whoever starts the router holds its lock. */
  readonly directory: string;
  /** Where relative paths in settings of destinations start: the folder of the configuration file. */
  readonly configDirectory: string;
  readonly sources: readonly Source[];
  readonly destinations: readonly Destination[];
  readonly version: string;
  /** Milliseconds for running the configuration in the router's thread, which is done where it has types of destinations. @default 30000 */
  readonly configTimeout?: number;
  /** @default that of 256 MB */
  readonly memory?: MemoryShares;
  /** The engine of this thread, which writes `events`. */
  readonly engine: Pick<EmbeddedEngine, "serve">;
  readonly logger: Logger;
}

/** The router, seen from the main thread. */
export interface RunningRouter {
  /** How every destination stands. Rejects while the thread is being started again, and after `close`. */
  stats(): Promise<RouterStatus>;
  /**
   * Goes on with another configuration. Resolves when every destination has taken it, or when it is clear that the thread will
   * start again, with it.
   *
   * @throws ServerError CONFIG_UNREADABLE, CONFIG_TIMEOUT when its types of destinations cannot be loaded: the one before goes on
   */
  change(config: Pick<StartRouterOptions, "sources" | "destinations">): Promise<void>;
  /** Asks the thread for something. Rejects while it is being started again, and after `close`. */
  ask<Name extends keyof RouterCalls>(
    name: Name,
    takes: RouterCalls[Name]["takes"],
  ): Promise<RouterCalls[Name]["gives"]>;
  /**
   * Lets the thread finish what is on its way, at most `within` milliseconds (default 5000), save its progress and end. A
   * thread that does not answer is ended 2 s later. Never rejects; called again it does nothing more.
   */
  close(within?: number): Promise<void>;
}

/** Milliseconds that the thread has for closing beyond what its destinations get. */
const graceful = 2000;

/** Milliseconds for the thread to end by itself once it has closed everything. */
const leftOver = 500;

/**
 * Starts the router in a thread of its own, so that no destination can slow down the gateway. Resolves when every destination
 * has its place in the log. A thread that dies of a fault is started again, with backoff; nothing is lost by it.
 *
 * @throws what kept the thread from starting the first time
 */
export async function startRouter(first: StartRouterOptions): Promise<RunningRouter> {
  const { logger } = first;
  let options = first;
  let failures = 0;
  let closing: Promise<void> | undefined;
  let cancelRestart: (() => void) | undefined;
  let thread: RouterThread | undefined = await RouterThread.start(options, died);

  function died(error: Error): void {
    thread = undefined;
    if (closing !== undefined) return;
    failures++;
    const delay = backoff(failures, Math.random);
    logger.error({ err: unforeseen(error), restartIn: delay }, "the router's thread died");
    const timer = setTimeout(() => void restart(), delay);
    cancelRestart = () => clearTimeout(timer);
  }

  async function restart(): Promise<void> {
    try {
      const using = options;
      const started = await RouterThread.start(using, died);
      if (closing !== undefined) return void (await started.close(0));
      thread = started;
      // The configuration was changed while it started with the one before.
      if (options !== using) await running.change(options);
    } catch (error) {
      died(error instanceof Error ? error : new Error(String(error)));
    }
  }

  const running: RunningRouter = {
    stats: () => running.ask("status", null),
    async ask(name, takes) {
      if (thread === undefined)
        throw new Error(closing === undefined ? "The router is starting again" : "The router is closed");
      return thread.ask(name, takes);
    },
    async change({ sources, destinations }) {
      const before = options;
      options = { ...options, sources, destinations };
      const changing = thread;
      try {
        await changing?.change({ sources, destinations });
      } catch (error) {
        if (closing !== undefined) return;
        if (error instanceof ServerError) {
          if (options.destinations === destinations) options = before;
          throw error;
        }
        // Half of it may be done. A thread that starts anew does the whole.
        logger.error({ err: error }, "the router could not take over the configuration and starts again");
        await changing?.end();
      }
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

/** One thread, from its start to its end. */
class RouterThread {
  readonly #worker: Worker;
  readonly #configTimeout: number;
  readonly #exited: Promise<void>;
  readonly #asked = new Map<number, { resolve(value: never): void; reject(error: Error): void }>();
  #questions = 0;
  #closing = false;

  /**
   * Resolves when it is ready.
   *
   * @param died called if it ends without having been asked to, after it was ready
   */
  static async start(options: StartRouterOptions, died: (error: Error) => void): Promise<RouterThread> {
    const { engine, logger, directory, configDirectory, sources, destinations, version } = options;
    const { configTimeout = defaultConfigTimeout } = options;
    const memory = options.memory ?? sharesOf(256e6);
    const { port1, port2 } = new MessageChannel();
    engine.serve(port1);
    const workerData: RouterThreadData = {
      directory,
      configDirectory,
      sources,
      destinations,
      version,
      configTimeout,
      memory: memory.events,
      feed: port2,
    };
    const worker = new Worker(new URL("./worker.js", import.meta.url), {
      resourceLimits: {
        maxYoungGenerationSizeMb: memory.youngGeneration,
        maxOldGenerationSizeMb: memory.oldGeneration,
      },
      workerData,
      transferList: [port2],
      name: "router",
    });
    const thread = new RouterThread(worker, logger, configTimeout, () => port1.close());
    try {
      await Promise.all([thread.#loadsTypes(destinations), thread.#ready(died)]);
    } catch (error) {
      await worker.terminate();
      throw error;
    }
    return thread;
  }

  private constructor(worker: Worker, logger: Logger, configTimeout: number, ended: () => void) {
    this.#worker = worker;
    this.#configTimeout = configTimeout;
    this.#exited = new Promise((resolve) => {
      worker.once("exit", () => {
        ended();
        resolve();
      });
    });
    worker.on("message", (message: FromRouter) => {
      if (message.kind === "log") logger[message.level](message.fields, message.message);
      else if (message.kind === "answer" || message.kind === "failed") {
        const asked = this.#asked.get(message.id);
        this.#asked.delete(message.id);
        if (message.kind === "answer") asked?.resolve(message.value as never);
        else asked?.reject(new Error(message.message));
      }
      // What types of the owner have left running does not keep it.
      else if (message.kind === "closed") setTimeout(() => void worker.terminate(), leftOver).unref();
    });
  }

  /** Asks it to change. @throws ServerError when it cannot load the types that the destinations need, and nothing has changed */
  async change(config: RouterCalls["change"]["takes"]): Promise<void> {
    const [problem] = await Promise.all([this.ask("change", config), this.#loadsTypes(config.destinations)]);
    if (problem !== null) throw new ServerError("CONFIG_UNREADABLE", problem);
  }

  /**
   * Resolves when the thread has loaded the types that the owner has written. Where it spins in one of them, and does not notice itself that the
   * time is over, it is ended.
   *
   * @throws ServerError CONFIG_UNREADABLE, CONFIG_TIMEOUT
   */
  #loadsTypes(destinations: readonly Destination[]): Promise<void> {
    const [home] = destinations.flatMap(({ ownType }) => (ownType === undefined ? [] : [ownType]));
    if (home === undefined) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        stop();
        reject(new ServerError("CONFIG_TIMEOUT", timeoutMessage(home.file, this.#configTimeout)));
        void this.#worker.terminate();
      }, this.#configTimeout + graceful);
      const took = (message: FromRouter): void => {
        if (message.kind !== "loaded") return;
        stop();
        if (message.problem === undefined) resolve();
        else reject(new ServerError("CONFIG_UNREADABLE", message.problem));
      };
      const stop = (): void => {
        clearTimeout(timer);
        this.#worker.off("message", took);
        this.#worker.off("exit", ended);
      };
      const ended = (): void => {
        stop();
        reject(new ServerError("CONFIG_UNREADABLE", `${home.file}: the router's thread ended while it ran it`));
      };
      this.#worker.on("message", took);
      this.#worker.on("exit", ended);
    });
  }

  #ready(died: (error: Error) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      let ready = false;
      let fault: Error | undefined;
      this.#worker.on("message", (message: FromRouter) => {
        if (message.kind !== "ready") return;
        ready = true;
        resolve();
      });
      this.#worker.on("error", (error) => {
        fault = error instanceof Error ? error : new Error(String(error));
      });
      void this.#exited.then(() => {
        const error = fault ?? new Error("The router's thread ended by itself");
        for (const { reject: refuse } of this.#asked.values()) refuse(error);
        this.#asked.clear();
        if (!ready) reject(error);
        else if (!this.#closing) died(error);
      });
    });
  }

  /** Rejects with what the thread says, and when it dies before it has answered. */
  ask<Name extends keyof RouterCalls>(
    name: Name,
    takes: RouterCalls[Name]["takes"],
  ): Promise<RouterCalls[Name]["gives"]> {
    return new Promise<RouterCalls[Name]["gives"]>((resolve, reject) => {
      const id = this.#questions++;
      this.#asked.set(id, { resolve, reject });
      this.#worker.postMessage({ kind: "ask", id, call: { name, takes } as RouterCall } satisfies ToRouter);
    });
  }

  /** Ends it at once, as if it had died. */
  async end(): Promise<void> {
    await this.#worker.terminate();
    await this.#exited;
  }

  async close(within: number): Promise<void> {
    this.#closing = true;
    this.#worker.postMessage({ kind: "close", within } satisfies ToRouter);
    const timer = setTimeout(() => void this.#worker.terminate(), within + graceful);
    await this.#exited;
    clearTimeout(timer);
  }
}
