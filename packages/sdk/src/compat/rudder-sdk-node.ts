/**
 * For programs that were written for `@rudderstack/rudder-sdk-node` 3.
 *
 * @module @pintle/sdk/rudder-sdk-node
 */
import {
  type Alias,
  EventError,
  type Group,
  type Identify,
  type Message,
  type Page,
  type Screen,
  type Track,
} from "@pintle/events";
import { type Config, envelopeBytes, resolveConfig } from "../config.ts";
import { checkConnections } from "../connection-options.ts";
import { checkDurable } from "../durable-options.ts";
import { type Duration, parseDuration } from "../duration.ts";
import { ConfigError, PintleError } from "../errors.ts";
import { callForeign } from "../foreign.ts";
import { Pintle } from "../index.ts";
import { kindOfThrown } from "../logged.ts";
import type { Logger } from "../logger.ts";
import type { FieldsOf } from "../plan/plan.ts";
import type { Receipt } from "../receipt.ts";

/** Called once, when the message has been delivered, or with the reason why it was given up. See {@link Analytics}. */
export type ApiCallback = (error?: Error) => void;
/** Called once, when everything is delivered, or with the reason why something was given up. See {@link Analytics}. */
export type FlushCallback = (error?: Error) => void;

/**
 * The options of `@rudderstack/rudder-sdk-node` 3. Those that have no meaning here are accepted, and named once in the log. See {@link Analytics}.
 */
export interface AnalyticsOptions {
  /** Default: `https://hosted.rudderlabs.com`. */
  readonly dataPlaneUrl?: string | undefined;
  /** The same as `dataPlaneUrl`, which goes before it. */
  readonly host?: string | undefined;
  /** Has to end in `/v1/batch`, which is the default. */
  readonly path?: string | undefined;
  /** Messages in one request. Default: 20. */
  readonly flushAt?: number | undefined;
  /** Milliseconds after which what is queued is sent. Default: 10,000. */
  readonly flushInterval?: number | undefined;
  /** Bytes of one request. Default: 460,800. */
  readonly maxQueueSize?: number | undefined;
  /** Messages that wait at one time. Default: 20,000. */
  readonly maxInternalQueueSize?: number | undefined;
  /** `"silly"`, `"debug"`, `"info"`, `"warn"` or `"error"`. Default: `"info"`. */
  readonly logLevel?: string | undefined;
  /** Whether anything is sent. Default: true. */
  readonly enable?: boolean | undefined;
  /** Whether bodies above 1 KB are compressed. Default: true. */
  readonly gzip?: boolean | undefined;
  /** One attempt. Default: 10,000 ms. */
  readonly timeout?: Duration | undefined;
  /** Told when messages are given up; then `flush` does not reject. */
  readonly errorHandler?: ((error: Error) => void) | undefined;
  /** Has no meaning here: messages are tried again until `maxAge`, one hour unless `pintle` says otherwise. */
  readonly retryCount?: number | undefined;
  /** Has no meaning here, but for its `timeout`. */
  readonly axiosConfig?: unknown;
  /** Has no meaning here: there is no axios. */
  readonly axiosInstance?: unknown;
  /** Has no meaning here. */
  readonly axiosRetryConfig?: unknown;
  /** Options of Pintle's own, which go before all others: `durable`, `maxAge`, `beforeSend`, `transport`, ... */
  readonly pintle?: Config | undefined;
}

const batchPath = "/v1/batch";
const levels = ["silly", "debug", "info", "warn", "error"] as const;

/** How long `flush` waits at most; what is queued then stays queued. */
const flushTimeout = 60_000;

/**
 * `@rudderstack/rudder-sdk-node` 3 by Pintle: the same constructor, methods, callbacks and `flush`, so that a program changes one import.
 *
 * What is different is that nothing is lost: a message is tried for an hour and not three times, no failure ends the program,
 * `flush` sends everything and not one batch. `pintle` is the client beneath, with receipts, `close`, `stats` and all else.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import Analytics from "@pintle/sdk/rudder-sdk-node";
 *
 * const analytics = new Analytics(WRITE_KEY, { dataPlaneUrl: DATA_PLANE_URL, flushAt: 20 });
 *
 * analytics.identify({ userId: "123", traits: { email: "name@example.com" } });
 * analytics.track({ userId: "123", event: "Paid" }, (error) => assert.equal(error, undefined));
 * analytics.page({ userId: "123", name: "Pizza" });
 * analytics.screen({ userId: "123", name: "Basket" });
 * analytics.group({ userId: "123", groupId: "company-1" });
 * analytics.alias({ userId: "123", previousId: "device-7" });
 *
 * await analytics.flush((error) => assert.equal(error, undefined));
 * assert.equal(analytics.pintle?.stats().delivered, 6);
 * ```
 */
export class Analytics {
  /** The client beneath. `undefined` with `enable: false`. */
  readonly pintle: Pintle | undefined;
  readonly #errorHandler: ((error: Error) => void) | undefined;
  readonly #mostPending: number;
  readonly #logger: Logger;
  #hasSent = false;
  /** Messages that were given up. */
  #losses = 0;
  #lastLoss: PintleError | undefined;

  /** @throws Error for a missing write key, ConfigError for an option that cannot be used */
  constructor(writeKey: string, options: AnalyticsOptions = {}) {
    const { enable = true, errorHandler, maxInternalQueueSize, logLevel } = options;
    this.#errorHandler = errorHandler;
    this.#mostPending = maxInternalQueueSize || 20_000;
    this.#logger = loggerFor(logLevel, options.pintle?.logger ?? console);
    const { url, config } = translate(options, this.#logger);
    if (!enable) {
      // What is wrong would be wrong in production, too.
      resolveConfig(writeKey, url, config, checkDurable, checkConnections);
      return;
    }
    this.pintle = new Pintle(writeKey, url, config);
    this.pintle.on("dropped", ({ error }) => this.#lost(error));
  }

  /** Ties a user to their traits, which are sent in `context.traits`, too. Throws for a message that is wrong, as all six calls do. */
  identify(message: FieldsOf<Identify>, callback?: ApiCallback): this {
    const { traits, context } = message ?? {};
    const copied = traits === undefined ? message : { ...message, context: { ...context, traits } };
    return this.#enqueue("identify", copied, callback);
  }

  /** Records something that a user did. */
  track(message: FieldsOf<Track>, callback?: ApiCallback): this {
    return this.#enqueue("track", message, callback);
  }

  /** Records a page view. */
  page(message: Omit<FieldsOf<Page>, "name"> & { readonly name?: string | undefined }, callback?: ApiCallback): this {
    return this.#enqueue("page", message, callback);
  }

  /** Records a view of a screen of an app. */
  screen(message: FieldsOf<Screen>, callback?: ApiCallback): this {
    return this.#enqueue("screen", message, callback);
  }

  /** Ties a user to a company, a project or a team. */
  group(message: FieldsOf<Group>, callback?: ApiCallback): this {
    return this.#enqueue("group", message, callback);
  }

  /** Ties a new identity of a user to an earlier one. */
  alias(message: FieldsOf<Alias>, callback?: ApiCallback): this {
    return this.#enqueue("alias", message, callback);
  }

  /**
   * Sends everything that is queued. Resolves when it is delivered or given up.
   *
   * @throws the reason, if messages were given up meanwhile and there is no `errorHandler`; an Error after a minute. A rejection that nobody
   *   handles does not end the program.
   */
  flush(callback?: FlushCallback): Promise<void> {
    const flushed = this.#flush();
    flushed.then(
      () => this.#call(callback),
      (error: Error) => this.#call(callback, error),
    );
    return flushed;
  }

  /**
   * Of the official SDK: Redis. Here `durable` keeps messages on disk; the callback is given an Error that says so.
   *
   * @example
   * ```ts
   * import Analytics from "@pintle/sdk/rudder-sdk-node";
   *
   * const analytics = new Analytics(WRITE_KEY, { dataPlaneUrl: DATA_PLANE_URL });
   * analytics.createPersistenceQueue({}, (error) => console.log(error?.message)); // keep messages on disk: ...
   * ```
   */
  createPersistenceQueue(_options: unknown, callback?: (error?: Error) => void): void {
    const error = new Error(
      "there is no queue in Redis here; keep messages on disk: { pintle: { durable: { directory } } }",
    );
    queueMicrotask(() => this.#call(callback, error));
  }

  #enqueue(type: Message["type"], message: object, callback: ApiCallback | undefined): this {
    const client = this.pintle;
    if (typeof message !== "object" || message === null) throw new TypeError(`${type}: the message is no object`);
    if (client === undefined) {
      queueMicrotask(() => this.#call(callback));
      return this;
    }
    if (client.stats().pending >= this.#mostPending) {
      const error = new PintleError("QUEUE_FULL", `${this.#mostPending} messages wait (maxInternalQueueSize)`);
      this.#logger.error(`pintle: ${error.message}`);
      queueMicrotask(() => this.#call(callback, error));
      return this;
    }
    const receipt = client.enqueue({ ...message, type } as unknown as Message);
    if (receipt.error !== undefined && isMistake(receipt.error)) throw receipt.error;
    if (callback !== undefined) void this.#callWhenEnded(receipt, callback);
    if (!this.#hasSent) {
      // The official SDK sends the first message at once.
      this.#hasSent = true;
      void client.flush({ timeout: 0 });
    }
    return this;
  }

  async #callWhenEnded(receipt: Receipt, callback: ApiCallback): Promise<void> {
    const outcome = await receipt.delivered();
    this.#call(callback, "error" in outcome ? outcome.error : undefined);
  }

  async #flush(): Promise<void> {
    if (this.pintle === undefined) return;
    const before = this.#losses;
    const { pending } = await this.pintle.flush({ timeout: flushTimeout });
    if (this.#errorHandler !== undefined) return;
    if (this.#losses > before) throw this.#lastLoss;
    if (pending > 0) throw new Error(`${pending} messages are not delivered yet; they are tried further`);
  }

  #lost(error: PintleError): void {
    // One error for all messages that were given up together.
    const isNew = this.#lastLoss !== error;
    this.#losses++;
    this.#lastLoss = error;
    if (isNew) this.#call(this.#errorHandler, error);
  }

  /** A function of the program's: what it throws is its own, but must end nothing here. */
  #call(callback: ((error: Error) => void) | ((error?: Error) => void) | undefined, error?: Error): void {
    callForeign(
      () => (error === undefined ? (callback as (() => void) | undefined)?.() : callback?.(error)),
      (thrown) => this.#logger.error(`pintle: a callback failed: ${kindOfThrown(thrown)}`),
    );
  }
}

/** What the official SDK throws for: the program can do nothing about the others, such as a full queue. */
function isMistake(error: Error): boolean {
  return error instanceof EventError || (error instanceof PintleError && error.code === "MESSAGE_NOT_ENCODABLE");
}

function translate(options: AnalyticsOptions, logger: Logger): { readonly url: string; readonly config: Config } {
  const { dataPlaneUrl, host, path = batchPath, flushAt, flushInterval, maxQueueSize, gzip, axiosConfig } = options;
  const base = (dataPlaneUrl || host || "https://hosted.rudderlabs.com").replace(/\/+$/, "");
  const prefix = path.replace(/\/+$/, "");
  if (!prefix.endsWith(batchPath)) {
    throw new ConfigError("path", path, JSON.stringify(path), `a path that ends in "${batchPath}"`);
  }
  for (const name of ["retryCount", "axiosInstance", "axiosRetryConfig"] as const) {
    if (options[name] !== undefined) logger.warn(`pintle: the option ${name} has no meaning here`);
  }
  const maxBatchBytes = options.pintle?.maxBatchBytes ?? Math.min(maxQueueSize || 460_800, 4_000_000);
  const config: Config = {
    // 0 stands for the default, as in the official SDK.
    batchSize: flushAt === undefined || flushAt === 0 ? 20 : Math.max(flushAt, 1),
    interval: flushInterval || 10_000,
    maxBatchBytes,
    // It warns at 32 KB and sends them all the same.
    maxMessageBytes: maxBatchBytes - envelopeBytes,
    gzip: gzip !== false,
    timeout: milliseconds(options.timeout) ?? milliseconds((axiosConfig as { timeout?: unknown })?.timeout) ?? 10_000,
    verbose: options.logLevel === "debug" || options.logLevel === "silly",
    ...options.pintle,
    logger,
  };
  return { url: base + prefix.slice(0, -batchPath.length), config };
}

/** 0 stands for none in axios: the default is used. */
function milliseconds(value: unknown): number | undefined {
  return parseDuration(value) || undefined;
}

/** `level` and what is graver. */
function loggerFor(level: string | undefined, logger: Logger): Logger {
  const least = Math.max(0, levels.indexOf((level ?? "info") as (typeof levels)[number]));
  const at = (name: keyof Logger): Logger["info"] =>
    levels.indexOf(name) >= least
      ? (text) =>
          void callForeign(
            () => logger[name](text),
            () => {},
          )
      : () => {};
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

export default Analytics;
/** What `require()` gives: the class itself, as the official SDK does. */
export { Analytics as "module.exports" };
