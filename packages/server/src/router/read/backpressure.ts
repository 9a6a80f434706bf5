import type { BreakerState } from "../deliver/breaker.ts";
import type { Entry } from "../lanes/lanes.ts";
import type { Window } from "../ledger/window.ts";
import type { MemoryBudget, MemoryShare } from "../memory/budget.ts";
import type { ConsumerLimits } from "../memory/limits.ts";

export type BackpressureLimits = Pick<ConsumerLimits, "windowEvents" | "windowBytes" | "readAhead" | "finishedAbove">;

/** What of a destination's deliverer says whether more is wanted. */
export interface Demand {
  readonly state: BreakerState;
  /** Lanes that can go out now. */
  readonly ready: number;
  /** Those of them whose first event was not tried before. */
  readonly untried: number;
}

/** Bytes that are kept of a record of which not everything is finished, and of an event that is finished before others. */
const perRecord = 400;
const perFinished = 64;

/** How much of a destination's events is in memory, and whether there is room for more. */
export class Backpressure {
  readonly #limits: BackpressureLimits;
  readonly #budget: MemoryBudget;
  readonly #share: MemoryShare;
  readonly #demand: () => Demand;
  #events = 0;
  #bytes = 0;

  constructor(limits: BackpressureLimits, budget: MemoryBudget, share: MemoryShare, demand: () => Demand) {
    this.#limits = limits;
    this.#budget = budget;
    this.#share = share;
    this.#demand = demand;
  }

  /** Events in memory that are not finished. */
  get events(): number {
    return this.#events;
  }

  /** The event is in memory now. */
  enter({ weight, bytes, cost }: Entry): void {
    this.#events += weight;
    this.#bytes += bytes;
    this.#share.take(cost);
  }

  /** The event is no longer in memory. */
  leave({ weight, bytes, cost }: Entry): void {
    this.#events -= weight;
    this.#bytes -= bytes;
    this.#share.give(cost);
  }

  /**
   * Whether the next record of a partition may be taken. What it takes is known when it is there: one that finds no room is held as its
   * text, and none follows it.
   */
  mayRead({ finishedAbove, size }: Window): boolean {
    const { state, ready, untried } = this.#demand();
    if (state !== "closed") return this.#needsProbe(ready, untried);
    const { readAhead, windowEvents, windowBytes, finishedAbove: mostFinished } = this.#limits;
    const hasWindow = this.#events < windowEvents && this.#bytes < windowBytes && ready < readAhead;
    if (!hasWindow || size >= this.#budget.recordsOf(perRecord)) return false;
    return finishedAbove < Math.min(mostFinished, this.#budget.recordsOf(perFinished)) && this.#hasMemory();
  }

  /** Whoever holds nothing takes a record, whatever the others hold. */
  #hasMemory(): boolean {
    if (this.#events === 0 || this.#share.fits(1)) return true;
    this.#share.wakeOnRoom();
    return false;
  }

  /**
   * Whether readers that wait should look again. When lanes are ready, not before half of them are gone: reading would go on
   * in crumbs. Events of lanes that wait do not count here: however many they are, the others go on.
   */
  get isWorthReading(): boolean {
    const { state, ready, untried } = this.#demand();
    if (state !== "closed") return this.#needsProbe(ready, untried);
    return ready * 2 <= this.#limits.readAhead && this.#events < this.#limits.windowEvents && this.#hasMemory();
  }

  /** Whether a parked lane may be loaded: beside what is read from `events`, at most a quarter of the window. */
  mayLoad(loaded: { readonly events: number; readonly bytes: number }): boolean {
    const { windowEvents, windowBytes, readAhead } = this.#limits;
    const isFull = loaded.events * 4 > windowEvents || loaded.bytes * 4 > windowBytes;
    if (loaded.events > 0 && (isFull || !this.#hasMemory())) return false;
    const { state, ready } = this.#demand();
    return state === "closed" ? ready < readAhead : ready < 2;
  }

  /**
   * While the destination is in trouble nothing is read, but for an event to probe it with: one beside those which failed,
   * since they may be the trouble.
   */
  #needsProbe(ready: number, untried: number): boolean {
    if (ready >= 2 && untried > 0) return false;
    // Where those that fail have taken all the memory, there is still one to tell whether it is them.
    return this.#events < this.#limits.windowEvents && ((untried === 0 && this.#events <= 2) || this.#hasMemory());
  }
}
