import { type Context, describe as describeValue, type Message } from "@pintle/events";
import {
  acceptMessage,
  encodeEnriched,
  type Further,
  type MessageRules,
  refusalFor,
  refuseLosses,
} from "./accept-message.ts";
import { activeSpan } from "./around/active-span.ts";
import { RequestScope } from "./around/request-scope.ts";
import type { ContextError, Scope } from "./around/scope.ts";
import { type ScopedPintle, scopedCalls } from "./around/scoped-pintle.ts";
import type { Config, Settings } from "./config.ts";
import { MessageCounters, type Stats } from "./counters.ts";
import { type Duration, parseDuration } from "./duration.ts";
import type { Listener } from "./emitter.ts";
import { byteLength, parseMessage } from "./encode.ts";
import type { Environment } from "./environment.ts";
import { ConfigError, PintleError } from "./errors.ts";
import { callForeign, describeThrown } from "./foreign.ts";
import { hasFields } from "./has-fields.ts";
import { IsoClock } from "./iso-clock.ts";
import { Notices } from "./notices.ts";
import type { Accepted, Outbox } from "./outbox/outbox.ts";
import { checkListener, type PintleEvents } from "./pintle-events.ts";
import type {
  AliasOf,
  AnyPlan,
  FieldsOf,
  GroupOf,
  IdentifyOf,
  MessageOf,
  PageOf,
  ScreenOf,
  TrackingPlan,
  TrackOf,
} from "./plan/plan.ts";
import { resolveConfig } from "./read-config.ts";
import { AcceptedReceipt, type Receipt, RefusedReceipt } from "./receipt.ts";
import { type CallRefusal, refusal } from "./refusal.ts";
import type { FlushResult } from "./send/flushes.ts";
import type { Signal } from "./signal.ts";

/** How to close. See {@link Pintle.close}. */
export interface CloseOptions {
  /** How long to try. Default: 10,000 ms. */
  readonly timeout?: Duration | undefined;
}

/** How to flush. See {@link Pintle.flush}. */
export interface FlushOptions {
  /** How long to wait. Default: 10,000 ms. */
  readonly timeout?: Duration | undefined;
  /** Ends the waiting; what is queued stays queued. */
  readonly signal?: Signal | undefined;
}

const defaultTimeout = 10_000;

/** Takes a message with fields that the model does not know, for the faces of other SDKs. */
export let enqueueWith: (client: PintleClient, message: Message, further: Further) => Receipt;

/**
 * The client, on any runtime. The entry points of the package give it their environment and export
 * it as `Pintle`.
 *
 * A call checks the message, encodes it, hands it to the outbox and returns; everything else
 * happens later, in `Pipeline`. No call throws into the program (unless it asks for that by
 * `strict`), blocks it, or makes a promise that may reject.
 */
export class PintleClient<Plan extends TrackingPlan<Plan> = AnyPlan> {
  readonly #settings: Settings;
  readonly #environment: Environment;
  readonly #counters: MessageCounters = new MessageCounters();
  readonly #notices: Notices;
  readonly #outbox: Outbox;
  readonly #clock: IsoClock = new IsoClock();
  readonly #scope: RequestScope;
  readonly #rules: MessageRules;
  #closing: Promise<FlushResult> | undefined;
  #ignoreSignals: (() => void) | undefined;
  #isUsed = false;
  #whenIdle: (() => void) | undefined;
  #queueFullRefusal: CallRefusal | undefined;
  #disabledRefusal: CallRefusal | undefined;

  /**
   * @param writeKey of the source that the messages are for
   * @param dataPlaneUrl where the data plane listens, for example `https://data.example.com`
   * @throws ConfigError, and nothing else
   */
  constructor(
    writeKey: string,
    dataPlaneUrl: string | { readonly href: string },
    config: Config<Plan> | undefined,
    environment: Environment,
  ) {
    const settings = resolveConfig(writeKey, dataPlaneUrl, config, environment.durable, environment.connections);
    this.#settings = settings;
    this.#environment = environment;
    this.#scope = new RequestScope(settings.defaultContext);
    const log = environment.openLog(settings, environment.monotonic);
    this.#notices = new Notices(log, this, (tell) => this.#scope.outside(tell));
    const { plan, beforeSend, strict, verbose } = settings;
    const tellLosses: MessageRules["checkLosses"] = (message, given) => this.#notices.losses(message, given);
    this.#rules = { plan, beforeSend, checkLosses: strict ? refuseLosses : verbose ? tellLosses : undefined };
    this.#outbox = environment.openOutbox(settings, environment, this.#counters, {
      encode: (result, original, more) => {
        const { json, key } = encodeEnriched(result, original, more);
        return { json, lane: environment.lane(key) };
      },
      queued: (json) => this.#notices.accepted(json),
      ended: (entries, outcome) => this.#notices.ended(entries, outcome),
      dropped: (json, outcome) => this.#notices.dropped([parseMessage(json)], outcome),
      problem: (error, kind) => this.#notices.problem(error, kind),
      debug: (text) => this.#notices.debug(text),
      busy: () => this.#busy(),
      idle: () => this.#idle(),
    });
    if (settings.enabled && settings.closeOnSignals === true)
      this.#ignoreSignals = environment.lifecycle?.onSignal(() => this.close());
  }

  /**
   * Ties a user to their traits.
   *
   * @example
   * ```ts
   * client.identify({ userId: "123", traits: { name: "Name Surname", email: "name@example.com" } });
   * ```
   */
  identify(message: FieldsOf<IdentifyOf<Plan>>): Receipt {
    return this.#offer("identify", message);
  }

  /**
   * Records something that a user did.
   *
   * @example
   * ```ts
   * client.track({ userId: "123", event: "Signed Up", properties: { plan: "Free" } });
   * ```
   */
  track(message: FieldsOf<TrackOf<Plan>>): Receipt {
    return this.#offer("track", message);
  }

  /**
   * Records a page view.
   *
   * @example
   * ```ts
   * client.page({ userId: "123", name: "Pizza", properties: { url: "https://shop.example.com/pizza" } });
   * ```
   */
  page(message: FieldsOf<PageOf<Plan>>): Receipt {
    return this.#offer("page", message);
  }

  /**
   * Records a view of a screen of an app.
   *
   * @example
   * ```ts
   * client.screen({ anonymousId: "device-7", name: "Basket", category: "Shop" });
   * ```
   */
  screen(message: FieldsOf<ScreenOf<Plan>>): Receipt {
    return this.#offer("screen", message);
  }

  /**
   * Ties a user to a company, a project or a team.
   *
   * @example
   * ```ts
   * client.group({ userId: "123", groupId: "company-1", traits: { name: "Company", employees: 42 } });
   * ```
   */
  group(message: FieldsOf<GroupOf<Plan>>): Receipt {
    return this.#offer("group", message);
  }

  /**
   * Ties a new identity of a user to an earlier one.
   *
   * @example
   * ```ts
   * client.alias({ previousId: "device-7", userId: "123" });
   * ```
   */
  alias(message: FieldsOf<AliasOf<Plan>>): Receipt {
    return this.#offer("alias", message);
  }

  /**
   * Takes a message of any type. Returns at once; the message is a snapshot, and what the caller
   * changes later is not sent. Never throws, unless the client is `strict` and the message is
   * refused.
   *
   * @example
   * ```ts
   * import type { Alias, Group, Identify, Message, Page, Screen, Track } from "@pintle/sdk";
   *
   * const identify: Identify = { type: "identify", userId: "123", traits: { plan: "Free" } };
   * const track: Track = { type: "track", userId: "123", event: "Signed Up" };
   * const page: Page = { type: "page", userId: "123", name: "Pizza" };
   * const screen: Screen = { type: "screen", userId: "123", name: "Basket" };
   * const group: Group = { type: "group", userId: "123", groupId: "company-1" };
   * const alias: Alias = { type: "alias", userId: "123", previousId: "device-7" };
   *
   * const messages: Message[] = [identify, track, page, screen, group, alias];
   * for (const message of messages) client.enqueue(message);
   * ```
   */
  enqueue(message: MessageOf<Plan>): Receipt {
    return this.#offer(undefined, message);
  }

  /**
   * Calls back on `accepted`, `delivered`, `dropped`, `refused` and `error`. A listener that
   * throws, or whose promise rejects, disturbs nobody; it is logged.
   *
   * @example
   * ```ts
   * import type { PintleEvents } from "@pintle/sdk";
   *
   * function report({ message, reason, error }: PintleEvents["dropped"]): void {
   *   console.error(message.messageId, reason, error.message);
   * }
   *
   * client.on("dropped", report);
   * client.on("error", ({ code, message }) => console.error(code, message));
   * ```
   * @throws ConfigError for an event that there is not, or a listener that is no function: at the
   * first run of a program that is wrong
   */
  on<Name extends keyof PintleEvents>(event: Name, listener: Listener<PintleEvents[Name]>): this {
    checkListener(event, listener);
    this.#notices.emitter.on(event, listener);
    return this;
  }

  /**
   * Calls back once, on the next one.
   *
   * @example
   * ```ts
   * client.once("delivered", ({ messageIds }) => console.log("the first", messageIds.length));
   * ```
   * @throws ConfigError as `on`
   */
  once<Name extends keyof PintleEvents>(event: Name, listener: Listener<PintleEvents[Name]>): this {
    checkListener(event, listener);
    this.#notices.emitter.once(event, listener);
    return this;
  }

  /**
   * Takes back one `on` or `once`.
   *
   * @example
   * ```ts
   * const count = ({ messageIds }: { readonly messageIds: readonly string[] }) => console.log(messageIds.length);
   *
   * client.on("delivered", count);
   * client.off("delivered", count);
   * ```
   */
  off<Name extends keyof PintleEvents>(event: Name, listener: Listener<PintleEvents[Name]>): this {
    this.#notices.emitter.off(event, listener);
    return this;
  }

  /**
   * Calls `fn`, and puts `context` under the context of every message that it sends, deeply, also
   * later and behind an `await`: for what is known of a request, such as `ip` and `userAgent`. The
   * message wins, then the innermost scope, then the outer ones, then `defaultContext`. The context
   * is taken as it is now. Two requests at a time do not see each other's.
   *
   * Returns what `fn` returns, and throws what it throws, nothing else: a context that JSON cannot
   * carry is left out and told as an `error`. What else may hold for a request: see `withScope`.
   * Needs `AsyncLocalStorage`, which Node, Bun and Deno have (Workers with `nodejs_compat`);
   * elsewhere the scope ends with the synchronous part of `fn`, which is told as an `error`, too.
   *
   * @example
   * ```ts
   * import type { Context } from "@pintle/sdk";
   *
   * const context: Context = { ip: "203.0.113.9", userAgent: "Mozilla/5.0" };
   *
   * await client.withContext(context, async () => {
   *   await Promise.resolve();
   *   client.track({ userId: "123", event: "Paid" }); // with the address and the browser
   * });
   * ```
   */
  withContext<Result>(context: Context, fn: () => Result): Result {
    return this.withScope({ context }, () => fn());
  }

  /**
   * Calls `fn`, and completes every message that it sends, also later and behind an `await`, with
   * what the scope holds: `userId`, `anonymousId`, `groupId` (of `group` calls; `context.groupId`
   * of the others), `properties` (of `track`, `page` and `screen`), `integrations` and `context`.
   * The message wins, then the innermost scope, then the outer ones, then `defaultContext`; objects
   * are merged deeply. A message whose `userId` or `anonymousId` is another than the scope's is
   * about somebody else, and gets neither from it.
   *
   * `fn` is given the calls of the client, bound to this scope, whose types know which ids it has.
   * Calls of the client itself find the innermost scope at run time; their types ask for an id all
   * the same. Returns and throws what `fn` does; what JSON cannot carry of the scope is left out,
   * and told as an `error`. Which runtimes carry a scope over an `await`: see `withContext`; bound
   * calls need none of it.
   *
   * @example
   * ```ts
   * await client.withScope({ userId: "123", properties: { plan: "Pro" } }, async (scoped) => {
   *   await Promise.resolve();
   *   scoped.track({ event: "Paid" }); // by the user 123, on the plan Pro
   *   client.track({ userId: "123", event: "Thanked" }); // on the plan Pro, too
   * });
   * ```
   */
  withScope<S extends Scope, Result>(scope: S, fn: (scoped: ScopedPintle<S, Plan>) => Result): Result {
    const wrong = (error: ContextError): void =>
      this.#notices.problem(
        new PintleError("PINTLE_CONTEXT_NOT_ENCODABLE", error.message, { cause: error }),
        "withScope",
      );
    const given = hasFields(scope) ? scope : {};
    return this.#scope.run(given, wrong, (again) => {
      if (!this.#scope.isAsynchronous && fn.length === 0) this.#notices.problem(synchronousScope(), "withScope");
      return fn(scopedCalls<S, Plan>((type, message) => again(() => this.#offer(type, message))));
    });
  }

  /**
   * Where every message is, at this instant.
   *
   * @example
   * ```ts
   * import assert from "node:assert/strict";
   *
   * client.track({ userId: "123", event: "Paid" });
   * client.track({ userId: "123", event: "" });
   *
   * const { offered, accepted, refused, pending } = client.stats();
   * assert.deepEqual({ offered, accepted, pending, invalid: refused.invalid }, { offered: 2, accepted: 1, pending: 1, invalid: 1 });
   * ```
   */
  stats(): Stats {
    return this.#counters.stats();
  }

  /**
   * Back-pressure: resolves when there is room for a message of the largest size. With `await
   * client.ready()` before each call no message is refused as `queue_full`, nor evicted. Room is
   * kept for whoever waited until the end of the turn.
   *
   * @example
   * ```ts
   * for (let i = 0; i < 1000; i++) {
   *   await client.ready(); // at once, unless the queue is full
   *   client.track({ userId: i, event: "Imported" });
   * }
   * ```
   */
  ready(): Promise<void> {
    return this.#outbox.ready();
  }

  /**
   * Sends what is queued, and resolves when every message that was accepted before this call is
   * delivered or dropped, or when the time is over. Tells what became of them. Never rejects; holds
   * the program while it waits.
   *
   * @example
   * ```ts
   * import assert from "node:assert/strict";
   *
   * client.track({ userId: "123", event: "Paid" });
   *
   * const { delivered, dropped, pending } = await client.flush({ timeout: "30s" });
   * assert.deepEqual({ delivered, dropped, pending }, { delivered: 1, dropped: 0, pending: 0 });
   * ```
   */
  flush(options: FlushOptions = {}): Promise<FlushResult> {
    return this.#outbox.flush(this.#milliseconds("flush", options?.timeout), options?.signal);
  }

  /**
   * Refuses new messages at once, tries every batch until the time is over, and drops what is left
   * as `abandoned`. Called again it gives the same result. Never rejects; holds the program while
   * it waits.
   *
   * @example
   * ```ts
   * import assert from "node:assert/strict";
   *
   * client.track({ userId: "123", event: "Paid" });
   *
   * const { delivered, dropped } = await client.close({ timeout: "5s" });
   * assert.deepEqual({ delivered, dropped }, { delivered: 1, dropped: 0 });
   * ```
   */
  close(options: CloseOptions = {}): Promise<FlushResult> {
    this.#closing ??= this.#close(this.#milliseconds("close", options?.timeout));
    return this.#closing;
  }

  async #close(timeout: number): Promise<FlushResult> {
    this.#ignoreSignals?.();
    const result = await this.#outbox.close(timeout);
    this.#notices.close();
    return result;
  }

  /**
   * `await using client = new Pintle(...)` closes it at the end of the block.
   *
   * @example
   * ```ts
   * import { Pintle } from "@pintle/sdk";
   *
   * await using client = new Pintle(WRITE_KEY, DATA_PLANE_URL);
   * client.track({ userId: "123", event: "Paid" });
   * ```
   */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  static {
    enqueueWith = (client, message, further) => client.#offer(undefined, message, further);
  }

  #offer(type: Message["type"] | undefined, given: unknown, further?: Further): Receipt {
    let messageId = "";
    try {
      if (!this.#isUsed) {
        // Not in the constructor, which does nothing but check and store: some runtimes allow no
        // more at that time.
        this.#isUsed = true;
        if (this.#settings.enabled) this.#environment.telemetry?.watch(this, this.#counters);
      }
      messageId = this.#environment.uuid();
      if (this.#closing !== undefined || this.#outbox.isClosed)
        throw refusal("closed", "PINTLE_CLIENT_CLOSED", "the client is closed");
      const message = acceptMessage(
        {
          type,
          given,
          further,
          messageId,
          originalTimestamp: this.#clock.format(this.#environment.now()),
          scope: this.#scope.current,
          span: activeSpan(),
        },
        this.#rules,
      );
      messageId = message.messageId;
      if (message.refusal !== undefined) throw message.refusal;
      return new AcceptedReceipt(messageId, this.#queue(message.type, message.json, message.key, message.more));
    } catch (thrown) {
      return this.#refuse(given, messageId, refusalFor(thrown));
    }
  }

  #queue(type: string, json: string, key: string, more: string): Accepted {
    if (!this.#settings.enabled) throw this.#disabled(type, json);
    const accepted = this.#outbox.accept(json, this.#environment.lane(key), more);
    if (accepted === "too_large") throw this.#tooLarge(type, byteLength(json));
    if (accepted === "queue_full") throw this.#queueFull();
    // What is enriched is told when it is queued.
    if (this.#settings.enrich === undefined) this.#notices.accepted(json);
    return accepted;
  }

  #disabled(type: string, json: string): CallRefusal {
    const bytes = byteLength(json);
    if (bytes > this.#settings.maxMessageBytes) return this.#tooLarge(type, bytes);
    this.#disabledRefusal ??= refusal("disabled", "PINTLE_CLIENT_DISABLED", "the client is not enabled");
    return this.#disabledRefusal;
  }

  #refuse(given: unknown, messageId: string, refused: CallRefusal): Receipt {
    const { reason, error } = refused;
    this.#counters.refused(reason);
    this.#notices.refused(given, messageId, refused);
    // That a client is disabled is what the program has asked for, and no mistake.
    if (this.#settings.strict && reason !== "disabled") throw error;
    this.#notices.logRefusal(given, refused);
    return new RefusedReceipt(messageId, reason, error);
  }

  #tooLarge(type: string, bytes: number): CallRefusal {
    const what = `${type}: the message has ${bytes} bytes, allowed are ${this.#settings.maxMessageBytes}`;
    return refusal("too_large", "PINTLE_MESSAGE_TOO_LARGE", what);
  }

  /**
   * One error for all: it is expensive to make, has nothing of its own to say, and is needed under
   * load.
   */
  #queueFull(): CallRefusal {
    if (this.#queueFullRefusal === undefined) {
      const { maxQueueBytes, durable } = this.#settings;
      const disk = durable === undefined ? "" : `, or into durable.maxBytes, ${durable.maxBytes}`;
      const what = `the message does not fit into the queue of ${maxQueueBytes} bytes${disk}`;
      this.#queueFullRefusal = refusal("queue_full", "PINTLE_QUEUE_FULL", what);
    }
    return this.#queueFullRefusal;
  }

  /**
   * A duration that is none is told: flush and close neither throw nor reject, and a program that
   * ends has no second try.
   */
  #milliseconds(call: string, timeout: unknown): number {
    const duration = parseDuration(timeout);
    if (duration === undefined && timeout !== undefined) {
      const allowed = `milliseconds, or a text such as "30s"; ${defaultTimeout} ms are used`;
      const error = new ConfigError(`${call}({ timeout })`, timeout, describeValue(timeout), allowed);
      this.#notices.problem(error, `${call} timeout`);
    }
    return duration ?? defaultTimeout;
  }

  #busy(): void {
    const { waitUntil } = this.#settings;
    if (waitUntil === undefined || this.#whenIdle !== undefined) return;
    const idle = new Promise<void>((resolve) => {
      this.#whenIdle = resolve;
    });
    callForeign(
      () => waitUntil(idle),
      (error) => {
        const what = `waitUntil failed: ${describeThrown(error)}`;
        this.#notices.problem(new PintleError("PINTLE_OPTION_FAILED", what, { cause: error }), "waitUntil");
      },
    );
  }

  #idle(): void {
    this.#whenIdle?.();
    this.#whenIdle = undefined;
  }
}

function synchronousScope(): PintleError {
  return new PintleError(
    "PINTLE_CONTEXT_NOT_CARRIED",
    "this runtime has no AsyncLocalStorage: a scope ends with fn's first await",
  );
}
