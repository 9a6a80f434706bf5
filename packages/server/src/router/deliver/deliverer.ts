import type { BatchLimits, Connection, DestinationType, EventSource, Outcome, Tools } from "@pintle/kit";
import type { Entry, Lane, Lanes } from "../lanes/lanes.ts";
import { type Account, messageOf } from "../ledger/counters.ts";
import type { MemoryShare } from "../memory/budget.ts";
import { longestBackoff, longestShortWait } from "../time/backoff.ts";
import type { Clock } from "../time/clock.ts";
import type { EventTransform, Throttle } from "../transform/event-transform.ts";
import { type Batch, commitOf, takeBatch } from "./batch.ts";
import { Breaker, type BreakerState } from "./breaker.ts";
import { dispatch, type Result } from "./dispatch.ts";
import { refusesCredentials } from "./failure-scope.ts";
import { type JudgedBatch, OutcomeJudge } from "./outcome-judge.ts";
import type { Positions } from "./positions.ts";

export interface DelivererOptions {
  readonly type: DestinationType;
  /** `retry.max`: of the waits of an event that fails while others are delivered, milliseconds; 15 s by default. */
  readonly settings: { readonly maxAge: number; readonly retry?: { readonly max: number } | undefined };
  readonly tools: Tools;
  readonly clock: Clock;
  /** Gives a number in [0, 1). */
  readonly random: () => number;
  readonly account: Account;
  readonly lanes: Lanes;
  /** Payload bytes that may be on their way at a time; a single batch may exceed it. */
  readonly inFlightBytes: number;
  /** Of the memory. */
  readonly share: MemoryShare;
  /** By source id. */
  readonly sources: ReadonlyMap<string, EventSource>;
  /** Of a destination that commits its position with the events. */
  readonly positions?: Positions | undefined;
  /** What events go through before they go out. */
  readonly transform?: EventTransform | undefined;
  /** The limit to what goes out. */
  readonly throttle?: Throttle | undefined;
  /** The transformation found that the event is not for the destination. */
  readonly filtered: (entry: Entry, reason: string) => void;
  /** The destination has the event. */
  readonly delivered: (entry: Entry) => void;
  /** The event is given up. */
  readonly dead: (entry: Entry, reason: string, outcome: Pick<Outcome, "detail" | "answer" | "request">) => void;
  /** Makes the dead letter of an event durable that its destination gives up in a transaction; `dead` does not follow. */
  readonly writeDead: (entry: Entry, outcome: Outcome) => Promise<void>;
  /** The transaction is committed: the event is given up, and its letter is written. */
  readonly deadWritten: (entry: Entry, reason: string) => void;
  /** The attempt failed and will be made again. */
  readonly kept: (entry: Entry) => void;
  /** The event left its lane without an attempt, because its partition was taken away. */
  readonly dropped: (entry: Entry) => void;
  /** Something may have become possible that was not before: reading on, or having come to an end. */
  readonly moved: () => void;
}

/**
 * Sends the events of its lanes to one destination, as many at a time as the breaker admits and never two of one user key
 * that could overtake each other, and acts on the outcomes: on to the next, wait and try again, or give up.
 */
export class Deliverer {
  readonly #options: DelivererOptions;
  readonly #lanes: Lanes;
  readonly #judge: OutcomeJudge;
  readonly #breaker: Breaker;
  readonly #batchLimits: BatchLimits;
  #connection: Connection | undefined;
  /** It is being opened, or asked. */
  #preparing = false;
  /** Batches on their way, their events, and the payload bytes of those. */
  #batches = 0;
  #events = 0;
  #bytes = 0;
  #cancelWake: (() => void) | undefined;
  #wakeAt = Number.POSITIVE_INFINITY;
  /** When something is ready and the limit keeps it back. */
  #throttledUntil: number | undefined;
  #state: "running" | "stopping" | "closed" = "running";

  constructor(options: DelivererOptions) {
    this.#options = options;
    this.#lanes = options.lanes;
    const { type, settings, account, random } = options;
    this.#judge = new OutcomeJudge({ account, random, longestOwnWait: settings.retry?.max ?? longestShortWait });
    this.#batchLimits = type.batch(settings);
    // Of a transactional one, one batch is prepared while the one before it is committed.
    this.#breaker = new Breaker(type.transactional === true ? 2 : Math.max(1, type.concurrency(settings)), random);
  }

  get state(): BreakerState {
    return this.#breaker.state;
  }

  /** Events on their way. */
  get inFlight(): number {
    return this.#events;
  }

  /** Lanes that can go out now. */
  get ready(): number {
    return this.#lanes.ready;
  }

  /** Those of them whose first event was not tried before. */
  get untried(): number {
    return this.#lanes.untried;
  }

  get lanesWaiting(): number {
    return this.#lanes.waiting;
  }

  /**
   * When something that failed is tried again, in the clock's `now`: the destination while it is in trouble, else the first of the
   * events that wait for a reason of their own. `undefined` when that is now, or nothing waits.
   */
  get nextAttempt(): number | undefined {
    const at = this.#breaker.state === "open" ? this.#breaker.until : this.#lanes.nextAttempt;
    return this.#breaker.state === "half-open" || at === Number.POSITIVE_INFINITY ? undefined : at;
  }

  /** Tries everything again that waits for another attempt, without waiting. Returns how many lanes that are. */
  retryNow(): number {
    this.#breaker.retryNow();
    const woken = this.#lanes.wakeAll();
    this.pump();
    return woken;
  }

  /** Takes an event, to be sent with the next `pump`. @see Lanes.add */
  add(entry: Entry, hasKey: boolean): void {
    this.#lanes.add(entry, hasKey);
  }

  /** Sends as much as may go out now, and sets the timer for what comes later. */
  pump(): void {
    if (this.#state !== "running") return;
    const now = this.#options.clock.now();
    this.#throttledUntil = undefined;
    this.#breaker.tick(now);
    this.#lanes.wake(now);
    const connection = this.#connection;
    const toBeAsked = this.#options.positions?.toBeAsked === true;
    if (connection === undefined) {
      if (this.#lanes.ready > 0 || toBeAsked) this.#connect();
    } else if (toBeAsked) {
      this.#ask(connection);
    } else {
      while (
        this.#lanes.ready > 0 &&
        this.#breaker.admits(this.#batches) &&
        (this.#batches === 0 || this.#bytes < this.#options.inFlightBytes) &&
        !this.#isThrottled(now)
      ) {
        const batch = takeBatch(this.#lanes, this.#batchLimits, this.#breaker.state === "half-open", this.#options);
        if (batch === undefined) break;
        this.#options.throttle?.took(batch.entries.length, now);
        this.#send(batch, connection, now);
      }
    }
    this.#setWake();
    this.#options.moved();
  }

  /** Sends nothing more; what is on its way still counts. */
  stop(): void {
    if (this.#state === "running") this.#state = "stopping";
    this.#cancelWake?.();
  }

  /** Breaks off what is on its way. No outcome counts any more. Never rejects. */
  async close(): Promise<void> {
    this.stop();
    this.#state = "closed";
    await this.#connection?.close().catch(() => {});
  }

  #isThrottled(now: number): boolean {
    const at = this.#options.throttle?.next(now) ?? now;
    if (at <= now) return false;
    this.#throttledUntil = at;
    return true;
  }

  #setWake(): void {
    const throttleAt = this.#throttledUntil ?? Number.POSITIVE_INFINITY;
    const at = Math.min(this.#breaker.nextProbe, this.#lanes.nextDue, throttleAt);
    if (at === this.#wakeAt) return;
    this.#cancelWake?.();
    this.#cancelWake = undefined;
    this.#wakeAt = at;
    if (at === Number.POSITIVE_INFINITY) return;
    const { clock } = this.#options;
    this.#cancelWake = clock.after(Math.max(0, Math.ceil(at - clock.now())), () => {
      this.#cancelWake = undefined;
      this.#wakeAt = Number.POSITIVE_INFINITY;
      this.pump();
    });
  }

  /** Opens the connection. */
  #connect(): void {
    const { type, settings, tools } = this.#options;
    this.#prepare("open", async () => {
      const connection = await type.open(settings, tools);
      if (this.#state === "running") this.#connection = connection;
      else await connection.close();
    });
  }

  /** Asks a transactional destination where it stands. */
  #ask(connection: Connection): void {
    const { positions } = this.#options;
    if (positions !== undefined && this.#batches === 0) this.#prepare("position", () => positions.ask(connection));
  }

  /** Does what has to be done before anything goes out. In half-open, that is the probe. What it throws counts as a rejection. */
  #prepare(reason: string, work: () => Promise<void>): void {
    if (this.#preparing || !this.#breaker.admits(0)) return;
    const isProbe = this.#breaker.state === "half-open";
    if (isProbe) this.#breaker.probe();
    this.#preparing = true;
    work().then(
      () => {
        this.#preparing = false;
        if (this.#state !== "running") return;
        if (isProbe) this.#recovered(true);
        this.pump();
      },
      (error: unknown) => {
        this.#preparing = false;
        if (this.#state !== "running") return;
        this.#trouble(reason, messageOf(error), isProbe);
        this.pump();
      },
    );
  }

  #send(batch: Batch, connection: Connection, now: number): void {
    const { entries, bytes, isProbe } = batch;
    if (isProbe) this.#breaker.probe();
    this.#batches++;
    this.#events += entries.length;
    this.#bytes += bytes;
    for (const entry of entries) {
      entry.attempts++;
      entry.firstAttempt ??= now;
      entry.partition.pending++;
    }
    const { transform, sources, positions } = this.#options;
    const how = {
      connection,
      transform,
      sourceOf: ({ sourceId }: Entry) => sources.get(sourceId) ?? { id: sourceId, name: sourceId },
      commit: positions === undefined ? undefined : commitOf(batch, this.#options.writeDead),
      ...(batch.loans.length === 0 ? {} : { released: () => giveBack(batch) }),
    };
    const number = this.#judge.send();
    void dispatch(entries, how).then((results) => this.#settle(batch, number, results));
  }

  /** The outcomes of a batch are there. */
  #settle(batch: Batch, number: number, results: readonly Result[]): void {
    giveBack(batch);
    const { entries, lanes, bytes, isProbe, positions } = batch;
    if (this.#state === "closed") return;
    if (results.every(({ outcome }) => outcome !== "retry")) {
      this.#options.positions?.confirmed(positions);
    } else this.#options.positions?.unconfirmed(positions);
    this.#batches--;
    this.#events -= entries.length;
    this.#bytes -= bytes;
    const now = this.#options.clock.now();
    let wasAsked = false;
    let gotThrough = false;
    /** The worst failure of each scope. */
    let sick: Outcome | undefined;
    let failed: Outcome | undefined;
    let mostFail = false;
    const { whole } = this.#batchLimits;
    let hasFirst = false;
    let flaw: string | undefined;
    const judged: JudgedBatch = { isProbe, now, passing: undefined };
    // Made when something fails: at thousands of events a second it shows.
    let dueAt: Map<Lane, number> | undefined;
    let again: Set<Lane> | undefined;

    // From the last to the first: what is put back into a lane ends up in its order.
    for (let at = entries.length - 1; at >= 0; at--) {
      const entry = entries[at]!;
      const result = results[at]!;
      const isFirst = entry.attempts === 1;
      if (!("scope" in result)) {
        if (result.outcome === "filtered") this.#options.filtered(entry, result.reason);
        else this.#die(batch, entry, result);
        continue;
      }
      wasAsked = true;
      hasFirst ||= isFirst;
      if (result.outcome === "delivered") {
        gotThrough = true;
        if (isFirst && !whole) this.#breaker.firstAttempt(false);
        this.#judge.delivered(number, entry);
        flaw ??= result.detail;
        this.#options.delivered(entry);
        continue;
      }
      const outcome = this.#judge.judge(entry, result, judged);
      if (outcome.outcome === "dead") {
        gotThrough = true;
        if (isFirst && !whole) this.#breaker.firstAttempt(false);
        this.#die(batch, entry, outcome);
        continue;
      }
      const { scope } = outcome;
      if (scope === "destination") sick = worse(sick, outcome);
      else failed = worse(failed, outcome);
      if (isFirst && scope === "event" && !whole) {
        mostFail = this.#breaker.firstAttempt(entry.absence === undefined) || mostFail;
      }
      if (this.#isTooOld(entry, outcome, now)) {
        this.#options.dead(entry, "expired", outcome);
        continue;
      }
      const lane = entry.lane!;
      this.#lanes.unshift(lane, entry);
      if (scope === "destination") {
        again ??= new Set();
        again.add(lane);
      } else {
        dueAt ??= new Map();
        dueAt.set(lane, now + this.#judge.ownWait(entry, outcome, now));
      }
      this.#options.account.retried++;
      this.#options.kept(entry);
    }

    // What is delivered as a whole fails as one: its events say nothing about each other.
    if (whole && hasFirst && sick === undefined) mostFail = this.#breaker.firstAttempt(!gotThrough);

    for (const lane of lanes) {
      const due = dueAt?.get(lane);
      if (due !== undefined) this.#lanes.wait(lane, due, now);
      else if (again?.has(lane) === true) this.#lanes.retry(lane);
      else this.#lanes.release(lane);
    }
    if (gotThrough) this.#judge.gotThrough();
    if (flaw !== undefined) this.#options.account.note("answer", flaw);
    if (sick !== undefined) this.#trouble(sick.reason, detailOf(sick), isProbe, sick);
    else if (failed !== undefined && mostFail) {
      this.#trouble(failed.reason, `most events fail: ${detailOf(failed)}`, isProbe);
    } else if (gotThrough) this.#recovered(isProbe, now);
    else if (failed !== undefined && isProbe) this.#trouble(failed.reason, detailOf(failed), isProbe, failed);
    else if (isProbe && !wasAsked) this.#breaker.unprobed();
    if (failed !== undefined) this.#options.account.note(failed.reason, detailOf(failed));
    this.pump();
    if (this.#state !== "running") this.#options.moved();
  }

  #die({ written }: Batch, entry: Entry, { reason, ...why }: Pick<Outcome, "reason" | "detail" | "answer">): void {
    if (written.has(entry)) this.#options.deadWritten(entry, reason);
    else this.#options.dead(entry, reason, why);
  }

  /** Whether the event has been tried for `maxAge`. Time in which nothing could be delivered for lack of rights is not counted. */
  #isTooOld(entry: Entry, outcome: Outcome, now: number): boolean {
    if (outcome.ages === false) {
      entry.firstAttempt = undefined;
      return false;
    }
    return now - (entry.firstAttempt ?? now) >= this.#options.settings.maxAge;
  }

  #trouble(reason: string, message: string, isProbe: boolean, why?: Outcome): void {
    const before = this.#breaker.state;
    const longest = why !== undefined && refusesCredentials(why) ? longestBackoff : longestShortWait;
    this.#breaker.troubled(this.#options.clock.now(), isProbe, why?.after, longest);
    // Logged once when it begins, not for every probe.
    if (before === "closed") this.#options.account.report(reason, message);
    else this.#options.account.note(reason, message);
  }

  #recovered(isProbe: boolean, now = this.#options.clock.now()): void {
    const before = this.#breaker.state;
    this.#breaker.succeeded(isProbe, now);
    if (before === "half-open" && this.#breaker.state === "closed") this.#options.account.recovered();
  }
}

function giveBack({ loans }: Batch): void {
  for (const loan of loans) loan.giveBack();
}

function detailOf({ detail, reason }: Outcome): string {
  return detail ?? reason;
}

/** Of two failures, the one that asks for the longer pause. */
function worse(one: Outcome | undefined, other: Outcome): Outcome {
  return one === undefined || (other.after ?? 0) > (one.after ?? 0) ? other : one;
}
