import type { Account } from "./account.ts";
import type { Settings } from "./config.ts";
import { sentAtSuffix, suffixBytes } from "./encode.ts";
import { Entry } from "./entry.ts";
import type { Environment } from "./environment/environment.ts";
import { PintleError } from "./errors.ts";
import { type DropReason, delivered } from "./outcome.ts";
import type { Transport } from "./transport/transport.ts";

export interface FlushOptions {
  /** Milliseconds. Default: 10,000. */
  readonly timeout?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface FlushResult {
  readonly delivered: number;
  readonly dropped: number;
  readonly pending: number;
}

const encoder = new TextEncoder();

export class Delivery {
  readonly #settings: Settings;
  readonly #environment: Environment;
  readonly #account: Account;
  readonly #abort = new AbortController();
  #transport: Promise<Transport> | undefined;
  #queue: Entry[] = [];
  #seq = 0;
  #running: Promise<void> | undefined;
  #closing = false;
  #wake: (() => void) | undefined;

  constructor(settings: Settings, environment: Environment, account: Account) {
    this.#settings = settings;
    this.#environment = environment;
    this.#account = account;
  }

  accept(json: string, lane: number): Entry | undefined {
    const entry = new Entry(encoder.encode(json), ++this.#seq, lane, this.#environment.monotonic());
    if (this.#account.bytes + entry.bytes.length > this.#settings.maxQueueBytes) return undefined;
    this.#account.accepted(entry.bytes.length);
    this.#queue.push(entry);
    if (this.#queue.length >= this.#settings.batchSize) this.#run();
    else if (this.#wake === undefined) this.#wake = this.#environment.after(this.#settings.interval, () => this.#run());
    return entry;
  }

  async flush({ timeout = 10_000 }: FlushOptions = {}): Promise<FlushResult> {
    const before = this.#account.stats();
    const release = this.#environment.hold();
    const over = new Promise<void>((resolve) => this.#environment.after(timeout, resolve));
    await Promise.race([this.#run(), over]);
    release();
    const after = this.#account.stats();
    const dropped = Object.values(after.dropped).reduce((sum, n) => sum + n, 0);
    return { delivered: after.delivered - before.delivered, dropped, pending: after.pending };
  }

  async close(options?: FlushOptions): Promise<FlushResult> {
    this.#closing = true;
    const result = await this.flush(options);
    this.#abort.abort();
    for (const entry of this.#queue.splice(0)) this.#drop(entry, "abandoned");
    return result;
  }

  #run(): Promise<void> {
    this.#wake?.();
    this.#wake = undefined;
    this.#running ??= this.#sendAll().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #sendAll(): Promise<void> {
    while (this.#queue.length > 0 && !this.#abort.signal.aborted) {
      const batch = this.#queue.slice(0, this.#settings.batchSize);
      if (await this.#send(batch)) this.#queue.splice(0, batch.length);
      else await new Promise<void>((resolve) => this.#environment.after(500, resolve));
    }
  }

  async #send(batch: readonly Entry[]): Promise<boolean> {
    const suffix = sentAtSuffix(new Date(this.#environment.now()).toISOString());
    const decoder = new TextDecoder();
    const messages = batch.map((entry) => decoder.decode(entry.bytes) + suffix);
    const body = encoder.encode(`{"batch":[${messages.join(",")}]}`);
    this.#transport ??= this.#environment.loadTransport(this.#settings.concurrency);
    try {
      const transport = this.#settings.transport ?? (await this.#transport);
      const response = await transport({
        method: "POST",
        url: `${this.#settings.url}/v1/batch`,
        headers: {
          Authorization: `Basic ${btoa(`${this.#settings.writeKey}:`)}`,
          "Content-Type": "application/json",
        },
        body,
        timeout: this.#settings.timeout,
        signal: this.#abort.signal,
      });
      if (response.status < 200 || response.status > 299) return false;
    } catch {
      return false;
    }
    for (const entry of batch) {
      this.#account.deliver(entry.bytes.length);
      entry.end(delivered);
    }
    return true;
  }

  #drop(entry: Entry, reason: DropReason): void {
    this.#account.drop(reason, entry.bytes.length);
    const error = new PintleError("MESSAGE_ABANDONED", "the client was closed before the message was delivered");
    entry.end({ status: "dropped", reason, error });
  }

  get closing(): boolean {
    return this.#closing;
  }
}

void suffixBytes;
