import type { Random } from "./random.ts";

/**
 * The ways in which an emulator fails.
 *
 * - `error`: 500, nothing is kept; `unavailable`: 503; `limited`: 429, as the vendor says it;
 * - `hang`: no answer, until the client gives up; what came may have been kept;
 * - `cut`: the connection is reset before anything is kept;
 * - `lost`: everything is kept, and the connection is reset before the answer;
 * - `partial`: some of the items are not taken for now, and the answer says which.
 */
export type Fault = "error" | "unavailable" | "limited" | "hang" | "cut" | "lost" | "partial";

export const allFaults: readonly Fault[] = ["error", "unavailable", "limited", "hang", "cut", "lost", "partial"];

export interface FaultOptions {
  /** The faults that may happen. @default all */
  readonly kinds?: readonly Fault[];
  /** How many requests of a hundred fail, as long as there are faults left. @default 30 */
  readonly percent?: number;
  /**
   * How often each happens at most. A fault that is the destination's stops it for a second or so.
   * @default 3
   */
  readonly most?: number;
}

/** Says of each request whether, and how, it fails. Nothing fails for ever. */
export class Faults {
  readonly #random: Random;
  readonly #percent: number;
  readonly #left: Map<Fault, number>;
  /** How often each has happened. */
  readonly happened: Map<Fault, number> = new Map();

  constructor(random: Random, { kinds = allFaults, percent = 30, most = 3 }: FaultOptions) {
    this.#random = random;
    this.#percent = percent;
    this.#left = new Map(kinds.map((kind) => [kind, most]));
  }

  next(): Fault | undefined {
    const kinds = [...this.#left.keys()];
    if (kinds.length === 0 || this.#random.next() * 100 >= this.#percent) return undefined;
    const fault = this.#random.pick(kinds);
    const left = this.#left.get(fault)! - 1;
    if (left > 0) this.#left.set(fault, left);
    else this.#left.delete(fault);
    this.happened.set(fault, (this.happened.get(fault) ?? 0) + 1);
    return fault;
  }
}
