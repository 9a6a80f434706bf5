import type { Message } from "@pintle/events";
import { checkConnections } from "../../connection-options.ts";
import { PintleError } from "../../errors.ts";
import { callForeign } from "../../foreign.ts";
import { Pintle } from "../../index.ts";
import { kindOfThrown } from "../../logged.ts";
import type { Logger } from "../../logger.ts";
import { enqueueWith } from "../../pintle.ts";
import { resolveConfig } from "../../read-config.ts";
import type { Receipt } from "../../receipt.ts";
import { checkDurable } from "../../store/durable/durable-options.ts";
import { assertMessage, insist } from "./assert-message.ts";
import { encodeFurther, timeOfCall } from "./further-fields.ts";
import type * as options from "./options.ts";
import { type constructorOptions, loggerFor, translate } from "./options.ts";
import type * as types from "./types.ts";
import type {
  AliasParams,
  apiCallback,
  FlushCallback,
  GroupParams,
  IdentifyParams,
  PageParams,
  ScreenParams,
  SentBatch,
  TrackParams,
} from "./types.ts";

/** How long `flush` waits at most; what is queued then stays queued. */
const flushTimeout = 60_000;

/** Fields of a message that Pintle has itself; all others are sent as they are. */
const modelled: ReadonlySet<string> = new Set([
  ...["type", "messageId", "channel", "sentAt", "userId", "anonymousId", "timestamp", "context", "integrations"],
  ...["event", "name", "category", "groupId", "previousId", "properties", "traits"],
]);

/**
 * `@rudderstack/rudder-sdk-node` 3 by Pintle: the same constructor, methods, callbacks and `flush`,
 * so that a program changes one import.
 *
 * What is different is that nothing is lost: a message is tried for an hour and not three times, no
 * failure ends the program, `flush` sends everything and not one batch. `pintle` is the client
 * beneath, with receipts, `close`, `stats` and all else.
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
  /** Messages on their way, as they were given. */
  readonly #pending = new Set<Sent>();
  #hasSent = false;
  /** Messages that were given up. */
  #losses = 0;
  #lastLoss: Error | undefined;

  /**
   * @throws AssertionError for a missing write key, ConfigError for an option that cannot be used
   */
  constructor(writeKey: string, options?: constructorOptions | null) {
    insist(writeKey, "You must pass your RudderStack project's write key.");
    const { enable = true, errorHandler, maxInternalQueueSize, logLevel, pintle } = options ?? {};
    this.#errorHandler = errorHandler;
    this.#mostPending = maxInternalQueueSize || 20_000;
    this.#logger = loggerFor(logLevel, pintle?.logger ?? console);
    const { url, config } = translate(options ?? {}, this.#logger);
    if (!enable) {
      // What is wrong would be wrong in production, too.
      resolveConfig(String(writeKey), url, config, checkDurable, checkConnections);
      return;
    }
    this.pintle = new Pintle(String(writeKey), url, config);
    this.pintle.on("dropped", ({ error }) => this.#lost(error));
  }

  /**
   * Ties a user to their traits, which are sent in `context.traits`, too. Throws for a message that
   * is wrong, as all six calls do.
   */
  identify(message: IdentifyParams, callback?: apiCallback): this {
    return this.#take("identify", message, callback);
  }

  /** Records something that a user did. */
  track(message: TrackParams, callback?: apiCallback): this {
    return this.#take("track", message, callback);
  }

  /** Records a page view. */
  page(message: PageParams, callback?: apiCallback): this {
    return this.#take("page", message, callback);
  }

  /** Records a view of a screen of an app. */
  screen(message: ScreenParams, callback?: apiCallback): this {
    return this.#take("screen", message, callback);
  }

  /** Ties a user to a company, a project or a team. */
  group(message: GroupParams, callback?: apiCallback): this {
    return this.#take("group", message, callback);
  }

  /** Ties a new identity of a user to an earlier one. */
  alias(message: AliasParams, callback?: apiCallback): this {
    return this.#take("alias", message, callback);
  }

  /**
   * Sends everything that is queued. Resolves when it is delivered or given up, with what was
   * delivered; with nothing where nothing was queued.
   *
   * @throws the reason, if messages were given up meanwhile and there is no `errorHandler`; an
   * Error after a minute. A rejection that nobody
   *   handles does not end the program.
   */
  flush(callback?: FlushCallback): Promise<SentBatch | undefined> {
    const flushed = this.#flush();
    flushed.then(
      (data) => this.#call(callback, undefined, data),
      (error: Error) => this.#call(callback, error),
    );
    return flushed;
  }

  /**
   * Does not set up Redis, as the official SDK does: here `durable` keeps messages on disk. The
   * callback is given an Error that says so.
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

  #take(type: Message["type"], message: object, callback: apiCallback | undefined): this {
    assertMessage(message, type);
    const client = this.pintle;
    if (client === undefined) {
      queueMicrotask(() => this.#call(callback));
      return this;
    }
    if (client.stats().pending >= this.#mostPending) {
      // The official SDK leaves it at a line in the log.
      const error = new PintleError("PINTLE_QUEUE_FULL", `${this.#mostPending} messages wait (maxInternalQueueSize)`);
      this.#logger.error(`pintle: ${error.message}`);
      queueMicrotask(() => this.#call(callback, error));
      return this;
    }
    const { fields, further } = divided(type, message);
    const { originalTimestamp } = message;
    const receipt = enqueueWith(client, fields as unknown as Message, {
      // Read where a throw is a refusal.
      get originalTimestamp() {
        return timeOfCall(originalTimestamp);
      },
      encode: () => encodeFurther(further),
    });
    const sent = { ...fields, ...further, ...(originalTimestamp === undefined ? {} : { originalTimestamp }) };
    void this.#follow(receipt, { message: sent, isDelivered: false }, callback);
    if (!this.#hasSent) {
      // The official SDK sends the first message at once.
      this.#hasSent = true;
      void client.flush({ timeout: 0 });
    }
    return this;
  }

  async #follow(receipt: Receipt, sent: Sent, callback: apiCallback | undefined): Promise<void> {
    this.#pending.add(sent);
    const outcome = await receipt.delivered();
    sent.isDelivered = outcome.status === "delivered";
    this.#pending.delete(sent);
    if (callback !== undefined) this.#call(callback, "error" in outcome ? outcome.error : undefined, batchOf([sent]));
  }

  async #flush(): Promise<SentBatch | undefined> {
    if (this.pintle === undefined) return undefined;
    const before = this.#losses;
    const waiting = [...this.#pending];
    const { pending } = await this.pintle.flush({ timeout: flushTimeout });
    const delivered = waiting.filter(({ isDelivered }) => isDelivered);
    const data = delivered.length === 0 ? undefined : batchOf(delivered);
    if (this.#errorHandler !== undefined) return data;
    if (this.#losses > before) throw this.#lastLoss;
    if (pending > 0) throw new Error(`${pending} messages are not delivered yet; they are tried further`);
    return data;
  }

  #lost(error: Error): void {
    // One error for all messages that were given up together.
    const isNew = this.#lastLoss !== error;
    this.#losses++;
    this.#lastLoss = error;
    if (isNew && this.#errorHandler !== undefined) this.#call(this.#errorHandler as FlushCallback, error);
  }

  /** A function of the program's: what it throws is its own, but must end nothing here. */
  #call(callback: FlushCallback | undefined, error?: Error, data?: SentBatch): void {
    if (callback === undefined) return;
    const args: Parameters<FlushCallback> = data === undefined ? (error === undefined ? [] : [error]) : [error, data];
    callForeign(
      () => callback(...args),
      (thrown) => this.#logger.error(`pintle: a callback failed: ${kindOfThrown(thrown)}`),
    );
  }
}

/** The types as programs name those of the official SDK: `Analytics.apiObject`. */
export declare namespace Analytics {
  /** Traits, properties or a context. */
  export type apiObject = types.apiObject;
  /** Destinations by name. */
  export type integrationOptions = types.integrationOptions;
  /** What the constructor takes. */
  export type constructorOptions = options.constructorOptions;
  /** Called once for a message. */
  export type apiCallback = types.apiCallback;
  /** Called once for a flush. */
  export type FlushCallback = types.FlushCallback;
  /** What `identify` takes. */
  export type IdentifyParams = types.IdentifyParams;
  /** What `page` takes. */
  export type PageParams = types.PageParams;
  /** What `track` takes. */
  export type TrackParams = types.TrackParams;
  /** What `group` takes. */
  export type GroupParams = types.GroupParams;
  /** What `screen` takes. */
  export type ScreenParams = types.ScreenParams;
  /** What `alias` takes. */
  export type AliasParams = types.AliasParams;
  // What `require()` gives has itself by these names, for programs compiled to CommonJS.
  export { Analytics, Analytics as default };
}

interface Sent {
  readonly message: object;
  isDelivered: boolean;
}

function batchOf(sent: readonly Sent[]): SentBatch {
  const now = new Date();
  return { batch: sent.map(({ message }) => message), timestamp: now, sentAt: now };
}

/**
 * A message as Pintle takes it, and what else is to be sent: fields of the program's own, a time of
 * the past, and what the official SDK adds.
 */
function divided(type: Message["type"], message: Readonly<Record<string, unknown>>) {
  const { traits, context, messageId, properties, originalTimestamp: _, _metadata, ...rest } = message;
  const others = Object.entries(rest).filter(([field]) => !modelled.has(field));
  const further: Readonly<Record<string, unknown>> = {
    ...Object.fromEntries(others),
    _metadata: { nodeVersion: process.versions.node, ...(_metadata as object) },
    // What is no object in the model is sent as the official SDK does.
    ...(isModelled(traits) ? {} : { traits }),
    ...(isModelled(properties) ? {} : { properties }),
  };
  const given = type === "identify" && traits !== undefined ? { ...(context as object), traits } : context;
  const known = Object.entries(rest).filter(([field]) => modelled.has(field));
  const fields = {
    ...Object.fromEntries(known),
    type,
    ...(messageId === undefined ? {} : { messageId: String(messageId) }),
    ...(given === undefined ? {} : { context: given }),
    ...(isModelled(traits) && traits !== undefined ? { traits } : {}),
    ...(isModelled(properties) && properties !== undefined ? { properties } : {}),
  };
  return { fields, further };
}

function isModelled(value: unknown): boolean {
  return value === undefined || (typeof value === "object" && value !== null && !Array.isArray(value));
}
