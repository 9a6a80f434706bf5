import { envelopeBytes, type Settings } from "../config.ts";
import type { Counters } from "../counters.ts";
import type { Environment } from "../environment/environment.ts";
import { PintleError } from "../errors.ts";
import { describeThrown, errorOf } from "../foreign.ts";
import type { StoredEntry } from "../store/durable/stored-entry.ts";
import type { Entry } from "../store/entry.ts";
import type { TransportResponse } from "../transport/transport.ts";
import { WakeUp } from "../wake-up.ts";
import { Backlog, type BacklogObserver } from "./backlog.ts";
import { Backpressure } from "./backpressure.ts";
import { Batch } from "./batch.ts";
import { encodeBody } from "./body.ts";
import { Breaker } from "./breaker.ts";
import { DataPlaneClient, isStale } from "./data-plane-client.ts";
import type { Deadline, FlushResult } from "./flushes.ts";
import { ResponseHandler, untilRegrouped } from "./response-handler.ts";

export interface DeliveryObserver extends BacklogObserver {
  problem(error: PintleError, kind: string): void;
  debug(text: () => string): void;
}

/**
 * Takes encoded messages and sees to it that each of them ends: delivered, or dropped with a reason.
 *
 * A message is always in one of these places, and moves only as shown:
 *
 *     queue --> batch, sending <--> batch, waiting
 *       |           |                    |
 *       +-----------+------> ended <-----+
 *
 * - **queue**: not tried yet. See `Queue` for the order within a user key.
 * - **batch, sending**: a request for the part at the batch's front is under way; one request per batch.
 * - **batch, waiting**: until `dueAt`, for a retry or for its next part. The messages' lanes stay closed.
 * - **ended**: the bytes are given back, and whoever asked is told.
 *
 * There are two steps, both begun by events (a call, a timer, an answer) and never by polling. `#pump` begins as many
 * requests as the breaker permits: of waiting batches that are due first, then of new batches, if the queue holds a
 * batch's worth, or something that is due because of `interval` or a flush. `ResponseHandler` applies an answer.
 *
 * There is one timer, set for the next moment at which something becomes due or expires. The cost of a call does not
 * depend on how much is queued, nor on how the server does.
 *
 * Near the end (`close`, or the program ends by itself) it is *urgent*: everything is due, waits are short, and what the
 * server asks for is not waited for.
 */
export class Delivery {
  readonly #settings: Settings;
  readonly #environment: Environment;
  readonly #counters: Counters;
  readonly #observer: DeliveryObserver;
  readonly #client: DataPlaneClient;
  readonly #backlog: Backlog;
  readonly #breaker: Breaker;
  readonly #responses: ResponseHandler;
  readonly #backpressure: Backpressure;
  readonly #wakeUp: WakeUp;
  /** When the client first asked for the time. */
  #epoch: number | undefined;

  readonly #waiting = new Set<Batch>();
  readonly #sending = new Map<Batch, AbortController>();

  /** Every message up to this position is due. */
  #dueMark = 0;
  #isUrgent = false;
  #closing: Promise<FlushResult> | undefined;
  /** Nothing is sent any more. */
  #isStopped = false;
  #pumpRequested = false;

  /** Nodes behind RudderStack's proxy. */
  #nodes = 1;
  #nodesRequest: AbortController | undefined;

  /** Milliseconds for which the program has been held at its end. */
  #held = 0;

  constructor(settings: Settings, environment: Environment, counters: Counters, observer: DeliveryObserver) {
    this.#settings = settings;
    this.#environment = environment;
    this.#counters = counters;
    this.#observer = observer;
    this.#client = new DataPlaneClient(settings, environment);
    this.#backlog = new Backlog(settings, counters, observer);
    this.#breaker = new Breaker(settings.concurrency, environment.random);
    this.#responses = new ResponseHandler(settings, environment, {
      backlog: this.#backlog,
      breaker: this.#breaker,
      isUrgent: () => this.#isUrgent,
      recovered: (now) => this.#allDue(now),
      problem: (error, kind) => observer.problem(error, kind),
    });
    this.#backpressure = new Backpressure(
      () => this.#backlog.room,
      settings.maxMessageBytes,
      (callback) => environment.after(0, callback),
    );
    this.#wakeUp = new WakeUp(environment, () => this.#pump());
    const { durable } = environment;
    if (settings.durable === undefined || durable === undefined) return;
    this.#backlog.keep(
      (host) => durable.keep(settings, host),
      () => this.#now(),
      () => this.#requestPump(),
    );
  }

  get isClosed(): boolean {
    return this.#closing !== undefined;
  }

  /** Bytes that are free. */
  get room(): number {
    return this.#backlog.room;
  }

  /** Takes an encoded message, or says why not. Does the same little work however much is queued. */
  accept(json: string, lane: number): Entry | "too_large" | "queue_full" {
    const now = this.#now();
    const hadWork = this.#backlog.queue.count > 0;
    const entry = this.#backlog.add(json, lane, now, this.#waiting);
    if (typeof entry === "string") return entry;
    this.#backpressure.used();
    // With no interval at once: a timer that holds no program may come too late for one that waits for nothing else.
    if (this.#hasFullBatch() || this.#isUrgent || this.#settings.interval === 0) this.#requestPump();
    // Otherwise an older message has set the timer.
    else if (!hadWork) this.#wakeUp.at(now + Math.min(this.#settings.interval, this.#settings.maxAge), now);
    return entry;
  }

  /** Resolves when there is room for one more message of the largest size. */
  async ready(): Promise<void> {
    if (this.#closing !== undefined) return;
    const ready = this.#backpressure.ready();
    if (this.#backpressure.isWaitedFor) {
      // What is queued has to go, full batch or not; and the program is not to end while it waits.
      this.#requestPump();
      await this.#holding(ready);
    }
  }

  flush(timeout: number, signal?: AbortSignal): Promise<FlushResult> {
    const allDue = (): void => {
      this.#dueMark = Math.max(this.#dueMark, this.#backlog.newest);
      this.#requestPump();
    };
    allDue();
    const { keeping } = this.#backlog;
    // What is found on disk comes before what has been accepted since, and is due as well.
    if (keeping?.isOpening === true) void keeping.opened.then(allDue);
    return this.#wait(timeout, signal);
  }

  /** Ends delivery. Called again, gives the same promise. */
  close(timeout: number): Promise<FlushResult> {
    this.#closing ??= this.#finish(timeout);
    return this.#closing;
  }

  /**
   * The program is about to end by itself: a last attempt. All of them together hold it no longer than `exitTimeout`.
   *
   * @param waited milliseconds for which this one has held it already
   */
  async drain(waited = 0): Promise<void> {
    const began = this.#now();
    this.#held += waited;
    this.#hurry();
    await this.#wait(Math.max(0, this.#settings.exitTimeout - this.#held));
    this.#held += this.#now() - began;
    if (this.#held >= this.#settings.exitTimeout) {
      const why = "the program ended before the message was delivered";
      // What is on disk has to be left in order, and then there is no way back.
      if (this.#backlog.keeping === undefined) this.abandon(why);
      else await this.close(0);
    }
    if (this.#closing !== undefined) return;
    this.#isUrgent = false;
    this.#dueMark = this.#backlog.newest;
  }

  /** Gives up whatever has not ended. */
  abandon(why: string): void {
    this.#giveUp(this.#stop(), why);
  }

  /** Ends all requests. Returns the messages that were out in batches. */
  #stop(): Entry[] {
    const out = [...this.#sending.keys(), ...this.#waiting].flatMap((batch) => [...batch.entries()]);
    this.#nodesRequest?.abort();
    for (const controller of this.#sending.values()) {
      this.#counters.requestEnded();
      controller.abort();
    }
    this.#sending.clear();
    this.#waiting.clear();
    return out;
  }

  #giveUp(out: readonly Entry[], why: string): void {
    const error = new PintleError("MESSAGE_ABANDONED", why);
    if (this.#backlog.keeping === undefined) {
      this.#backlog.drop(out, "abandoned", error);
      this.#backlog.dropQueued(() => true, "abandoned", error);
    } else {
      this.#backlog.abandon(out as readonly StoredEntry[], error);
    }
    this.#backpressure.release();
  }

  async #finish(timeout: number): Promise<FlushResult> {
    const { keeping } = this.#backlog;
    const { delivered, dropped } = this.#counters;
    this.#backpressure.end();
    this.#hurry();
    await this.#wait(timeout);
    const out = this.#stop();
    this.#isStopped = true;
    // What has been answered is written down, and so is what has been accepted.
    if (keeping !== undefined) await this.#holding(keeping.close(this.#environment.after));
    this.#giveUp(out, "the client was closed before the message was delivered");
    this.#wakeUp.cancel();
    await this.#client.close();
    const counters = this.#counters;
    return {
      delivered: counters.delivered - delivered,
      dropped: counters.dropped - dropped,
      pending: counters.pending,
    };
  }

  #hurry(): void {
    this.#isUrgent = true;
    this.#dueMark = Number.POSITIVE_INFINITY;
    this.#breaker.reset();
    for (const batch of this.#waiting) batch.forgetFailures();
    this.#allDue(this.#now());
    this.#requestPump();
  }

  #allDue(now: number): void {
    for (const batch of this.#waiting) if (batch.dueAt !== untilRegrouped) batch.dueAt = now;
  }

  #wait(timeout: number, signal?: AbortSignal): Promise<FlushResult> {
    const until: Deadline = (over) => {
      const cancel = this.#environment.after(timeout, over);
      if (signal?.aborted === true) over();
      // Whatever a program without types gives as a signal: flush never rejects.
      signal?.addEventListener?.("abort", over, { once: true });
      return () => {
        cancel();
        signal?.removeEventListener?.("abort", over);
      };
    };
    const { keeping } = this.#backlog;
    const ends = (over: Deadline): Promise<FlushResult> => {
      const { newest, pending, flushes } = this.#backlog;
      return flushes.wait(newest, pending, over);
    };
    return this.#holding(keeping?.isOpening === true ? keeping.waitFromOpening(ends, until) : ends(until));
  }

  /** Keeps the program alive while it waits. */
  async #holding<T>(promise: Promise<T>): Promise<T> {
    const release = this.#environment.hold();
    const result = await promise;
    release();
    return result;
  }

  #requestPump(): void {
    if (this.#pumpRequested) return;
    this.#pumpRequested = true;
    this.#environment.soon(() => {
      this.#pumpRequested = false;
      this.#pump();
    });
  }

  #pump(): void {
    // In durable mode nothing is sent before it is known what comes first.
    if (this.#isStopped || this.#backlog.keeping?.isOpening === true) return;
    const now = this.#now();
    this.#expire(now);
    while (this.#breaker.permits(now, this.#sending.size)) {
      const batch = this.#nextBatch(now);
      if (batch === undefined) break;
      void this.#send(batch);
    }
    this.#backpressure.release();
    this.#wakeUp.set(this.#nextMoment(now), now);
  }

  #nextBatch(now: number): Batch | undefined {
    let due: Batch | undefined;
    for (const batch of this.#waiting) {
      if (batch.dueAt <= now && (due === undefined || batch.comesBefore(due))) due = batch;
    }
    const { queue } = this.#backlog;
    const fresh = queue.oldestTakeable;
    if (fresh !== undefined && this.#dueAt(fresh) <= now && this.#prefersFresh(fresh, due, now)) {
      const { batchSize, maxBatchBytes } = this.#settings;
      // One more, because the last comma is not sent.
      const entries = queue.take(batchSize, maxBatchBytes - envelopeBytes + 1);
      if (entries.length > 0) return new Batch(entries);
    }
    if (due === undefined) return undefined;
    this.#waiting.delete(due);
    if (due.wantsCompany) {
      const { batchSize, maxBatchBytes } = this.#settings;
      due.join(queue.takeBehind(due.oldest!, batchSize, maxBatchBytes - envelopeBytes + 1));
    }
    return due;
  }

  /** When the messages in the queue, of which this is the oldest, may be sent. */
  #dueAt(oldest: Entry): number {
    const isDue = oldest.seq <= this.#dueMark || this.#hasFullBatch() || this.#backpressure.isWaitedFor;
    return isDue ? 0 : oldest.acceptedAt + this.#settings.interval;
  }

  #hasFullBatch(): boolean {
    const { batchSize, maxBatchBytes } = this.#settings;
    const { queue } = this.#backlog;
    return queue.count >= batchSize || queue.bytes >= maxBatchBytes - envelopeBytes;
  }

  /** Whether a new batch goes before the waiting one that is due. */
  #prefersFresh(fresh: Entry, due: Batch | undefined, now: number): boolean {
    if (due === undefined) return true;
    // Everything once, in order, before anything twice.
    if (this.#isUrgent) return due.hasFailed || fresh.seq < due.oldest!.seq;
    // A probe with messages that have not failed, because those that have may be the reason; but not ever more batches.
    return this.#breaker.mode(now) === "probing" && this.#waiting.size < this.#settings.concurrency;
  }

  async #send(batch: Batch): Promise<void> {
    const controller = new AbortController();
    batch.divide(this.#nodes);
    const { entries, node } = batch.front!;
    this.#sending.set(batch, controller);
    const post = async (isRetry: boolean): Promise<TransportResponse | Error> => {
      this.#counters.requestBegun(isRetry);
      try {
        const body = encodeBody(entries, new Date(this.#environment.now()).toISOString());
        return await this.#client.post(body, node, batch.nodes, controller.signal);
      } catch (error) {
        return errorOf(error);
      }
    };
    let answer = await post(batch.hasFailed);
    if (isStale(answer) && this.#sending.has(batch)) {
      this.#counters.requestEnded();
      answer = await post(true);
    }
    // Otherwise it has been abandoned meanwhile.
    if (!this.#sending.delete(batch)) return;
    this.#counters.requestEnded();
    this.#observer.debug(() => {
      const what = answer instanceof Error ? answer.message : `status ${answer.status}`;
      return `a request with ${entries.length} messages ended: ${what}`;
    });
    this.#responses.apply(batch, answer, this.#now());
    if (!batch.isEmpty) this.#waiting.add(batch);
    if (batch.dueAt === untilRegrouped) this.#askForNodes();
    this.#pump();
  }

  /** Once for all batches that wait for it. */
  #askForNodes(): void {
    if (this.#nodesRequest !== undefined) return;
    const controller = new AbortController();
    this.#nodesRequest = controller;
    const end = (result: unknown): void => {
      this.#nodesRequest = undefined;
      if (!controller.signal.aborted) this.#regroup(result);
    };
    this.#client.nodeCount(controller.signal).then(end, end);
  }

  #regroup(result: unknown): void {
    const now = this.#now();
    const isKnown = typeof result === "number";
    if (isKnown) {
      this.#nodes = result;
    } else {
      this.#breaker.failed(now, "retry");
      this.#responses.problem("SEND_FAILED", "cluster-info", `GET /cluster-info failed: ${describeThrown(result)}`);
    }
    for (const batch of this.#waiting) {
      if (batch.dueAt === untilRegrouped) this.#responses.regrouped(batch, now, isKnown);
    }
    this.#pump();
  }

  #expire(now: number): void {
    const isOld = (entry: Entry): boolean => entry.acceptedAt + this.#settings.maxAge <= now;
    const what = `the message could not be delivered within ${this.#settings.maxAge} ms`;
    for (const batch of this.#waiting) {
      if (!isOld(batch.oldest!)) continue;
      const old = batch.remove(isOld);
      if (batch.isEmpty) this.#waiting.delete(batch);
      this.#backlog.drop(old, "expired", new PintleError("MESSAGE_EXPIRED", what));
    }
    const { oldest } = this.#backlog.queue;
    if (oldest === undefined || !isOld(oldest)) return;
    this.#backlog.dropQueued(isOld, "expired", new PintleError("MESSAGE_EXPIRED", what));
  }

  /** The next moment at which time alone changes something. Answers and calls pump by themselves. */
  #nextMoment(now: number): number {
    const { queue } = this.#backlog;
    const fresh = queue.oldestTakeable;
    let send = fresh === undefined ? Number.POSITIVE_INFINITY : this.#dueAt(fresh);
    let oldest = queue.oldest?.acceptedAt ?? Number.POSITIVE_INFINITY;
    for (const batch of this.#waiting) {
      send = Math.min(send, batch.dueAt);
      oldest = Math.min(oldest, batch.oldest!.acceptedAt);
    }
    const expire = oldest + this.#settings.maxAge;
    if (this.#breaker.mode(now) === "open") return Math.min(expire, Math.max(send, this.#breaker.openUntil!));
    return this.#breaker.permits(now, this.#sending.size) ? Math.min(expire, send) : expire;
  }

  /** Whole milliseconds since the client began: ages are small integers, which cost no memory of their own. */
  #now(): number {
    const time = this.#environment.monotonic();
    this.#epoch ??= time;
    return Math.trunc(time - this.#epoch);
  }
}
