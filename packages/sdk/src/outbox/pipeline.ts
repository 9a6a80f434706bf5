import type { Settings } from "../config.ts";
import type { MessageCounters } from "../counters.ts";
import { byteLength } from "../encode.ts";
import { Enrichment } from "../enrichment.ts";
import type { Environment, Resident } from "../environment.ts";
import { MessageDelivery } from "../send/delivery.ts";
import type { FlushResult } from "../send/flushes.ts";
import type { Signal } from "../signal.ts";
import type { Accepted, Outbox, OutboxHost } from "./outbox.ts";

/**
 * The outbox itself: messages are enriched, where the program asks for that, and then delivered.
 */
export class Pipeline implements Outbox {
  readonly #settings: Settings;
  readonly #environment: Environment;
  readonly #counters: MessageCounters;
  readonly #delivery: MessageDelivery;
  readonly #enrichment: Enrichment | undefined;

  constructor(settings: Settings, environment: Environment, counters: MessageCounters, host: OutboxHost) {
    this.#settings = settings;
    this.#environment = environment;
    this.#counters = counters;
    const resident = this.#resident(settings.closeOnSignals === undefined);
    const busy = (): void => {
      environment.lifecycle?.enter(resident);
      host.busy();
    };
    this.#delivery = new MessageDelivery(settings, environment, counters, {
      ended: (entries, outcome) => host.ended(entries, outcome),
      problem: (error, kind) => host.problem(error, kind),
      debug: (text) => host.debug(text),
      busy,
      idle: () => {
        environment.lifecycle?.leave(resident);
        host.idle();
      },
    });
    this.#forget = () => environment.lifecycle?.forget(resident);
    const { enrich, enrichTimeout } = settings;
    if (enrich === undefined) return;
    this.#enrichment = new Enrichment(enrich, enrichTimeout, environment, counters, {
      encode: (result, original, more) => host.encode(result, original, more),
      accept: (json, lane) => {
        const entry = this.#delivery.accept(json, lane);
        if (typeof entry !== "string") host.queued(json);
        return entry;
      },
      busy,
      dropped: (json, outcome) => host.dropped(json, outcome),
      problem: (error) => host.problem(error, "enrich"),
    });
  }

  readonly #forget: () => void;

  #resident(minds: boolean): Resident {
    return {
      minds,
      drain: async () => {
        const began = this.#environment.monotonic();
        await this.#enriched(this.#settings.exitTimeout / 2);
        await this.#delivery.drain(this.#environment.monotonic() - began);
      },
      // Listeners can still save what is left.
      lost: () => {
        this.#enrichment?.release();
        this.#delivery.abandon("process.exit() or an exception came before the message was delivered");
      },
    };
  }

  /** Delivery closes by itself where a program with a durable client ends. */
  get isClosed(): boolean {
    return this.#delivery.isClosed;
  }

  accept(json: string, lane: number, more: string): Accepted | "too_large" | "queue_full" {
    if (this.#enrichment === undefined) return this.#delivery.accept(json, lane);
    const bytes = byteLength(json);
    if (bytes > this.#settings.maxMessageBytes) return "too_large";
    // An older message is not given up for one that is not in the queue yet.
    if (bytes > this.#delivery.room) return "queue_full";
    return this.#enrichment.add({ json, more, bytes, lane });
  }

  ready(): Promise<void> {
    return this.#delivery.ready();
  }

  async flush(timeout: number, signal?: Signal): Promise<FlushResult> {
    const flushed = this.#delivery.flush(timeout, signal);
    if (this.#enrichment === undefined) return flushed;
    const { delivered, dropped } = this.#counters;
    const began = this.#environment.monotonic();
    await this.#enrichment.settled(timeout, signal);
    // What has ended meanwhile, and what ends from now on.
    const ended = { delivered: this.#counters.delivered - delivered, dropped: this.#counters.dropped - dropped };
    const left = Math.max(0, timeout - (this.#environment.monotonic() - began));
    const result = await this.#delivery.flush(left, signal);
    return {
      delivered: ended.delivered + result.delivered,
      dropped: ended.dropped + result.dropped,
      pending: result.pending + (this.#counters.pending - this.#counters.queued),
    };
  }

  async close(timeout: number): Promise<FlushResult> {
    const { delivered, dropped } = this.#counters;
    const began = this.#environment.monotonic();
    if (this.#enrichment !== undefined) {
      void this.#delivery.flush(timeout);
      await this.#enriched(timeout / 2);
    }
    await this.#delivery.close(Math.max(0, timeout - (this.#environment.monotonic() - began)));
    this.#forget();
    const counters = this.#counters;
    return {
      delivered: counters.delivered - delivered,
      dropped: counters.dropped - dropped,
      pending: counters.pending,
    };
  }

  /** Waits for what is being enriched, and then no longer. */
  async #enriched(timeout: number): Promise<void> {
    await this.#enrichment?.settled(timeout);
    this.#enrichment?.release();
  }
}
