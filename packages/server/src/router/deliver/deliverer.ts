import { errorMessage } from "@pintle/events";
import type { BatchLimits, Connection, DestinationType, EventSource, Retry, Tools } from "@pintle/kit";
import type { DeadLetterWriter } from "../dead/dead-letter-writer.ts";
import type { Entry, Lane } from "../lanes/entry.ts";
import type { Lanes } from "../lanes/lanes.ts";
import { type DeadEnding, deadEnding, delivered, type FilteredEnding, filtered } from "../ledger/ending.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { MemoryShare } from "../memory/budget.ts";
import { valueCost } from "../memory/heap-cost.ts";
import { Alarm } from "../time/alarm.ts";
import { longestBackoff, longestShortWait } from "../time/backoff.ts";
import type { Clock } from "../time/clock.ts";
import type { EventTransform, Throttle } from "../transform/event-transform.ts";
import { type Batch, commitOf, returnLoans, takeBatch } from "./batch.ts";
import type { Breaker } from "./breaker.ts";
import { type AttemptResult, dispatch } from "./dispatch.ts";
import { detailOf, refusesCredentials, worse } from "./failure-scope.ts";
import { type Findings, newFindings } from "./findings.ts";
import { type DeliveryHistory, type JudgedBatch, OutcomeJudge } from "./outcome-judge.ts";
import type { Positions } from "./positions.ts";

export interface DelivererOptions {
  readonly history: DeliveryHistory;
  readonly type: DestinationType;
  /**
   * `retry.max`: of the waits of an event that fails while others are delivered, milliseconds; 15 s
   * by default.
   */
  readonly settings: { readonly maxAge: number; readonly retry?: { readonly max: number } | undefined };
  readonly tools: Tools;
  readonly clock: Clock;
  /** Gives a number in [0, 1). */
  readonly random: () => number;
  readonly ledger: Ledger;
  readonly lanes: Lanes;
  readonly breaker: Breaker;
  readonly deadLetters: DeadLetterWriter;
  /** Payload bytes that may be on their way at a time; a single batch may exceed it. */
  readonly inFlightBytes: number;
  /** Share of the memory budget. */
  readonly share: MemoryShare;
  /** Sources by id. */
  readonly sources: ReadonlyMap<string, EventSource>;
  /** Positions, where the destination commits its position with the events. */
  readonly positions?: Positions | undefined;
  /** Whether events go out as their bytes. */
  readonly isRaw: boolean;
  /** What events go through before they go out. */
  readonly transform?: EventTransform | undefined;
  /** The limit to what goes out. */
  readonly throttle?: Throttle | undefined;
}

/**
 * Sends the events of its lanes to one destination, as many at a time as the breaker admits and
 * never two of one user key that could overtake each other, and acts on the outcomes: on to the
 * next, wait and try again, or give up.
 */
export class Deliverer {
  readonly #options: DelivererOptions;
  readonly #lanes: Lanes;
  readonly #ledger: Ledger;
  readonly #judge: OutcomeJudge;
  readonly #breaker: Breaker;
  readonly #batchLimits: BatchLimits;
  #connection: Connection | undefined;
  /** Whether it is being opened, or asked. */
  #preparing = false;
  /** Batches on their way, their events, and the payload bytes of those. */
  #batches = 0;
  #events = 0;
  #bytes = 0;
  readonly #alarm: Alarm;
  /** When something is ready and the limit keeps it back. */
  #throttledUntil: number | undefined;
  #state: "running" | "stopping" | "closed" = "running";

  constructor(options: DelivererOptions) {
    this.#options = options;
    const { lanes, breaker, ledger, type, settings, random } = options;
    this.#lanes = lanes;
    this.#breaker = breaker;
    this.#ledger = ledger;
    const longestOwnWait = settings.retry?.max ?? longestShortWait;
    this.#judge = new OutcomeJudge({ counters: ledger.counters, history: options.history, random, longestOwnWait });
    this.#batchLimits = type.batch(settings);
    this.#alarm = new Alarm(options.clock, () => ledger.wake());
  }

  /** Events on their way. */
  get inFlight(): number {
    return this.#events;
  }

  /**
   * When something that failed is tried again, in the clock's `now`: the destination while it is in
   * trouble, else the first of the events that wait for a reason of their own. `undefined` when
   * that is now, or nothing waits.
   */
  get nextAttempt(): number | undefined {
    const at = this.#breaker.state === "open" ? this.#breaker.until : this.#lanes.nextAttempt;
    return this.#breaker.state === "half-open" || at === Number.POSITIVE_INFINITY ? undefined : at;
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
    const throttleAt = this.#throttledUntil ?? Number.POSITIVE_INFINITY;
    this.#alarm.set(Math.min(this.#breaker.nextProbe, this.#lanes.nextDue, throttleAt));
  }

  /** Sends nothing more; what is on its way still counts. */
  stop(): void {
    if (this.#state === "running") this.#state = "stopping";
    this.#alarm.cancel();
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

  /**
   * Does what has to be done before anything goes out. In half-open, that is the probe. What it
   * throws counts as a rejection.
   */
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
        this.#ledger.wake();
      },
      (error: unknown) => {
        this.#preparing = false;
        if (this.#state !== "running") return;
        this.#trouble(reason, errorMessage(error), isProbe);
        this.#ledger.wake();
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
      this.#ledger.begin(entry);
    }
    const { transform, sources, positions } = this.#options;
    const how = {
      connection,
      isRaw: this.#options.isRaw,
      transform,
      sourceOf: ({ sourceId }: Entry) => sources.get(sourceId) ?? { id: sourceId, name: sourceId },
      commit: positions === undefined ? undefined : commitOf(batch, this.#options.deadLetters),
      ...(batch.loans.length === 0 ? {} : { released: () => returnLoans(batch) }),
      watch: batch.watch,
    };
    const number = this.#judge.send();
    void dispatch(entries, how).then((results) => this.#settle(batch, number, results));
  }

  /**
   * The outcomes of a batch are there: what ended ends, what is tried again is put back, and the
   * destination is judged by all of it.
   */
  #settle(batch: Batch, number: number, results: readonly AttemptResult[]): void {
    returnLoans(batch);
    if (this.#state === "closed") return;
    this.#landed(batch, results);
    const now = this.#options.clock.now();
    const findings = this.#conclude(batch, number, results, now);
    this.#putBack(batch, findings, now);
    this.#judgeDestination(batch, findings, now);
    this.#ledger.wake();
  }

  /** The batch is not on its way any more. */
  #landed({ entries, bytes, positions }: Batch, results: readonly AttemptResult[]): void {
    this.#batches--;
    this.#events -= entries.length;
    this.#bytes -= bytes;
    const isConfirmed = results.every((result) => "kind" in result || result.outcome !== "retry");
    if (isConfirmed) this.#options.positions?.confirmed(positions);
    else this.#options.positions?.unconfirmed(positions);
  }

  /**
   * Ends what ended. From the last to the first: what is put back into a lane ends up in its order.
   */
  #conclude(batch: Batch, number: number, results: readonly AttemptResult[], now: number): Findings {
    const { entries, isProbe, watch } = batch;
    const findings = newFindings();
    const judged: JudgedBatch = { isProbe, now, passing: undefined };
    for (let at = entries.length - 1; at >= 0; at--) {
      const entry = entries[at]!;
      const result = results[at]!;
      if ("kind" in result) this.#end(batch, entry, result);
      else if (result.outcome === "delivered") {
        watch?.attempted(entry, result);
        this.#tookOrRefused(entry, findings);
        this.#judge.delivered(number, entry);
        findings.flaw ??= result.detail;
        if (result.adjusted !== undefined) this.#ledger.counters.changed(result.adjusted);
        this.#ledger.end(entry, delivered);
      } else if (result.outcome === "filtered") {
        this.#ledger.end(entry, filtered(result.reason));
      } else {
        const outcome = this.#judge.judge(entry, result, judged);
        watch?.attempted(entry, outcome);
        if (outcome.outcome === "retry") this.#failed(entry, outcome, findings, now);
        else {
          this.#tookOrRefused(entry, findings);
          this.#end(batch, entry, deadEnding(outcome));
        }
      }
    }
    return findings;
  }

  /** The event got through to the destination, which took it, or refused it for what it is. */
  #tookOrRefused({ attempts }: Entry, findings: Findings): void {
    findings.wasAsked = true;
    findings.gotThrough = true;
    if (attempts !== 1) return;
    findings.hasFirst = true;
    if (!this.#batchLimits.whole) this.#breaker.firstAttempt(false);
  }

  #failed(entry: Entry, outcome: Retry, findings: Findings, now: number): void {
    findings.wasAsked = true;
    const { scope } = outcome;
    if (scope === "destination") findings.sick = worse(findings.sick, outcome);
    else findings.failed = worse(findings.failed, outcome);
    if (entry.attempts === 1) {
      findings.hasFirst = true;
      if (scope === "event" && !this.#batchLimits.whole) {
        findings.mostFail = this.#breaker.firstAttempt(entry.absence === undefined) || findings.mostFail;
      }
    }
    if (this.#isTooOld(entry, outcome, now)) {
      const { outcome: _outcome, scope: _scope, after: _after, ages: _ages, ...why } = outcome;
      this.#options.deadLetters.write(entry, { kind: "dead", ...why, reason: "expired" });
    } else findings.again.push({ entry, outcome });
  }

  #end({ written }: Batch, entry: Entry, ending: FilteredEnding | DeadEnding): void {
    if (ending.kind === "filtered" || written.has(entry)) this.#ledger.end(entry, ending);
    else this.#options.deadLetters.write(entry, ending);
  }

  /** Puts what is tried again back into its lanes, and lets all lanes of the batch go on. */
  #putBack({ lanes }: Batch, { again }: Findings, now: number): void {
    if (again.length === 0) {
      for (const lane of lanes) if (!this.#lanes.isGone(lane)) this.#lanes.release(lane);
      return;
    }
    const dueAt = new Map<Lane, number>();
    const atOnce = new Set<Lane>();
    for (const { entry, outcome } of again) {
      const lane = entry.lane!;
      if (this.#lanes.isGone(lane)) {
        // It comes up again for whoever has its partition now.
        this.#ledger.back(entry);
        this.#ledger.park(entry);
        continue;
      }
      this.#lanes.unshift(lane, entry);
      if (outcome.scope === "destination") atOnce.add(lane);
      else dueAt.set(lane, now + this.#judge.ownWait(entry, outcome, now));
      this.#ledger.counters.retried++;
      // The transformation makes it anew where keeping it would take more than the event is charged
      // with.
      if (entry.transformed !== undefined && entry.cost < valueCost(entry.transformed)) entry.transformed = undefined;
      this.#ledger.back(entry);
    }
    for (const lane of lanes) {
      const due = dueAt.get(lane);
      if (this.#lanes.isGone(lane)) continue;
      if (due !== undefined) this.#lanes.wait(lane, due, now);
      else if (atOnce.has(lane)) this.#lanes.retry(lane);
      else this.#lanes.release(lane);
    }
  }

  /** Says to the breaker how the destination did, and notes its trouble. */
  #judgeDestination({ isProbe }: Batch, findings: Findings, now: number): void {
    const { wasAsked, hasFirst, gotThrough, sick, failed, flaw } = findings;
    const { problems } = this.#ledger;
    // What is delivered as a whole fails as one: its events say nothing about each other.
    const isJudgedAsOne = this.#batchLimits.whole && hasFirst && sick === undefined;
    const mostFail = isJudgedAsOne ? this.#breaker.firstAttempt(!gotThrough) : findings.mostFail;
    if (gotThrough) this.#judge.gotThrough();
    if (flaw !== undefined) problems.note("answer", flaw);
    if (sick !== undefined) this.#trouble(sick.reason, detailOf(sick), isProbe, sick);
    else if (failed !== undefined && mostFail) {
      this.#trouble(failed.reason, `most events fail: ${detailOf(failed)}`, isProbe);
    } else if (gotThrough) this.#recovered(isProbe, now);
    else if (failed !== undefined && isProbe) this.#trouble(failed.reason, detailOf(failed), isProbe, failed);
    else if (isProbe && !wasAsked) this.#breaker.unprobed();
    if (failed !== undefined) problems.note(failed.reason, detailOf(failed));
  }

  /**
   * Whether the event has been tried for `maxAge`. Time in which nothing could be delivered for
   * lack of rights is not counted.
   */
  #isTooOld(entry: Entry, outcome: Retry, now: number): boolean {
    if (outcome.ages === false) {
      entry.firstAttempt = undefined;
      return false;
    }
    return now - (entry.firstAttempt ?? now) >= this.#options.settings.maxAge;
  }

  #trouble(reason: string, message: string, isProbe: boolean, why?: Retry): void {
    const before = this.#breaker.state;
    const longest = why !== undefined && refusesCredentials(why) ? longestBackoff : longestShortWait;
    this.#breaker.troubled(this.#options.clock.now(), isProbe, why?.after, longest);
    // Logged once when it begins, not for every probe.
    if (before === "closed") this.#ledger.problems.report(reason, message);
    else this.#ledger.problems.note(reason, message);
  }

  #recovered(isProbe: boolean, now = this.#options.clock.now()): void {
    const before = this.#breaker.state;
    this.#breaker.succeeded(isProbe, now);
    if (before === "half-open" && this.#breaker.state === "closed") this.#ledger.problems.recovered();
  }
}
