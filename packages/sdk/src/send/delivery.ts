import type { Settings } from "../config.ts";
import type { MessageCounters } from "../counters.ts";
import type { Environment } from "../environment.ts";
import { PintleError } from "../errors.ts";
import { errorOf } from "../foreign.ts";
import type { Signal } from "../signal.ts";
import type { QueueEntry } from "../store/entry.ts";
import type { NotAdded, Store } from "../store/store.ts";
import type { TransportResponse } from "../transport/transport.ts";
import { WakeUp } from "../wake-up.ts";
import { Backlog } from "./backlog.ts";
import { retryDelay } from "./backoff.ts";
import { Readiness } from "./backpressure.ts";
import type { MessageBatch } from "./batch.ts";
import { encodeBody } from "./body.ts";
import { ClientBreaker } from "./breaker.ts";
import { DataPlaneClient, isStale } from "./data-plane-client.ts";
import type { DeliveryObserver } from "./delivery-observer.ts";
import type { FlushResult } from "./flushes.ts";
import type { Failure, ResponseHandler } from "./response-handler.ts";
import { Schedule } from "./schedule.ts";
import { isSuccess } from "./success.ts";

/**
 * Takes encoded messages and sees to it that each of them ends: delivered, or dropped with a
 * reason.
 *
 * A message is always in one of these places, and moves only as shown:
 *
 *     queue --> batch, sending <--> batch, waiting
 *       |           |                    |
 *       +-----------+------> ended <-----+
 *
 * - **queue**: not tried yet. See `MessageQueue` for the order within a user key.
 * - **batch, sending**: a request for the part at the batch's front is under way; one request per
 *   batch.
 * - **batch, waiting**: until `dueAt`, for a retry or for its next part. The messages' lanes stay
 *   closed.
 * - **ended**: the bytes are given back, and whoever asked is told.
 *
 * There are two steps, both begun by events (a call, a timer, an answer) and never by polling.
 * `#pump` begins as many requests as the breaker permits, of what the schedule says is next.
 * `#answered` applies an answer: what says yes, and what is no answer at all, here; everything else
 * in `ResponseHandler`, whose code is loaded behind the first request.
 *
 * There is one timer, set for the next moment at which something becomes due or expires. The cost
 * of a call does not depend on how much is queued, nor on how the server does.
 *
 * Near the end (`close`, or the program ends by itself) everything is due, waits are short, and
 * what the server asks for is not waited for.
 */
export class MessageDelivery {
  readonly #settings: Settings;
  readonly #environment: Environment;
  readonly #counters: MessageCounters;
  readonly #observer: DeliveryObserver;
  readonly #client: DataPlaneClient;
  readonly #backlog: Backlog;
  readonly #store: Store;
  readonly #breaker: ClientBreaker;
  readonly #schedule: Schedule;
  readonly #backpressure: Readiness;
  readonly #wakeUp: WakeUp;
  /** When the client first asked for the time. */
  #epoch: number | undefined;

  readonly #sending = new Map<MessageBatch, AbortController>();

  #closing: Promise<void> | undefined;
  /** Whether nothing is sent any more. */
  #isStopped = false;
  #pumpRequested = false;

  #responses: ResponseHandler | undefined;
  #loading: Promise<void> | undefined;

  /** Milliseconds for which the program has been held at its end. */
  #held = 0;

  constructor(settings: Settings, environment: Environment, counters: MessageCounters, observer: DeliveryObserver) {
    this.#settings = settings;
    this.#environment = environment;
    this.#counters = counters;
    this.#observer = observer;
    this.#client = new DataPlaneClient(settings, environment);
    const { now, after, hold } = environment;
    this.#backlog = new Backlog(settings, counters, observer, {
      now,
      after,
      hold,
      clock: () => this.#now(),
      changed: () => this.#requestPump(),
    });
    this.#store = this.#backlog.store;
    this.#breaker = new ClientBreaker(settings.concurrency, environment.random);
    this.#backpressure = new Readiness(
      () => this.#store.room,
      settings.maxMessageBytes,
      (callback) => after(0, callback),
    );
    this.#schedule = new Schedule(settings, this.#store.queue, this.#breaker, () => this.#backpressure.isWaitedFor);
    this.#wakeUp = new WakeUp(environment, () => this.#pump());
  }

  get isClosed(): boolean {
    return this.#closing !== undefined;
  }

  /** Bytes that are free. */
  get room(): number {
    return this.#store.room;
  }

  /**
   * Takes an encoded message, or says why not. Does the same little work however much is queued.
   */
  accept(json: string, lane: number): QueueEntry | NotAdded {
    const now = this.#now();
    const hadWork = this.#store.queue.count > 0;
    const entry = this.#backlog.add(json, lane, now, this.#schedule.waiting);
    if (typeof entry === "string") return entry;
    this.#backpressure.used();
    // With no interval at once: a timer that holds no program may come too late for one that waits
    // for nothing else.
    if (this.#schedule.hasFullBatch || this.#schedule.isUrgent || this.#settings.interval === 0) this.#requestPump();
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

  flush(timeout: number, signal?: Signal): Promise<FlushResult> {
    const allDue = (): void => {
      this.#schedule.dueMark = Math.max(this.#schedule.dueMark, this.#backlog.newest);
      this.#requestPump();
    };
    allDue();
    // What is found on disk comes before what has been accepted since, and is due as well.
    void this.#store.opening?.then(allDue);
    return this.#wait(timeout, signal);
  }

  /** Ends delivery. Called again, gives the same promise. */
  close(timeout: number): Promise<void> {
    this.#closing ??= this.#finish(timeout);
    return this.#closing;
  }

  /**
   * The program is about to end by itself: a last attempt. All of them together hold it no longer
   * than `exitTimeout`.
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
      if (this.#store.close === undefined) this.abandon(why);
      else await this.close(0);
    }
    if (this.#closing !== undefined) return;
    this.#schedule.isUrgent = false;
    this.#schedule.dueMark = this.#backlog.newest;
  }

  /** Gives up whatever has not ended. */
  abandon(why: string): void {
    this.#giveUp(this.#stop(), why);
  }

  /** Ends all requests. Returns the messages that were out in batches. */
  #stop(): QueueEntry[] {
    const out = [...this.#sending.keys(), ...this.#schedule.waiting].flatMap((batch) => [...batch.entries()]);
    this.#responses?.stop();
    for (const controller of this.#sending.values()) {
      this.#counters.requestEnded();
      controller.abort();
    }
    this.#sending.clear();
    this.#schedule.waiting.clear();
    return out;
  }

  #giveUp(out: readonly QueueEntry[], why: string): void {
    this.#backlog.abandon(out, new PintleError("PINTLE_MESSAGE_ABANDONED", why));
    this.#backpressure.release();
  }

  async #finish(timeout: number): Promise<void> {
    this.#backpressure.end();
    this.#hurry();
    await this.#wait(timeout);
    const out = this.#stop();
    this.#isStopped = true;
    // What has been answered is written down, and so is what has been accepted.
    if (this.#store.close !== undefined) await this.#holding(this.#store.close());
    this.#giveUp(out, "the client was closed before the message was delivered");
    this.#wakeUp.cancel();
    await this.#client.close();
  }

  #hurry(): void {
    this.#schedule.hurry(this.#now());
    this.#requestPump();
  }

  /** Waits for all messages that are here now to end, or for the time to be over. */
  async #wait(timeout: number, signal?: Signal): Promise<FlushResult> {
    let stop = (): void => {};
    const over = new Promise<void>((resolve) => {
      const cancel = this.#environment.after(timeout, resolve);
      const abort = (): void => resolve();
      // Whatever a program without types gives as a signal: flush never rejects.
      signal?.addEventListener?.("abort", abort, { once: true });
      if (signal?.aborted === true) abort();
      stop = () => {
        cancel();
        signal?.removeEventListener?.("abort", abort);
      };
    });
    const { opening } = this.#store;
    // Only then is it known what there is to wait for.
    const known = opening === undefined ? undefined : Promise.race([opening, over]);
    const ended = (): Promise<FlushResult> =>
      this.#backlog.flushes.wait(this.#backlog.newest, this.#backlog.pending, over);
    const result = await this.#holding(known?.then(ended) ?? ended());
    stop();
    return result;
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
    if (this.#isStopped || this.#store.opening !== undefined) return;
    const now = this.#now();
    this.#expire(now);
    while (this.#breaker.permits(now, this.#sending.size)) {
      const batch = this.#schedule.next(now);
      if (batch === undefined) break;
      void this.#send(batch);
    }
    this.#backpressure.release();
    this.#wakeUp.set(this.#schedule.moment(now, this.#sending.size), now);
  }

  async #send(batch: MessageBatch): Promise<void> {
    const controller = new AbortController();
    this.#load();
    this.#responses?.begin(batch, this.#store.queue);
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
    if (!(answer instanceof Error || isYes(answer))) await this.#loading;
    // Otherwise it has been abandoned meanwhile.
    if (!this.#sending.delete(batch)) return;
    this.#counters.requestEnded();
    this.#observer.debug(() => {
      const what = answer instanceof Error ? answer.message : `status ${answer.status}`;
      return `a request with ${entries.length} messages ended: ${what}`;
    });
    this.#answered(batch, answer, this.#now());
    if (!batch.isEmpty) this.#schedule.waiting.add(batch);
    this.#pump();
  }

  /** Afterwards the batch is empty, or its `dueAt` says when its front part is to be sent. */
  #answered(batch: MessageBatch, answer: TransportResponse | Error, now: number): void {
    batch.dueAt = now;
    if (answer instanceof Error) {
      const { advice } = answer as { readonly advice?: string | undefined };
      this.#failed(batch, { what: answer.message, advice });
    } else if (isSuccess(answer.status)) {
      const { entries } = batch.shift()!;
      if (this.#breaker.succeeded()) this.#schedule.allDue(now);
      this.#backlog.deliver(entries);
      this.#responses?.succeeded(batch, answer);
    } else if (this.#responses === undefined) {
      this.#failed(batch, {
        what: `status ${answer.status}, and the code for it cannot be loaded`,
        status: answer.status,
      });
    } else {
      this.#responses.apply(batch, answer, now);
    }
  }

  /** Sends the same again: there was no answer that says anything about the messages. */
  #failed(batch: MessageBatch, { what, status, asked, advice }: Failure): void {
    const now = this.#now();
    batch.failures++;
    batch.dueAt = now + retryDelay(batch.failures, this.#environment.random());
    this.#breaker.failed(now, this.#schedule.isUrgent ? undefined : asked);
    // The server, or a transport of the user's, may have repeated the write key in its words.
    const text = `a request failed: ${what}`.replaceAll(this.#settings.writeKey, "[write key]");
    const more = { status, advice: advice === undefined ? undefined : `${advice}; it is tried again meanwhile` };
    this.#observer.problem(new PintleError("PINTLE_SEND_FAILED", text, more), `retry ${status ?? "no answer"}`);
  }

  /**
   * Loads what is needed when the data plane answers anything but yes, behind the first request: it
   * is there before most answers, and an answer waits for it. Where it cannot be loaded (a page
   * without its network, or after a deployment), the same is sent again later, which is never
   * wrong, and the code is asked for again with each request.
   */
  #load(): void {
    this.#loading ??= import("./response-handler.ts").then(
      ({ ResponseHandler }) => {
        this.#responses = new ResponseHandler(this.#settings, this.#environment, {
          client: this.#client,
          breaker: this.#breaker,
          waiting: this.#schedule.waiting,
          most: this.#schedule.most,
          now: () => this.#now(),
          isUrgent: () => this.#schedule.isUrgent,
          failed: (batch, failure) => this.#failed(batch, failure),
          reject: (entries, error) => this.#backlog.drop(entries, "rejected", error),
          problem: (error, kind) => this.#observer.problem(error, kind),
          pump: () => this.#pump(),
        });
      },
      () => {
        this.#loading = undefined;
      },
    );
  }

  #expire(now: number): void {
    const isOld = (entry: QueueEntry): boolean => entry.acceptedAt + this.#settings.maxAge <= now;
    const what = `the message could not be delivered within ${this.#settings.maxAge} ms`;
    for (const batch of this.#schedule.waiting) {
      if (!isOld(batch.oldest!)) continue;
      const old = batch.remove(isOld);
      if (batch.isEmpty) this.#schedule.waiting.delete(batch);
      this.#backlog.drop(old, "expired", new PintleError("PINTLE_MESSAGE_EXPIRED", what));
    }
    const { oldest } = this.#store.queue;
    if (oldest === undefined || !isOld(oldest)) return;
    this.#backlog.dropQueued(isOld, "expired", new PintleError("PINTLE_MESSAGE_EXPIRED", what));
  }

  /**
   * Whole milliseconds since the client began: ages are small integers, which cost no memory of
   * their own.
   */
  #now(): number {
    const time = this.#environment.monotonic();
    this.#epoch ??= time;
    return Math.trunc(time - this.#epoch);
  }
}

/** Whether an answer has nothing more to say. */
function isYes(answer: TransportResponse): boolean {
  return isSuccess(answer.status) && answer.flaw === undefined;
}
