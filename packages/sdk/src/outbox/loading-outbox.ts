import { boundedWait } from "../bounded-wait.ts";
import type { Settings } from "../config.ts";
import type { MessageCounters } from "../counters.ts";
import { byteLength } from "../encode.ts";
import type { Environment, OpenOutbox } from "../environment.ts";
import { PintleError, type SdkErrorCode } from "../errors.ts";
import { callForeign, describeThrown } from "../foreign.ts";
import { type DropReason, dropped } from "../outcome.ts";
import type { FlushResult } from "../send/flushes.ts";
import type { Signal } from "../signal.ts";
import type { Accepted, Outbox, OutboxHost } from "./outbox.ts";
import { Transit } from "./transit.ts";

/**
 * Milliseconds until the code is loaded again after the first failure; they double up to a minute.
 */
const firstRetry = 1_000;
const longestRetry = 60_000;

/** A message that waits for the code that sends it. */
class Early extends Transit {
  readonly given: Parameters<Outbox["accept"]>;
  readonly bytes: number;
  readonly acceptedAt: number;

  constructor(given: Early["given"], bytes: number, acceptedAt: number) {
    super();
    this.given = given;
    this.bytes = bytes;
    this.acceptedAt = acceptedAt;
  }
}

/**
 * The outbox of runtimes to which code comes over the network: what sends messages is half of the
 * client, and no call needs it. It is loaded with the first message; until it is there messages are
 * accepted and refused by the same rules, and gather here.
 *
 * Where it cannot be loaded, that is told as a request that has failed is, and tried again, by a
 * timer or when somebody flushes; what grows older than `maxAge` meanwhile is dropped as `expired`.
 * Who cannot load code cannot send either.
 */
export class LoadingOutbox implements Outbox {
  readonly #settings: Settings;
  readonly #environment: Environment;
  readonly #counters: MessageCounters;
  readonly #host: OutboxHost;
  readonly #load: () => Promise<OpenOutbox>;
  /** Oldest first. */
  readonly #early = new Set<Early>();
  #outbox: Outbox | undefined;
  /** Callbacks of those who wait for the code. */
  readonly #waiting = new Set<() => void>();
  #isLoading = false;
  #failures = 0;
  #cancelRetry: (() => void) | undefined;
  #closing: Promise<FlushResult> | undefined;

  constructor(
    settings: Settings,
    environment: Environment,
    counters: MessageCounters,
    host: OutboxHost,
    load: () => Promise<OpenOutbox>,
  ) {
    this.#settings = settings;
    this.#environment = environment;
    this.#counters = counters;
    this.#host = host;
    this.#load = load;
  }

  get isClosed(): boolean {
    return this.#closing !== undefined || this.#outbox?.isClosed === true;
  }

  accept(...given: Early["given"]): Accepted | "too_large" | "queue_full" {
    if (this.#outbox !== undefined) return this.#outbox.accept(...given);
    const { maxMessageBytes, overflow } = this.#settings;
    const bytes = byteLength(given[0]);
    if (bytes > maxMessageBytes) return "too_large";
    while (bytes > this.#room) {
      const [oldest] = overflow === "drop-oldest" ? this.#early : [];
      if (oldest === undefined) return "queue_full";
      this.#drop(oldest, "evicted", "PINTLE_MESSAGE_EVICTED", "the queue was full when a newer message came");
    }
    const message = new Early(given, bytes, this.#environment.monotonic());
    this.#counters.stage(bytes);
    this.#early.add(message);
    this.#host.busy();
    if (this.#cancelRetry === undefined) void this.#tryToLoad();
    return message;
  }

  async ready(): Promise<void> {
    while (this.#outbox === undefined && !this.isClosed) {
      await this.#loaded(longestRetry);
      if (this.#room >= this.#settings.maxMessageBytes) break;
    }
    await this.#outbox?.ready();
  }

  async flush(timeout: number, signal?: Signal): Promise<FlushResult> {
    const before = this.#counters.dropped;
    const left = this.#early.size === 0 ? timeout : await this.#loaded(timeout, signal);
    const dropped = this.#counters.dropped - before;
    const pending = this.#early.size;
    const rest = (await this.#outbox?.flush(left, signal)) ?? { delivered: 0, dropped: 0, pending };
    return { ...rest, dropped: dropped + rest.dropped };
  }

  close(timeout: number): Promise<FlushResult> {
    this.#closing ??= this.#close(timeout);
    return this.#closing;
  }

  async #close(timeout: number): Promise<FlushResult> {
    const before = this.#counters.dropped;
    const left = this.#early.size === 0 ? timeout : await this.#loaded(timeout);
    this.#cancelRetry?.();
    const what = "the client was closed before the message was delivered";
    for (const message of this.#early) this.#drop(message, "abandoned", "PINTLE_MESSAGE_ABANDONED", what);
    const dropped = this.#counters.dropped - before;
    this.#settle();
    const rest = await this.#outbox?.close(left);
    if (rest !== undefined) return { ...rest, dropped: dropped + rest.dropped };
    // Otherwise the outbox has done so.
    const { transport } = this.#settings;
    callForeign(
      () => transport?.close?.(),
      () => {},
    );
    return { delivered: 0, dropped, pending: 0 };
  }

  get #room(): number {
    return this.#settings.maxQueueBytes - this.#counters.stagedBytes;
  }

  /**
   * Waits for the code, and loads it if that is not under way. Returns the milliseconds that are
   * left.
   */
  async #loaded(timeout: number, signal?: Signal): Promise<number> {
    const until = this.#environment.monotonic() + timeout;
    await boundedWait(this.#environment, timeout, signal, (done) => {
      this.#waiting.add(done);
      void this.#tryToLoad();
      return () => this.#waiting.delete(done);
    });
    return Math.max(0, until - this.#environment.monotonic());
  }

  #settle(): void {
    for (const done of this.#waiting) done();
  }

  async #tryToLoad(): Promise<void> {
    if (this.#isLoading) return;
    this.#isLoading = true;
    this.#cancelRetry?.();
    try {
      const open = await this.#load();
      const outbox = open(this.#settings, this.#environment, this.#counters, this.#host);
      for (const message of this.#early) {
        this.#early.delete(message);
        this.#counters.unstage(message.bytes);
        const accepted = outbox.accept(...message.given);
        // Always: the room was its own, and more than what it takes there.
        if (typeof accepted !== "string") message.end(accepted);
      }
      // Not before: what listeners send meanwhile comes behind what is here.
      this.#outbox = outbox;
      this.#settle();
    } catch (error) {
      this.#isLoading = false;
      this.#failed(error);
    }
  }

  #failed(cause: unknown): void {
    const what = `the code that sends messages could not be loaded: ${describeThrown(cause)}`;
    this.#host.problem(new PintleError("PINTLE_SEND_FAILED", what, { cause }), "load");
    const { maxAge } = this.#settings;
    for (const message of this.#early) {
      if (message.acceptedAt + maxAge > this.#environment.monotonic()) break;
      this.#drop(
        message,
        "expired",
        "PINTLE_MESSAGE_EXPIRED",
        `the message could not be delivered within ${maxAge} ms`,
      );
    }
    // Also where nothing waits any more: the next message has to find out whether it is time.
    const wait = Math.min(longestRetry, firstRetry * 2 ** this.#failures++);
    this.#cancelRetry = this.#environment.after(wait, () => {
      this.#cancelRetry = undefined;
      if (this.#early.size > 0) void this.#tryToLoad();
    });
  }

  #drop(message: Early, reason: DropReason, code: SdkErrorCode, what: string): void {
    this.#early.delete(message);
    this.#counters.unstage(message.bytes, reason);
    const outcome = dropped(reason, new PintleError(code, what));
    message.end(outcome);
    this.#host.dropped(message.given[0], outcome);
    if (this.#counters.pending === 0) this.#host.idle();
  }
}
