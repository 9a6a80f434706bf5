/** A body that is being received. */
export interface IncomingBody {
  /** When its first byte was waited for, milliseconds. */
  readonly since: number;
  /** Ends it: the client was too slow while others had no room. */
  cut(): void;
}

/**
 * The memory that request bodies may take together, from the first byte received until the disk has
 * them. It is counted in bytes that are here, not in bytes that were announced: else a few clients
 * that announce much and send nothing would lock everybody out. Against clients that send much and
 * then trickle, the oldest unfinished body gives way once there is no room and it had its time.
 */
export class BodyBudget {
  readonly bytes: number;
  /** How long a body may be on its way while others wait for its room, milliseconds. */
  readonly patience: number;
  #used = 0;
  readonly #bodies = new Set<IncomingBody>();

  constructor(bytes: number, patience: number) {
    this.bytes = bytes;
    this.patience = patience;
  }

  get used(): number {
    return this.#used;
  }

  /** Whether a new body may begin to come in. */
  admits(now: number): boolean {
    if (this.#used < this.bytes) return true;
    const [oldest] = this.#bodies; // A Set keeps the order of insertion.
    if (oldest === undefined || now - oldest.since < this.patience) return false;
    oldest.cut();
    return this.#used < this.bytes;
  }

  /**
   * Takes bytes that are already here; `false` when that was more than there is room for, and the
   * body has to go.
   */
  take(bytes: number): boolean {
    this.#used += bytes;
    return this.#used <= this.bytes;
  }

  give(bytes: number): void {
    this.#used -= bytes;
  }

  begin(body: IncomingBody): void {
    this.#bodies.add(body);
  }

  end(body: IncomingBody): void {
    this.#bodies.delete(body);
  }
}
