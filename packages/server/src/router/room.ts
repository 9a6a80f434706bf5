import type { BreakerState } from "./breaker.ts";
import type { Entry } from "./lanes.ts";
import type { ConsumerLimits } from "./limits.ts";
import type { Window } from "./window.ts";

export type RoomLimits = Pick<ConsumerLimits, "windowEvents" | "windowBytes" | "readAhead" | "finishedAbove">;

/** What of a destination's deliverer says whether more is wanted. */
export interface Demand {
  readonly state: BreakerState;
  /** Lanes that can go out now. */
  readonly ready: number;
  /** Those of them whose first event was not tried before. */
  readonly untried: number;
}

/** How much of a destination's events is in memory, and whether there is room for more. */
export class Room {
  readonly #limits: RoomLimits;
  readonly #demand: () => Demand;
  #events = 0;
  #bytes = 0;

  constructor(limits: RoomLimits, demand: () => Demand) {
    this.#limits = limits;
    this.#demand = demand;
  }

  /** Events in memory that are not finished. */
  get events(): number {
    return this.#events;
  }

  /** The event is in memory now. */
  enter({ weight, bytes }: Entry): void {
    this.#events += weight;
    this.#bytes += bytes;
  }

  /** The event is no longer in memory. */
  leave({ weight, bytes }: Entry): void {
    this.#events -= weight;
    this.#bytes -= bytes;
  }

  /** Whether the next record of a partition may be taken. */
  mayRead({ finishedAbove }: Window): boolean {
    const { state, ready, untried } = this.#demand();
    if (state !== "closed") return this.#needsProbe(ready, untried);
    const { readAhead, windowEvents, windowBytes, finishedAbove: mostFinished } = this.#limits;
    return (
      ready < readAhead && this.#events < windowEvents && this.#bytes < windowBytes && finishedAbove < mostFinished
    );
  }

  /**
   * Whether readers that wait should look again. When lanes are ready, not before half of them are gone: reading would go on
   * in crumbs. Events of lanes that wait do not count here: however many they are, the others go on.
   */
  get isWorthReading(): boolean {
    const { state, ready, untried } = this.#demand();
    if (state !== "closed") return this.#needsProbe(ready, untried);
    return ready * 2 <= this.#limits.readAhead && this.#events < this.#limits.windowEvents;
  }

  /** Whether a parked lane may be loaded: beside what is read from `events`, at most a quarter of the window. */
  mayLoad(loaded: { readonly events: number; readonly bytes: number }): boolean {
    const { windowEvents, windowBytes, readAhead } = this.#limits;
    const isFull = loaded.events * 4 > windowEvents || loaded.bytes * 4 > windowBytes;
    if (loaded.events > 0 && isFull) return false;
    const { state, ready } = this.#demand();
    return state === "closed" ? ready < readAhead : ready < 2;
  }

  /**
   * While the destination is in trouble nothing is read, but for an event to probe it with: one beside those which failed,
   * since they may be the trouble.
   */
  #needsProbe(ready: number, untried: number): boolean {
    return (ready < 2 || untried === 0) && this.#events < this.#limits.windowEvents;
  }
}
