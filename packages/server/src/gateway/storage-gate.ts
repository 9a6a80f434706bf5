import { EngineError } from "../engine/engine-error.ts";
import type { PlaneLogger } from "../logger.ts";

/**
 * Whether the storage takes events. It is in one of two modes. Open: every request is stored. Shut,
 * after a request could not be stored: for a second everybody is refused before their body is read,
 * which costs next to nothing; then requests are let through again, and the first that is stored
 * opens the gate, the first that is not shuts it for another second.
 */
export class StorageGate {
  readonly #logger: PlaneLogger;
  #shutUntil: number | undefined;
  #isFull = false;

  constructor(logger: PlaneLogger) {
    this.#logger = logger;
  }

  get open(): boolean {
    return this.#shutUntil === undefined;
  }

  /**
   * What it says of itself: `full` where there is no room on the disk, `shut` where it is something
   * else that keeps it from storing.
   */
  get state(): "open" | "full" | "shut" {
    if (this.#shutUntil === undefined) return "open";
    return this.#isFull ? "full" : "shut";
  }

  admits(now: number): boolean {
    return this.#shutUntil === undefined || now >= this.#shutUntil;
  }

  stored(): void {
    if (this.#shutUntil === undefined) return;
    this.#shutUntil = undefined;
    this.#logger.info("the storage takes events again");
  }

  failed(error: unknown, now: number): void {
    const code = error instanceof EngineError ? error.code : "unknown";
    this.#isFull = code === "PINTLE_STORAGE_FULL";
    if (this.#shutUntil === undefined) {
      this.#logger.error({ code, err: error }, "the storage takes no events; requests are answered with 503 meanwhile");
    }
    this.#shutUntil = now + shutMilliseconds;
  }
}

const shutMilliseconds = 1000;
