import type { Worker } from "node:worker_threads";
import { defaultConfigTimeout, timeoutMessage } from "../../config/config-timeout.ts";
import type { MainEngine } from "../../engine/open-engine.ts";
import { ServerError } from "../../errors.ts";
import type { PlaneLogger } from "../../logger.ts";
import type { MemoryShares } from "../../memory-limit.ts";
import type { Destination } from "../../model/destination.ts";
import type { Source } from "../../model/source.ts";
import type { CarriedStep, WatchedDestinations } from "../ledger/step-sender.ts";
import { LaunchedThread } from "./launch.ts";
import type {
  FromRouter,
  RouterCall,
  RouterCalls,
  RouterThreadData,
  ThreadConfig,
  ToRouter,
} from "./thread-messages.ts";

export interface StartRouterOptions {
  /** The data folder. Whoever starts the router holds its lock. */
  readonly directory: string;
  /**
   * Where relative paths in settings of destinations start: the folder of the configuration file.
   */
  readonly configDirectory: string;
  readonly sources: readonly Source[];
  readonly destinations: readonly Destination[];
  readonly version: string;
  /**
   * Milliseconds for running the configuration in the router's thread, which is done where it has
   * types of destinations. @default 30000
   */
  readonly configTimeout?: number;
  /** How many router threads. @default 1 */
  readonly threads?: number;
  /** A thread that was launched before, to be the first. Without one, one is launched. */
  readonly launched?: LaunchedThread | undefined;
  /** What each of them has. @default that of 256 MB for all */
  readonly memory?: MemoryShares;
  /** The engine of this thread, which writes `events`. */
  readonly engine: Pick<MainEngine, "link" | "ranges" | "append" | "scan">;
  readonly logger: PlaneLogger;
}

/** One of the threads. */
export interface ThreadOptions
  extends Pick<StartRouterOptions, "directory" | "configDirectory" | "version" | "configTimeout" | "logger"> {
  /** The number of the thread, from 0, and how many there are. */
  readonly thread: number;
  readonly threads: number;
  readonly memory: MemoryShares;
  readonly engine: Pick<MainEngine, "link">;
  /** Takes the steps that are watched, and how many more there were. */
  readonly steps: (steps: readonly CarriedStep[], dropped: number) => void;
}

/** Milliseconds that the thread has for closing beyond what its destinations get. */
const graceful = 2000;

/**
 * Milliseconds for the thread to end by itself once it has closed everything, and to notice itself
 * that a time is over.
 */
const leftOver = 500;

/** Code of the error for a thread that ended without one. */
const endedByItself = "THREAD_ENDED";

/** Whether it says all that there is to know, so that a stack only hides it. */
export function isExpected({ name, code }: Error & { readonly code?: unknown }): boolean {
  return (
    name === "EngineError" || name === "ServerError" || code === "ERR_WORKER_OUT_OF_MEMORY" || code === endedByItself
  );
}

/** A thread, from its start to its end. */
export class RouterThread {
  readonly #launched: LaunchedThread;
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
   * @param early a thread that was launched before, with its heap
   */
  static async start(
    options: ThreadOptions,
    config: ThreadConfig,
    died: (error: Error) => void,
    early?: LaunchedThread,
  ): Promise<RouterThread> {
    const { engine, directory, configDirectory, version, memory, thread, threads } = options;
    const { configTimeout = defaultConfigTimeout } = options;
    const link = engine.link(threads);
    const data: RouterThreadData = {
      ...config,
      thread,
      directory,
      configDirectory,
      version,
      configTimeout,
      memory: memory.events,
      engine: link.data,
    };
    const launched = early ?? new LaunchedThread(memory, threads === 1 ? "router" : `router-${thread + 1}`);
    const started = new RouterThread(launched, options, () => link.close());
    try {
      const ready = Promise.all([started.#loadsTypes(config.destinations), started.#ready(died)]);
      launched.begin(data, link.transfer);
      await ready;
    } catch (error) {
      await launched.worker.terminate();
      throw error;
    }
    return started;
  }

  private constructor(launched: LaunchedThread, { logger, steps, configTimeout }: ThreadOptions, ended: () => void) {
    const { worker } = launched;
    this.#launched = launched;
    this.#worker = worker;
    this.#configTimeout = configTimeout ?? defaultConfigTimeout;
    this.#exited = launched.exited.then(ended);
    worker.on("message", (message: FromRouter) => {
      if (message.kind === "log") logger[message.level](message.fields, message.message);
      else if (message.kind === "answer" || message.kind === "failed") {
        const asked = this.#asked.get(message.id);
        this.#asked.delete(message.id);
        if (message.kind === "answer") asked?.resolve(message.value as never);
        else asked?.reject(new Error(message.message));
      } else if (message.kind === "steps") {
        steps(message.steps, message.dropped);
        this.#tell({ kind: "stepsTaken" });
      }
      // What types of the owner have left running does not keep it.
      else if (message.kind === "closed") setTimeout(() => void worker.terminate(), leftOver).unref();
    });
  }

  /**
   * Lets it load the types that destinations need. @throws ServerError when it cannot, and nothing
   * has changed
   */
  async prepare(destinations: readonly Destination[]): Promise<void> {
    const [problem] = await Promise.all([this.ask("prepare", destinations), this.#loadsTypes(destinations)]);
    if (problem !== null) throw new ServerError("PINTLE_CONFIG_UNREADABLE", problem);
  }

  /** Milliseconds for which it has not waited for anything. */
  get busy(): number {
    return this.#worker.performance.eventLoopUtilization().active;
  }

  /** Watches destinations, instead of those before. */
  watch(destinations: WatchedDestinations): void {
    this.#tell({ kind: "watch", destinations });
  }

  #tell(message: ToRouter): void {
    this.#worker.postMessage(message);
  }

  /**
   * Resolves when the thread has loaded the types that the owner has written. Where it spins in one
   * of them, and does not notice itself that the time is over, it is ended.
   *
   * @throws ServerError PINTLE_CONFIG_UNREADABLE, PINTLE_CONFIG_TIMEOUT
   */
  #loadsTypes(destinations: readonly Destination[]): Promise<void> {
    const [home] = destinations.flatMap(({ ownType }) => (ownType === undefined ? [] : [ownType]));
    if (home === undefined) return Promise.resolve();
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      const expired = (): void => {
        stop();
        reject(new ServerError("PINTLE_CONFIG_TIMEOUT", timeoutMessage(home.file, this.#configTimeout)));
        void this.#worker.terminate();
      };
      const took = (message: FromRouter): void => {
        if (message.kind === "loading") timer = setTimeout(expired, this.#configTimeout + leftOver);
        if (message.kind !== "loaded") return;
        stop();
        if (message.problem === undefined) resolve();
        else reject(new ServerError("PINTLE_CONFIG_UNREADABLE", message.problem));
      };
      const stop = (): void => {
        clearTimeout(timer);
        this.#worker.off("message", took);
        this.#worker.off("exit", ended);
      };
      const ended = (): void => {
        stop();
        reject(new ServerError("PINTLE_CONFIG_UNREADABLE", `${home.file}: the router's thread ended while it ran it`));
      };
      this.#worker.on("message", took);
      this.#worker.on("exit", ended);
    });
  }

  #ready(died: (error: Error) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      let ready = false;
      this.#worker.on("message", (message: FromRouter) => {
        if (message.kind !== "ready") return;
        ready = true;
        resolve();
      });
      void this.#exited.then(() => {
        const error = this.#launched.fault ?? Object.assign(new Error("it ended by itself"), { code: endedByItself });
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
      this.#tell({ kind: "ask", id, call: { name, takes } as RouterCall });
    });
  }

  /** Ends it at once, as if it had died. */
  async end(): Promise<void> {
    await this.#worker.terminate();
    await this.#exited;
  }

  async close(within: number): Promise<void> {
    this.#closing = true;
    this.#tell({ kind: "close", within });
    const timer = setTimeout(() => void this.#worker.terminate(), within + graceful);
    await this.#exited;
    clearTimeout(timer);
  }
}
