import type { Context, Message } from "@pintle/events";
import type { BeforeSend } from "./before-send.ts";
import type { ConnectionSettings } from "./connection-settings.ts";
import type { Duration } from "./duration.ts";
import type { RequestHeaders } from "./headers.ts";
import type { Logger } from "./logger.ts";
import type { AnyPlan, PlanValidators } from "./plan/plan.ts";
import type { StandardSchema } from "./plan/standard-schema.ts";
import type { MemoryStore } from "./store/memory/memory-store.ts";
import type { Store, StoreHost } from "./store/store.ts";
import type { Transport } from "./transport/transport.ts";
import type { WritableMessage } from "./writable-message.ts";

/**
 * Keeps messages on disk until they are delivered. See docs/durable-mode.md.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { type DurableOptions, Pintle } from "@pintle/sdk";
 *
 * const durable: DurableOptions = { directory: process.env.EVENTS_DIR ?? "/var/lib/shop/events", sync: "10ms" };
 * const client = new Pintle(WRITE_KEY, DATA_PLANE_URL, { durable });
 *
 * const receipt = client.track({ userId: "123", event: "Paid" });
 * assert(await receipt.stored());
 * await client.close();
 * ```
 */
export interface DurableOptions {
  /**
   * The folder; made if it is not there. For one write key and data plane; several processes may
   * share it.
   */
  readonly directory: string;
  /**
   * Bytes on disk, for each process; at least 1,048,576, and 16 messages of the largest size.
   * Default: 1,073,741,824 (1 GiB).
   */
  readonly maxBytes?: number | undefined;
  /** A sync covers what came in this time. Up to one minute. Default: 5 ms. */
  readonly sync?: Duration | undefined;
}

/**
 * Options of a client. Durations are milliseconds, or a number with a unit such as `"30s"`; sizes
 * are bytes of UTF-8.
 *
 * @example
 * ```ts
 * import { type Config, Pintle } from "@pintle/sdk";
 *
 * const config: Config = {
 *   interval: "1s",
 *   batchSize: 100,
 *   maxAge: "6h",
 *   defaultContext: { app: { name: "shop", version: "1.4.2" } },
 *   beforeSend: (message) => (message.userId === "load-test" ? null : message),
 * };
 * const client = new Pintle(WRITE_KEY, DATA_PLANE_URL, config);
 * await client.close();
 * ```
 */
export interface Config<Plan = AnyPlan> {
  /**
   * Whether anything is sent. A client that is not enabled opens nothing: its calls are checked,
   * and what is right is refused as `disabled`, without a word and also with `strict` without a
   * throw. Default: true.
   */
  readonly enabled?: boolean | undefined;
  /**
   * A flush starts when this long has passed since the oldest unsent message. Default: 5,000 ms.
   */
  readonly interval?: Duration | undefined;
  /** Messages in one request, 1 to 20,000 (RudderStack's limit). Default: 250. */
  readonly batchSize?: number | undefined;
  /**
   * Uncompressed JSON bytes of one request, up to 4,000,000 (RudderStack refuses 4,096,000).
   * Default: 512,000.
   */
  readonly maxBatchBytes?: number | undefined;
  /**
   * Bytes of one encoded message, as sent. Default: 32,768, or less where `maxBatchBytes` or
   * `maxQueueBytes` is smaller.
   */
  readonly maxMessageBytes?: number | undefined;
  /** Bytes of messages held in memory, those in flight included. Default: 67,108,864 (64 MiB). */
  readonly maxQueueBytes?: number | undefined;
  /**
   * What gives way when the queue is full: the new message, refused as `queue_full`, or the oldest
   * that are not in flight, dropped as `evicted`. To lose neither: `await client.ready()` before
   * each call. Default: `"drop-newest"`.
   */
  readonly overflow?: "drop-newest" | "drop-oldest" | undefined;
  /**
   * Whether bodies above 1 KB are compressed, at a fast level and off the event loop. Default:
   * true.
   */
  readonly gzip?: boolean | undefined;
  /** The time for one attempt, from connecting to the end of the answer. Default: 10,000 ms. */
  readonly timeout?: Duration | undefined;
  /**
   * How long a message is tried before it is dropped as `expired`. Default: `"1h"`, and `"7d"` in
   * durable mode.
   */
  readonly maxAge?: Duration | undefined;
  /** Requests in flight at one time, 1 to 256. Default: 4. */
  readonly concurrency?: number | undefined;
  /**
   * Merged under each message's own context, deeply; the message wins. Taken as it is now. Default:
   * none.
   */
  readonly defaultContext?: Context | undefined;
  /**
   * Called with a copy of each message as it would be sent, at the call and synchronously. What it
   * returns is sent; `null` refuses the message as `filtered`, a throw as `before_send`. Of a list
   * each gets what the one before returned. Ready-made: `sample`, `redact` and `rename`. Default:
   * none.
   */
  readonly beforeSend?: BeforeSend | readonly BeforeSend[] | undefined;
  /**
   * Called with a copy of each message that was accepted, before it is queued: what its promise
   * gives is sent, nothing stands for the copy, and a failure for the message as it was at the
   * call. Messages of one user keep their order; 64 are enriched at one time. Default: none.
   */
  // biome-ignore lint/suspicious/noConfusingVoidType: a function that returns nothing has written into its copy
  readonly enrich?: ((message: WritableMessage) => PromiseLike<Message | undefined | void>) | undefined;
  /**
   * How long `enrich` may take for a message, from the call on; then the message is sent without
   * it. Default: 5,000 ms.
   */
  readonly enrichTimeout?: Duration | undefined;
  /**
   * Validators of properties by name of event: schemas of Zod, Valibot, ArkType or any other
   * library with Standard Schema. A message that fails is refused as `invalid`. Default: none.
   */
  readonly plan?: PlanValidators<Plan> | undefined;
  /**
   * Whether `enqueue` and the six calls throw on a refusal: for tests and development. Default:
   * false.
   */
  readonly strict?: boolean | undefined;
  /**
   * Keeps messages on disk, so that neither a crash nor a long outage loses them:
   * `receipt.stored()` tells when one is. Node, Bun and Deno only. Default: memory only.
   */
  readonly durable?: DurableOptions | undefined;
  /** Whether to log what is sent and answered, and not only problems. Default: false. */
  readonly verbose?: boolean | undefined;
  /**
   * Where to log. Bodies and write keys are never logged, a repeated problem once per minute.
   * Default: `console`.
   */
  readonly logger?: Logger | undefined;
  /**
   * The HTTP proxy through which the data plane is reached, with user name and password where it
   * wants them; `false` for none. For https it is asked for the way by CONNECT. Node, Bun and Deno
   * only. Default: as the environment says (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`).
   */
  readonly proxy?: string | { readonly href: string } | false | undefined;
  /**
   * An Agent of `node:http` or `node:https` (as the URL is) that makes the connections. It is not
   * closed with the client. Node only.
   */
  readonly agent?: object | undefined;
  /**
   * Certificates of the authorities that are trusted, in PEM: in the place of those that the
   * runtime knows. Node, Bun and Deno only. Default: those of the runtime.
   */
  readonly ca?: string | Uint8Array | readonly (string | Uint8Array)[] | undefined;
  /**
   * Headers for each request beside the SDK's own, as values or as functions that are asked for
   * each request. Default: none.
   */
  readonly headers?: RequestHeaders | undefined;
  /**
   * How requests are made. Default: keep-alive connections of `node:http` on Node, `fetch`
   * elsewhere.
   */
  readonly transport?: Transport | undefined;
  /**
   * Whether to send the headers of RudderStack's multi-node proxy, and to obey its status 451.
   * Default: true.
   */
  readonly nodeAware?: boolean | undefined;
  /**
   * Keeps a runtime that stops a program after its response waiting: called with a promise whenever
   * messages begin to wait. It resolves when none waits any more, and never rejects. Default: none.
   */
  readonly waitUntil?: ((promise: Promise<unknown>) => void) | undefined;
  /**
   * Whether SIGTERM and SIGINT close the client, and then have their usual effect. Default: SIGTERM
   * alone, where nobody else listens to it: what waits is delivered within `exitTimeout` before it
   * has its effect.
   */
  readonly closeOnSignals?: boolean | undefined;
  /**
   * How long a program that ends by itself is held to deliver what is queued. Default: 2,000 ms.
   */
  readonly exitTimeout?: Duration | undefined;
}

/** A configuration after all checks: every option has its value, durations are milliseconds. */
export interface Settings {
  readonly writeKey: string;
  /** The data plane's URL, without a slash at the end. */
  readonly url: string;
  readonly enabled: boolean;
  readonly interval: number;
  readonly batchSize: number;
  readonly maxBatchBytes: number;
  readonly maxMessageBytes: number;
  readonly maxQueueBytes: number;
  readonly overflow: "drop-newest" | "drop-oldest";
  readonly gzip: boolean;
  readonly timeout: number;
  readonly maxAge: number;
  readonly concurrency: number;
  readonly defaultContext: Context | undefined;
  readonly beforeSend: readonly BeforeSend[] | undefined;
  readonly enrich: Enrich | undefined;
  readonly enrichTimeout: number;
  readonly plan: Validators | undefined;
  readonly strict: boolean;
  readonly durable: DurableSettings | undefined;
  readonly verbose: boolean;
  readonly logger: Logger;
  /** `undefined` for connections as they are made without any option. */
  readonly connections: ConnectionSettings | undefined;
  readonly headers: RequestHeaders | undefined;
  readonly transport: Transport | undefined;
  readonly nodeAware: boolean;
  readonly waitUntil: ((promise: Promise<unknown>) => void) | undefined;
  /** `undefined`: for SIGTERM, where nobody else listens. */
  readonly closeOnSignals: boolean | undefined;
  readonly exitTimeout: number;
}

export interface DurableSettings {
  readonly directory: string;
  readonly maxBytes: number;
  /** Milliseconds. */
  readonly sync: number;
  /** Opens the store of a client. */
  readonly open: (settings: Settings, memory: MemoryStore, host: StoreHost) => Store;
}

export type Validators = Readonly<Record<string, StandardSchema | undefined>>;

/** `{"batch":[` and `]}` around the messages of a request. */
export const envelopeBytes = 12;

/**
 * Reads the option `durable`, which has to fit the others. Not there on runtimes without a file
 * system.
 */
export type DurableCheck = (value: unknown, others: Pick<Settings, "overflow" | "maxMessageBytes">) => DurableSettings;

/**
 * Reads the options `proxy`, `agent` and `ca`. Not there on runtimes that make connections by
 * themselves.
 */
export type ConnectionsCheck = (
  options: Pick<Config, "proxy" | "agent" | "ca">,
  concurrency: number,
  url: string,
) => ConnectionSettings;

/**
 * The option `enrich`. What it returns is sent; nothing stands for the message that it was given.
 */
export type Enrich = (message: WritableMessage) => PromiseLike<unknown>;
