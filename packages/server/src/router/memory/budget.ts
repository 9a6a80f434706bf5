/** What one destination has of the budget. */
export interface MemoryShare {
  /** Bytes that it is charged with. */
  readonly held: number;
  /** Whether so many bytes more are there for it. */
  fits(bytes: number): boolean;
  /** Charges bytes, whether they fit or not: what is here is here. */
  take(bytes: number): void;
  give(bytes: number): void;
  /**
   * Charges bytes that are needed for a while, for events on their way, if they fit. If they fit
   * nobody, one destination at a time gets them all the same, since a single event may be larger
   * than what is left; those that wait for it take turns, by the time for which each has had such
   * loans: one that is quick does not wait for all that are slow. Whoever gets `undefined` is told
   * by `wake` when to ask again.
   */
  borrow(bytes: number): Loan | undefined;
  /** `wake` is to tell once something was given back. */
  wakeOnRoom(): void;
  /** The destination is gone, with all that it holds. */
  leave(): void;
}

/** Bytes for events on their way. */
export interface Loan {
  readonly bytes: number;
  giveBack(): void;
}

/**
 * The memory that the events of all destinations may take together. Half of it is divided among the
 * destinations, and is there for each of them whatever the others hold; the other half is for
 * whoever comes first. So one that is slow or down can fill what all share, and the others go on
 * with what is theirs.
 *
 * What is charged never exceeds the budget but for what its owners document: `take` charges what
 * does not fit (a record that is read while nothing is held), and one loan at a time may exceed it.
 */
export class MemoryBudget {
  readonly bytes: number;
  readonly #now: () => number;
  readonly #shares = new Set<BudgetMember>();
  /** Members that want a loan, in the order in which they first asked. */
  readonly #borrowers = new Set<BudgetMember>();
  /**
   * What the one that had the last turn had used before it. Whoever comes later has used no less:
   * idleness earns nothing.
   */
  #used = 0;
  /** Members that are told once. */
  #readers = new Set<BudgetMember>();
  #telling = false;
  /** The loan that exceeds the budget. */
  #excess: Loan | undefined;
  #borrower: BudgetMember | undefined;

  /** @param now milliseconds, of a clock that is never set back */
  constructor(bytes: number, now: () => number) {
    this.bytes = bytes;
    this.#now = now;
  }

  /**
   * A destination comes. `wake` is called, later and never at once, when it waits and something was
   * given back.
   */
  join(wake: () => void): MemoryShare {
    const member = new BudgetMember(this, wake);
    this.#shares.add(member);
    return member;
  }

  /** Bytes that are charged to all destinations. */
  get held(): number {
    let held = 0;
    for (const share of this.#shares) held += share.held;
    return held;
  }

  /**
   * Records of which each destination may keep the bookkeeping, of `each` bytes: all together half
   * of as much again.
   */
  recordsOf(each: number): number {
    return Math.max(1000, Math.floor(this.bytes / 2 / each / Math.max(1, this.#shares.size)));
  }

  /**
   * Bytes that each destination may read ahead, of `most`: all together a sixteenth of the budget,
   * or 64 KiB each.
   */
  readAhead(most: number): number {
    return Math.min(most, Math.max(1 << 16, Math.floor(this.bytes / 16 / Math.max(1, this.#shares.size))));
  }

  /** @internal */
  fits(member: BudgetMember, bytes: number): boolean {
    const own = this.bytes / 2 / Math.max(1, this.#shares.size);
    const after = member.held + bytes;
    if (after <= own) return true;
    let shared = after - own;
    for (const other of this.#shares) if (other !== member) shared += Math.max(0, other.held - own);
    return shared <= this.bytes / 2;
  }

  /** @internal */
  borrow(member: BudgetMember, bytes: number): Loan | undefined {
    member.asks = true;
    if (this.fits(member, bytes)) {
      this.#borrowers.delete(member);
      return this.#lend(member, bytes);
    }
    if (!this.#borrowers.has(member)) {
      member.used = Math.max(member.used, this.#used);
      this.#borrowers.add(member);
    }
    if (this.#excess !== undefined || this.#inTurn()[0] !== member) return undefined;
    this.#borrowers.delete(member);
    this.#used = member.used;
    this.#excess = this.#lend(member, bytes);
    this.#borrower = member;
    return this.#excess;
  }

  /**
   * Members that want a loan: first whoever will have had such loans for the shortest time after
   * the next, if it is like the last.
   */
  #inTurn(): BudgetMember[] {
    return [...this.#borrowers].sort((one, other) => one.used + one.usual - (other.used + other.usual));
  }

  #lend(member: BudgetMember, bytes: number): Loan {
    member.take(bytes);
    const since = this.#now();
    let isOut = true;
    const loan: Loan = {
      bytes,
      giveBack: () => {
        if (!isOut) return;
        isOut = false;
        member.usual = this.#now() - since;
        if (this.#excess === loan) {
          this.#excess = undefined;
          member.used += member.usual;
        }
        member.give(bytes);
      },
    };
    return loan;
  }

  /** @internal */
  wakeOnRoom(member: BudgetMember): void {
    this.#readers.add(member);
  }

  /** @internal */
  given(): void {
    if (this.#telling || (this.#borrowers.size === 0 && this.#readers.size === 0)) return;
    this.#telling = true;
    queueMicrotask(() => {
      this.#telling = false;
      const readers = this.#readers;
      this.#readers = new Set();
      for (const member of this.#inTurn()) {
        member.asks = false;
        readers.delete(member);
        member.wake();
        // It wants nothing any more; else it has kept its place.
        if (!member.asks) this.#borrowers.delete(member);
      }
      for (const member of readers) member.wake();
    });
  }

  /** @internal */
  left(member: BudgetMember): void {
    this.#shares.delete(member);
    this.#borrowers.delete(member);
    this.#readers.delete(member);
    if (this.#borrower === member) this.#excess = undefined;
    this.given();
  }
}

class BudgetMember implements MemoryShare {
  held = 0;
  /** Milliseconds for which it has had loans that exceed the budget. */
  used = 0;
  /** Milliseconds for which it had its last loan. */
  usual = 0;
  /** Whether it has asked for a loan since it was told that there may be room. */
  asks = false;
  readonly wake: () => void;
  readonly #budget: MemoryBudget;

  constructor(budget: MemoryBudget, wake: () => void) {
    this.#budget = budget;
    this.wake = wake;
  }

  fits(bytes: number): boolean {
    return this.#budget.fits(this, bytes);
  }

  take(bytes: number): void {
    this.held += bytes;
  }

  give(bytes: number): void {
    this.held -= bytes;
    this.#budget.given();
  }

  borrow(bytes: number): Loan | undefined {
    return this.#budget.borrow(this, bytes);
  }

  wakeOnRoom(): void {
    this.#budget.wakeOnRoom(this);
  }

  leave(): void {
    this.#budget.left(this);
  }
}
