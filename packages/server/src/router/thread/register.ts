import { errorMessage } from "@pintle/events";
import { EngineError } from "../../engine/engine-error.ts";
import type { MainEngine } from "../../engine/open-engine.ts";
import type { PlaneLogger } from "../../logger.ts";
import type { Destination } from "../../model/destination.ts";
import { type Beginnings, registerNew } from "../registry/beginnings.ts";
import { DestinationRegistry } from "../registry/destination-registry.ts";
import type { Loads } from "./homes.ts";
import type { ThreadConfig } from "./thread-messages.ts";

/** What this needs of the engine of the main thread. */
type RegisterEngine = Pick<MainEngine, "ranges" | "append" | "scan">;

/**
 * The register of destinations in the main thread, which writes it: every destination has its place
 * in the log before a thread knows of it.
 */
export class Register {
  readonly #engine: RegisterEngine;
  readonly #logger: PlaneLogger;
  #registry: DestinationRegistry | undefined;
  /** Where the log stood when each destination was first seen here. */
  #beginnings: Beginnings = {};
  #replaysEnd = 0;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(engine: RegisterEngine, logger: PlaneLogger) {
    this.#engine = engine;
    this.#logger = logger;
  }

  /**
   * Gives every enabled destination its place, as far as the disk takes it.
   *
   * @returns what keeps any thread from starting until it has passed
   * @throws EngineError for what does not pass by itself
   */
  place(destinations: readonly Destination[]): Promise<EngineError | undefined> {
    const placed = this.#turn.then(() => this.#place(destinations));
    this.#turn = placed.catch(() => {});
    return placed;
  }

  /** The same. @throws EngineError also for what passes */
  async placeOrThrow(destinations: readonly Destination[]): Promise<void> {
    const fault = await this.place(destinations);
    if (fault !== undefined) throw fault;
  }

  async #place(destinations: readonly Destination[]): Promise<EngineError | undefined> {
    const ranges = await this.#engine.ranges("events");
    const ends = ranges.map(({ end }) => end);
    const now = Object.fromEntries(destinations.map(({ id }): [string, readonly number[]] => [id, ends]));
    this.#beginnings = { ...now, ...this.#beginnings };
    try {
      this.#registry ??= await DestinationRegistry.open(this.#engine);
      // A thread may have added a place that could not be written before.
      await this.#registry.readOn();
      this.#replaysEnd = (await this.#engine.ranges("replays"))[0]!.end;
      await registerNew(this.#registry, destinations, ranges);
      return undefined;
    } catch (error) {
      if (error instanceof EngineError && error.retryable) return error;
      throw error;
    }
  }

  /** What threads are told of it. */
  get told(): Pick<ThreadConfig, "registry" | "beginnings" | "replaysEnd"> {
    const registry = this.#registry?.known ?? {
      opened: false,
      logId: undefined,
      began: new Map(),
      delivered: new Set(),
    };
    return { registry, beginnings: this.#beginnings, replaysEnd: this.#replaysEnd };
  }

  /** What destinations cost in the run before, as far as it is known. */
  get loads(): Loads {
    return this.#registry?.loads ?? {};
  }

  /** Keeps what they cost for the next start. It may be lost: then that places them by turns. */
  async saveLoads(loads: Loads): Promise<void> {
    await this.#registry?.addLoads({ ...this.loads, ...loads }, Date.now()).catch((error: unknown) => {
      this.#logger.warn(`what destinations cost could not be written down: ${errorMessage(error)}`);
    });
  }
}
