import { loadDestinationTypes } from "@pintle/destinations";
import { errorMessage } from "@pintle/events";
import type { DestinationType } from "@pintle/kit";
import { loadOwnTypes, type OwnTypes } from "../../config/own-types.ts";
import type { Destination } from "../../model/destination.ts";
import type { FromRouter } from "./thread-messages.ts";

/** The types of the destinations of a thread: Pintle's, and those that its owner has written. */
export class TypeLoader {
  /** Types that destinations are made of now. */
  readonly types: Map<string, DestinationType> = new Map();
  readonly #timeout: number;
  readonly #tell: (message: FromRouter) => void;
  /** Types of the owner that were loaded and are not used yet. */
  #prepared: OwnTypes = new Map();

  /** @param timeout milliseconds for running the configuration */
  constructor(timeout: number, tell: (message: FromRouter) => void) {
    this.#timeout = timeout;
    this.#tell = tell;
  }

  /**
   * Runs the configuration, where the destinations have types that stand there. Gives what keeps
   * it from being done, if something does.
   */
  async prepare(destinations: readonly Destination[]): Promise<string | null> {
    this.#tell({ kind: "loading" });
    const loaded = await loadOwnTypes(destinations, this.#timeout).catch(errorMessage);
    if (typeof loaded !== "string") this.#prepared = loaded;
    this.#tell(typeof loaded === "string" ? { kind: "loaded", problem: loaded } : { kind: "loaded" });
    return typeof loaded === "string" ? loaded : null;
  }

  /** Uses what was prepared. Types of Pintle that nobody uses are not loaded. */
  async take(destinations: readonly Destination[]): Promise<void> {
    const used = destinations.filter(({ enabled }) => enabled).map(({ type }) => type);
    for (const [name, type] of [...(await loadDestinationTypes(used)), ...this.#prepared]) this.types.set(name, type);
    this.#prepared = new Map();
  }
}
