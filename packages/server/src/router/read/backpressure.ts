import type { Lanes } from "../lanes/lanes.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { BreakerState } from "../ledger/status.ts";
import type { Window } from "../ledger/window.ts";
import type { MemoryBudget, MemoryShare } from "../memory/budget.ts";
import type { ConsumerLimits } from "../memory/limits.ts";

export interface BackpressureOptions {
  readonly limits: Pick<ConsumerLimits, "windowEvents" | "windowBytes" | "readAhead" | "finishedAbove">;
  readonly budget: MemoryBudget;
  readonly share: MemoryShare;
  readonly ledger: Pick<Ledger, "events" | "bytes">;
  readonly lanes: Pick<Lanes, "ready" | "untried">;
  readonly breaker: { readonly state: BreakerState };
}

/**
 * Bytes that are kept of a record of which not everything is finished, and of an event that is
 * finished before others.
 */
const perRecord = 400;
const perFinished = 64;

/** Whether more of a destination's events are wanted in memory, and there is room for them. */
export class Backpressure {
  readonly #options: BackpressureOptions;

  constructor(options: BackpressureOptions) {
    this.#options = options;
  }

  /**
   * Whether the next record of a partition may be taken. What it takes is known when it is there:
   * one that finds no room is held as its text, and none follows it.
   */
  mayRead({ finishedAbove, size }: Window, isInPart: boolean): boolean {
    const { breaker, lanes, ledger, budget, limits } = this.#options;
    if (breaker.state !== "closed") return this.#needsProbe();
    const { readAhead, windowEvents, windowBytes, finishedAbove: mostFinished } = limits;
    const hasWindow = ledger.events < windowEvents && ledger.bytes < windowBytes && lanes.ready < readAhead;
    if (!hasWindow || size >= budget.recordsOf(perRecord)) return false;
    return finishedAbove < Math.min(mostFinished, budget.recordsOf(perFinished)) && this.#hasMemory(isInPart);
  }

  /**
   * Whoever holds nothing takes a record, whatever the others hold.
   *
   * @param isInPart of a record that is taken in portions, the next one needs as much again as is
   *   held: what is held as JSON goes out by it
   */
  #hasMemory(isInPart = false): boolean {
    const { ledger, share } = this.#options;
    if (ledger.events === 0 || share.fits(isInPart ? share.held + 1 : 1)) return true;
    share.wakeOnRoom();
    return false;
  }

  /**
   * Whether readers that wait should look again. When lanes are ready, not before half of them are
   * gone: reading would go on in crumbs. Events of lanes that wait do not count here: however many
   * they are, the others go on.
   */
  get isWorthReading(): boolean {
    const { breaker, lanes, ledger, limits } = this.#options;
    if (breaker.state !== "closed") return this.#needsProbe();
    return lanes.ready * 2 <= limits.readAhead && ledger.events < limits.windowEvents && this.#hasMemory();
  }

  /** Whether a lane may be parked: while the destination is in trouble nothing is copied. */
  get mayPark(): boolean {
    return this.#options.breaker.state === "closed";
  }

  /**
   * Whether a parked lane may be loaded: beside what is read from `events`, at most a quarter of
   * the window.
   */
  mayLoad(loaded: { readonly events: number; readonly bytes: number }): boolean {
    const { breaker, lanes, limits } = this.#options;
    const { windowEvents, windowBytes, readAhead } = limits;
    const isFull = loaded.events * 4 > windowEvents || loaded.bytes * 4 > windowBytes;
    if (loaded.events > 0 && (isFull || !this.#hasMemory())) return false;
    return breaker.state === "closed" ? lanes.ready < readAhead : lanes.ready < 2;
  }

  /**
   * While the destination is in trouble nothing is read, but for an event to probe it with: one
   * beside those which failed, since they may be the trouble.
   */
  #needsProbe(): boolean {
    const { ledger, lanes, limits } = this.#options;
    if (lanes.ready >= 2 && lanes.untried > 0) return false;
    // Where those that fail have taken all the memory, there is still one to tell whether it is
    // them.
    return ledger.events < limits.windowEvents && ((lanes.untried === 0 && ledger.events <= 2) || this.#hasMemory());
  }
}
