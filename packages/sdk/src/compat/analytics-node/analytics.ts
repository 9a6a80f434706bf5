import type { Message } from "@pintle/events";
import { Pintle } from "../../index.ts";
import type { Receipt } from "../../receipt.ts";
import { version } from "../../version.ts";
import { Context, type SegmentEvent } from "./context.ts";
import { AnalyticsEmitter } from "./emitter.ts";
import { makeEvent } from "./make-event.ts";
import type {
  AliasParams,
  CloseAndFlushParams,
  FlushParams,
  GroupParams,
  IdentifyParams,
  PageParams,
  TrackParams,
} from "./params.ts";
import { type EventPlugin, Plugins } from "./plugins.ts";
import { type AnalyticsSettings, intervalOf } from "./settings.ts";
import { translate } from "./translate.ts";
import { ValidationError } from "./validation-error.ts";

/** Called once, when the message has been delivered, or with the reason why it was not. */
export type Callback = (err?: unknown, ctx?: Context) => unknown;

/** How long `flush` waits where it is not said. */
const flushTimeout = 60_000;

/**
 * A piece of the program that sees each event: `before` and `enrichment` plugins change it,
 * `destination` plugins send it elsewhere beside the data plane, `after` plugins see it when that
 * is done. See {@link Analytics.register}.
 *
 * @example
 * ```ts
 * import { Analytics, type Plugin } from "@pintle/sdk/analytics-node";
 *
 * const region: Plugin = {
 *   name: "Region",
 *   type: "enrichment",
 *   isLoaded: () => true,
 *   load: async () => {},
 *   track(ctx) {
 *     ctx.updateEvent("context.region", "eu");
 *     return ctx;
 *   },
 * };
 * const analytics = new Analytics({ writeKey: WRITE_KEY, host: DATA_PLANE_URL });
 * await analytics.register(region);
 * analytics.track({ userId: "123", event: "Paid" });
 * await analytics.closeAndFlush();
 * ```
 */
export interface Plugin extends EventPlugin {
  version?: string;
  load: (ctx: Context, instance: Analytics) => Promise<unknown>;
  unload?: (ctx: Context, instance: Analytics) => Promise<unknown> | unknown;
  ready?: () => Promise<unknown>;
}

/**
 * `@segment/analytics-node` 3 by Pintle: the same constructor, calls, callbacks, events and
 * plugins, so that a program changes one import and sends to Pintle, RudderStack or Segment.
 *
 * What is different is that nothing is lost silently: messages are tried for an hour, in the order
 * of each user, and no failure ends the program. `pintle` is the client beneath, with receipts,
 * `stats` and all else.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { Analytics } from "@pintle/sdk/analytics-node";
 *
 * const analytics = new Analytics({ writeKey: WRITE_KEY, host: DATA_PLANE_URL });
 * analytics.on("error", ({ code, reason }) => console.error(code, reason));
 *
 * analytics.identify({ userId: "123", traits: { email: "name@example.com" } });
 * analytics.track({ userId: "123", event: "Paid" }, (error, ctx) => assert.equal(ctx?.event.event, "Paid"));
 * analytics.page({ userId: "123", name: "Pizza" });
 * analytics.screen({ userId: "123", name: "Basket" });
 * analytics.group({ userId: "123", groupId: "company-1" });
 * analytics.alias({ userId: "123", previousId: "device-7" });
 *
 * await analytics.closeAndFlush();
 * assert.equal(analytics.pintle.stats().delivered, 6);
 * ```
 */
export class Analytics extends AnalyticsEmitter {
  /** The client beneath. */
  readonly pintle: Pintle;
  /** Resolves at once: there is nothing to wait for. */
  readonly ready: Promise<void> = Promise.resolve();
  readonly #plugins = new Plugins<Plugin>();
  readonly #isDisabled: boolean;
  readonly #closeTimeout: number;
  /** Messages on their way, until their callbacks are done. */
  readonly #pending = new Set<Promise<void>>();
  /** Promises by user: when what plugins still have is handed to the client. */
  readonly #turns = new Map<string, Promise<void>>();
  #isClosed = false;

  /** @throws ValidationError without a write key; ConfigError for a setting that cannot be used */
  constructor(settings: AnalyticsSettings) {
    super();
    if (!settings.writeKey) throw new ValidationError("writeKey", "writeKey is missing.");
    const { url, config } = translate(settings, {
      isWatching: (event) => this.hasListeners(event),
      tell: (event, ...payload) => this.emit(event, ...payload),
    });
    this.#isDisabled = settings.disable === true;
    this.pintle = new Pintle(settings.writeKey, url, { ...config, enabled: !this.#isDisabled });
    this.#closeTimeout = intervalOf(settings) * 1.25;
  }

  get VERSION(): string {
    return version;
  }

  /** Ties a user to their traits. Throws for a message that is wrong, as all six calls do. */
  identify(params: IdentifyParams, callback?: Callback): void {
    this.#take("identify", params, callback);
  }

  /** Records something that a user did. */
  track(params: TrackParams, callback?: Callback): void {
    this.#take("track", params, callback);
  }

  /** Records a page view. */
  page(params: PageParams, callback?: Callback): void {
    this.#take("page", params, callback);
  }

  /** Records a view of a screen of an app. */
  screen(params: PageParams, callback?: Callback): void {
    this.#take("screen", params, callback);
  }

  /** Ties a user to a company, a project or a team. */
  group(params: GroupParams, callback?: Callback): void {
    this.#take("group", params, callback);
  }

  /** Ties a new identity of a user to an earlier one. */
  alias(params: AliasParams, callback?: Callback): void {
    this.#take("alias", params, callback);
  }

  /**
   * Adds plugins, and resolves when they are loaded. One that cannot be loaded is told as an
   * `error` and left out.
   *
   * @example
   * ```ts
   * import { Analytics } from "@pintle/sdk/analytics-node";
   *
   * const analytics = new Analytics({ writeKey: WRITE_KEY, host: DATA_PLANE_URL });
   * await analytics.register({
   *   name: "Only Paid",
   *   type: "before",
   *   isLoaded: () => true,
   *   load: async () => {},
   *   track: (ctx) => (ctx.event.event === "Paid" ? ctx : ctx.cancel()),
   * });
   * analytics.track({ userId: "123", event: "Paid" });
   * analytics.track({ userId: "123", event: "Looked" }); // goes nowhere
   * await analytics.closeAndFlush();
   * ```
   */
  async register(...plugins: Plugin[]): Promise<void> {
    await Promise.all(
      plugins.map(async (plugin) => {
        try {
          await plugin.load(systemContext(), this);
          this.#plugins.add(plugin);
        } catch (reason) {
          this.emit("error", { code: "plugin_load_failure", reason });
        }
      }),
    );
    this.emit(
      "register",
      plugins.map(({ name }) => name),
    );
  }

  /** Takes plugins out again, by their names. */
  async deregister(...pluginNames: string[]): Promise<void> {
    for (const name of pluginNames) {
      const plugin = this.#plugins.take(name);
      try {
        await plugin?.unload?.(systemContext(), this);
      } catch (reason) {
        this.emit("error", { code: "plugin_unload_failure", reason });
      }
    }
    this.emit("deregister", pluginNames);
  }

  /**
   * Sends everything that is queued. Resolves when it and its callbacks are done, or when the time
   * is over. Never rejects.
   */
  async flush({ timeout = flushTimeout, close = false }: FlushParams = {}): Promise<void> {
    if (close) this.#isClosed = true;
    const until = Date.now() + timeout;
    // What plugins still have goes to the client first.
    await within(timeout, Promise.all(this.#turns.values()));
    const left = Math.max(0, until - Date.now());
    await (close ? this.pintle.close({ timeout: left }) : this.pintle.flush({ timeout: left }));
    await within(Math.max(0, until - Date.now()), Promise.all(this.#pending));
  }

  /**
   * Takes no more messages, and sends everything that is queued. The time is 1.25 times
   * `flushInterval` where it is not said.
   */
  closeAndFlush({ timeout = this.#closeTimeout }: CloseAndFlushParams = {}): Promise<void> {
    return this.flush({ timeout, close: true });
  }

  #take(type: SegmentEvent["type"], params: object, callback: Callback | undefined): void {
    const event = makeEvent(type, params);
    if (this.#isClosed) {
      this.emit("call_after_close", event);
      return;
    }
    const given = (params as { readonly timestamp?: unknown }).timestamp !== undefined;
    const done = this.#carry(new Context(event), given ? undefined : event.timestamp, callback);
    this.#pending.add(done);
    void done.then(() => {
      this.#pending.delete(done);
      if (this.#pending.size === 0) this.emit("drained");
    });
  }

  /** An event from its call to the end of its callback. Never rejects. */
  async #carry(ctx: Context, madeUp: unknown, callback: Callback | undefined): Promise<void> {
    let carried = ctx;
    try {
      const handed = this.#hand(ctx, madeUp);
      const { receipt, changed } = handed instanceof Promise ? await handed : handed;
      carried = changed;
      const [outcome] = await Promise.all([receipt?.delivered(), this.#plugins.send(changed)]);
      carried.attempts = 1;
      if (outcome !== undefined && outcome.status !== "delivered") carried.setFailedDelivery({ reason: outcome.error });
      await this.#plugins.follow(carried);
    } catch (reason) {
      carried.setFailedDelivery({ reason });
    }
    const failure = carried.failedDelivery();
    const called = settled(() => callback?.(failure?.reason, carried));
    if (failure === undefined) this.emit(carried.event.type, carried);
    else this.emit("error", { code: "delivery_failure", reason: failure.reason, ctx: carried });
    await called;
  }

  /**
   * Hands an event to the client: at once, or when its plugins are done with it. Plugins of several
   * events run side by side; events of one user are handed over in the order of their calls all the
   * same.
   */
  #hand(ctx: Context, madeUp: unknown): Handed | Promise<Handed> {
    const key = ctx.event.userId ?? ctx.event.anonymousId ?? "";
    const before = this.#turns.get(key);
    if (before === undefined && this.#plugins.isEmpty) return this.#enqueue(ctx, madeUp);
    const changing = this.#plugins.change(ctx);
    const handed = Promise.all([changing, before]).then(([changed]) => this.#enqueue(changed, madeUp));
    const turn: Promise<void> = settled(() => Promise.allSettled([handed, before])).then(() => {
      if (this.#turns.get(key) === turn) this.#turns.delete(key);
    });
    this.#turns.set(key, turn);
    return handed;
  }

  #enqueue(changed: Context, madeUp: unknown): Handed {
    if (this.#isDisabled) return { receipt: undefined, changed };
    const { timestamp, ...event } = changed.event;
    // The time of the call is the client's to say, so that the data plane can correct the clock.
    const message = timestamp === madeUp ? event : changed.event;
    const receipt = this.pintle.enqueue(message as unknown as Message);
    if (receipt.error !== undefined) throw receipt.error;
    return { receipt, changed };
  }
}

/** An event that the client has; no receipt where it is disabled. */
interface Handed {
  readonly receipt: Receipt | undefined;
  readonly changed: Context;
}

function systemContext(): Context {
  return new Context(makeEvent("track", { event: "system", anonymousId: "system" }));
}

/** Resolves when what was called is done, however it ends. */
async function settled(call: () => unknown): Promise<void> {
  try {
    await call();
  } catch {
    // What the program's function throws is its own.
  }
}

/** Resolves when the promise does, or after so many milliseconds. */
async function within(milliseconds: number, promise: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  await Promise.race([promise, over]);
  clearTimeout(timer);
}
