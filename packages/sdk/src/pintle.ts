import {
  type Context,
  deepestEvent,
  describe as describeValue,
  EventError,
  isBlank,
  type Message,
} from "@pintle/events";
import { checkMessage } from "@pintle/events/strict";
import { RequestScope } from "./around/request-scope.ts";
import type { ContextError, Scope } from "./around/scope.ts";
import { type ScopedPintle, scopedCalls } from "./around/scoped-pintle.ts";
import { applyBeforeSend } from "./before-send.ts";
import { type Config, resolveConfig, type Settings } from "./config.ts";
import { Counters, type Stats } from "./counters.ts";
import { ChannelRelay } from "./diagnostics/channels.ts";
import { type Duration, parseDuration } from "./duration.ts";
import { Emitter, type Listener } from "./emitter.ts";
import {
  decodeMessage,
  type Envelope,
  encodeFurther,
  encodeMessage,
  type FurtherFields,
  suffixBytes,
  type WireMessage,
} from "./encode.ts";
import { Enrichment } from "./enrichment.ts";
import type { Environment, Resident } from "./environment/environment.ts";
import { ConfigError, PintleError } from "./errors.ts";
import { callForeign, describeThrown as describe } from "./foreign.ts";
import { IsoClock } from "./iso-clock.ts";
import { eventName, kindOfThrown, loggedAs, logText } from "./logged.ts";
import { findLosses, findUnknownFields, type Loss } from "./lossy.ts";
import { addSpan, fieldsOf } from "./message-fields.ts";
import type { Delivered, Dropped, DropReason, RefusalReason } from "./outcome.ts";
import {
  type AliasOf,
  type AnyPlan,
  type FieldsOf,
  findPlanViolation,
  type GroupOf,
  type IdentifyOf,
  type MessageOf,
  type PageOf,
  type ScreenOf,
  type TrackingPlan,
  type TrackOf,
} from "./plan/plan.ts";
import { AcceptedReceipt, type Receipt, RefusedReceipt } from "./receipt.ts";
import { foreignRefusal, Refusal, refusal } from "./refusal.ts";
import { Reporter } from "./reporter.ts";
import { Delivery } from "./send/delivery.ts";
import type { FlushResult } from "./send/flushes.ts";
import { TooDeep } from "./shallow.ts";
import type { Signal } from "./signal.ts";
import type { Entry } from "./store/entry.ts";

/** What listeners are told; see `on`. */
export interface PintleEvents {
  /** One message that was taken, at the call, as it will be sent (but for `sentAt`). */
  readonly accepted: { readonly message: WireMessage };
  /** An answer that confirmed messages. */
  readonly delivered: { readonly messageIds: readonly string[] };
  /** One message that was given up, as it would have been sent. */
  readonly dropped: { readonly message: WireMessage; readonly reason: DropReason; readonly error: PintleError };
  /** One message that was not taken, as the caller gave it. */
  readonly refused: {
    readonly message: unknown;
    readonly messageId: string;
    readonly reason: RefusalReason;
    readonly error: PintleError | EventError;
  };
  /** A problem that is not about one message: a request that failed, a wrong key, an option's function that threw. */
  readonly error: PintleError;
}

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
export let enqueueWith: (client: PintleClient, message: Message, further: FurtherFields) => Receipt;

/**
 * The client, on any runtime. The entry points of the package give it their environment and export it as `Pintle`.
 *
 * A call checks the message, encodes it, queues the bytes and returns; everything else happens later, in `Delivery`. No
 * call throws into the program (unless it asks for that by `strict`), blocks it, or makes a promise that may reject.
 */
export class PintleClient<Plan extends TrackingPlan<Plan> = AnyPlan> {
  readonly #settings: Settings;
  readonly #environment: Environment;
  readonly #counters: Counters = new Counters();
  readonly #emitter: Emitter<PintleEvents>;
  readonly #reporter: Reporter;
  readonly #delivery: Delivery;
  readonly #clock: IsoClock = new IsoClock();
  readonly #resident: Resident;
  readonly #scope: RequestScope;
  readonly #enrichment: Enrichment | undefined;
  /** Kinds of losses that have been told. */
  readonly #toldLosses: Set<string> | undefined;
  #closing: Promise<FlushResult> | undefined;
  #ignoreSignals: (() => void) | undefined;
  #isUsed = false;
  #whenIdle: (() => void) | undefined;
  #queueFullRefusal: Refusal | undefined;
  #disabledRefusal: Refusal | undefined;

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
    this.#reporter = new Reporter(settings.logger, settings.verbose, environment.monotonic);
    this.#emitter = new Emitter((event, error) => {
      this.#reporter.problem("error", `listener ${event}`, `a listener of "${event}" failed: ${kindOfThrown(error)}`);
    }, new ChannelRelay(this));
    this.#toldLosses = settings.strict || settings.verbose ? new Set() : undefined;
    this.#delivery = new Delivery(settings, environment, this.#counters, {
      ended: (entries, outcome) => this.#ended(entries, outcome),
      problem: (error, kind) => this.#problem(error, kind),
      debug: (text) => this.#reporter.debug(text),
      busy: () => this.#busy(),
      idle: () => this.#idle(),
    });
    const { enrich, enrichTimeout, exitTimeout } = settings;
    if (enrich !== undefined) {
      this.#enrichment = new Enrichment(enrich, enrichTimeout, environment, this.#counters, {
        encode: (result, original, more) => this.#encodeEnriched(result, original, more),
        accept: (json, lane) => this.#queue(json, lane),
        busy: () => this.#busy(),
        dropped: (json, outcome) => this.#dropped([parse(json)], outcome),
        problem: (error) => this.#problem(error, "enrich"),
      });
    }
    this.#resident = {
      minds: settings.closeOnSignals === undefined,
      drain: async () => {
        const began = environment.monotonic();
        await this.#enriched(exitTimeout / 2);
        await this.#delivery.drain(environment.monotonic() - began);
      },
      // Listeners can still save what is left.
      lost: () => {
        this.#enrichment?.release();
        this.#delivery.abandon("process.exit() or an exception came before the message was delivered");
      },
    };
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
   * Takes a message of any type. Returns at once; the message is a snapshot, and what the caller changes later is not sent.
   * Never throws, unless the client is `strict` and the message is refused.
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
   * Calls back on `accepted`, `delivered`, `dropped`, `refused` and `error`. A listener that throws, or whose promise rejects, disturbs
   * nobody; it is logged.
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
   * @throws ConfigError for an event that there is not, or a listener that is no function: at the first run of a program that is wrong
   */
  on<Name extends keyof PintleEvents>(event: Name, listener: Listener<PintleEvents[Name]>): this {
    checkListener(event, listener);
    this.#emitter.on(event, listener);
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
    this.#emitter.once(event, listener);
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
    this.#emitter.off(event, listener);
    return this;
  }

  /**
   * Calls `fn`, and puts `context` under the context of every message that it sends, deeply, also later and behind an
   * `await`: for what is known of a request, such as `ip` and `userAgent`. The message wins, then the innermost scope, then the outer ones,
   * then `defaultContext`. The context is taken as it is now. Two requests at a time do not see each other's.
   *
   * Returns what `fn` returns, and throws what it throws, nothing else: a context that JSON cannot carry is left out and told as an
   * `error`. What else may hold for a request: see `withScope`. Needs `AsyncLocalStorage`, which Node, Bun and Deno have (Workers with `nodejs_compat`); elsewhere the scope ends with the synchronous
   * part of `fn`, which is told as an `error`, too.
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
   * Calls `fn`, and completes every message that it sends, also later and behind an `await`, with what the scope holds: `userId`, `anonymousId`,
   * `groupId` (of `group` calls; `context.groupId` of the others), `properties` (of `track`, `page` and `screen`), `integrations` and `context`. The
   * message wins, then the innermost scope, then the outer ones, then `defaultContext`; objects are merged deeply. A message whose `userId` or `anonymousId`
   * is another than the scope's is about somebody else, and gets neither from it.
   *
   * `fn` is given the calls of the client, bound to this scope, whose types know which ids it has. Calls of the client itself find the innermost
   * scope at run time; their types ask for an id all the same. Returns and throws what `fn` does; what JSON cannot carry of the scope is left out, and
   * told as an `error`. Which runtimes carry a scope over an `await`: see `withContext`; bound calls need none of it.
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
      this.#problem(new PintleError("PINTLE_CONTEXT_NOT_ENCODABLE", error.message, { cause: error }), "withScope");
    const given = isObject(scope) ? scope : {};
    return this.#scope.run(given, wrong, (again) => {
      if (!this.#scope.isAsynchronous && fn.length === 0) this.#problem(synchronousScope(), "withScope");
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
   * Back-pressure: resolves when there is room for a message of the largest size. With `await client.ready()` before each
   * call no message is refused as `queue_full`, nor evicted. Room is kept for whoever waited until the end of the turn.
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
    return this.#delivery.ready();
  }

  /**
   * Sends what is queued, and resolves when every message that was accepted before this call is delivered or dropped, or
   * when the time is over. Tells what became of them. Never rejects; holds the program while it waits.
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
    const timeout = this.#milliseconds("flush", options?.timeout);
    const flushed = this.#delivery.flush(timeout, options?.signal);
    if (this.#enrichment === undefined) return flushed;
    const { delivered, dropped } = this.#counters;
    const began = this.#environment.monotonic();
    const waited = this.#enrichment.settled(timeout, options?.signal);
    return waited.then(async () => {
      // What has ended meanwhile, and what ends from now on.
      const ended = { delivered: this.#counters.delivered - delivered, dropped: this.#counters.dropped - dropped };
      const left = Math.max(0, timeout - (this.#environment.monotonic() - began));
      const result = await this.#delivery.flush(left, options?.signal);
      return {
        delivered: ended.delivered + result.delivered,
        dropped: ended.dropped + result.dropped,
        pending: result.pending + (this.#counters.pending - this.#counters.queued),
      };
    });
  }

  /**
   * Refuses new messages at once, tries every batch until the time is over, and drops what is left as `abandoned`. Called
   * again it gives the same result. Never rejects; holds the program while it waits.
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
    const { delivered, dropped } = this.#counters;
    const began = this.#environment.monotonic();
    if (this.#enrichment !== undefined) {
      void this.#delivery.flush(timeout);
      await this.#enriched(timeout / 2);
    }
    await this.#delivery.close(Math.max(0, timeout - (this.#environment.monotonic() - began)));
    this.#environment.lifecycle?.forget(this.#resident);
    this.#reporter.close();
    const counters = this.#counters;
    return {
      delivered: counters.delivered - delivered,
      dropped: counters.dropped - dropped,
      pending: counters.pending,
    };
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

  #offer(type: Message["type"] | undefined, given: unknown, further?: FurtherFields): Receipt {
    let messageId = "";
    try {
      if (!this.#isUsed) this.#begin();
      messageId = this.#environment.uuid();
      // Delivery closes by itself where a program with a durable client ends.
      if (this.#closing !== undefined || this.#delivery.isClosed)
        throw refusal("closed", "PINTLE_CLIENT_CLOSED", "the client is closed");
      const scope = this.#scope.current;
      const fields = isObject(given) ? fieldsOf(given, type) : undefined;
      messageId = idOf(fields) ?? messageId;
      if (fields !== undefined) {
        scope.complete(fields);
        addSpan(fields);
      }
      let message = checked(fields ?? given);
      this.#checkPlan(message);
      const originalTimestamp = timeOfCall(further) ?? this.#clock.format(this.#environment.now());
      let json = encode(message, { messageId, originalTimestamp, base: scope.baseFor(message.type) });
      if (this.#toldLosses !== undefined) this.#checkLosses(message, given);
      const { beforeSend } = this.#settings;
      if (beforeSend !== undefined) {
        message = messageOf(applyBeforeSend(beforeSend, json));
        messageId = idOf(message) ?? messageId;
        // What lies under its context is in it already, and may have been taken out of it.
        json = encode(message, { messageId, originalTimestamp, base: undefined });
        if (this.#toldLosses !== undefined) this.#checkLosses(message);
      }
      if (!this.#settings.enabled) throw this.#disabled(json, message.type);
      return this.#accept(messageId, json, further === undefined ? "" : encodeMore(message.type, further), message);
    } catch (thrown) {
      return this.#refuse(given, messageId, thrown);
    }
  }

  /** @param more fields that the model does not know, encoded */
  #accept(messageId: string, fields: string, more: string, message: Message): Receipt {
    const lane = this.#environment.lane(keyOf(message));
    const json = fields + more;
    if (this.#enrichment !== undefined) {
      const bytes = bytesOf(json);
      if (bytes > this.#settings.maxMessageBytes) throw this.#tooLarge(message.type, bytes);
      // An older message is not given up for one that is not in the queue yet.
      if (bytes > this.#delivery.room) throw this.#queueFull();
      return this.#enrichment.add(messageId, { json, more, bytes, lane });
    }
    const entry = this.#queue(json, lane);
    if (entry === "too_large") throw this.#tooLarge(message.type, bytesOf(json));
    if (entry === "queue_full") throw this.#queueFull();
    return new AcceptedReceipt(messageId, entry);
  }

  #queue(json: string, lane: number): Entry | "too_large" | "queue_full" {
    const entry = this.#delivery.accept(json, lane);
    if (typeof entry !== "string" && this.#emitter.has("accepted"))
      this.#emitter.emit("accepted", { message: parse(json) });
    return entry;
  }

  /** What has been enriched goes on being the message of its call, at its time. */
  #encodeEnriched(result: unknown, original: string, more: string): { json: string; lane: number } {
    const { messageId, originalTimestamp } = parse(original);
    const message = messageOf(result);
    const json = encode(message, { messageId, originalTimestamp, base: undefined });
    return { json: json + more, lane: this.#environment.lane(keyOf(message)) };
  }

  /** Waits for what is being enriched, and then no longer. */
  async #enriched(timeout: number): Promise<void> {
    await this.#enrichment?.settled(timeout);
    this.#enrichment?.release();
  }

  #disabled(json: string, type: string): Refusal {
    const bytes = bytesOf(json);
    if (bytes > this.#settings.maxMessageBytes) return this.#tooLarge(type, bytes);
    this.#disabledRefusal ??= refusal("disabled", "PINTLE_CLIENT_DISABLED", "the client is not enabled");
    return this.#disabledRefusal;
  }

  /**
   * What JSON drops or changes: refused by `strict`, and otherwise told, once for each kind, because a program that has one has many.
   *
   * @param given the message of the call, whose fields may be any
   */
  #checkLosses(message: Message, given?: unknown): void {
    const isStrict = this.#settings.strict;
    for (const loss of lossesOf(message, given)) {
      if (isStrict)
        throw refusal("invalid", "PINTLE_MESSAGE_LOSSY", `${message.type}: ${loss.path} is ${loss.kind}, ${loss.fate}`);
      if (this.#toldLosses?.has(loss.kind) === true) continue;
      this.#toldLosses?.add(loss.kind);
      this.#reporter.problem("warn", "loss", `${message.type}: ${loss.path} is ${loss.kind}, ${loss.fate}`, loss.kind);
    }
  }

  /** With the first call: making a client does nothing but check and store, because some runtimes allow no more at that time. */
  #begin(): void {
    this.#isUsed = true;
    if (this.#settings.enabled) this.#environment.telemetry?.watch(this, this.#counters);
  }

  #refuse(message: unknown, messageId: string, thrown: unknown): Receipt {
    const { reason, error } =
      thrown instanceof Refusal
        ? thrown
        : foreignRefusal("invalid", "PINTLE_MESSAGE_NOT_ENCODABLE", "the message cannot be read", thrown);
    this.#counters.refused(reason);
    this.#emitter.emit("refused", { message, messageId, reason, error });
    // It is what the program has asked for, and no mistake.
    if (this.#settings.strict && reason !== "disabled") throw error;
    if (reason === "queue_full" || reason === "closed")
      this.#reporter.problem("warn", `refused ${reason}`, `a message was refused: ${error.message}`);
    else if (reason !== "filtered" && reason !== "disabled") this.#reportRefusal(message, error);
    return new RefusedReceipt(messageId, reason, error);
  }

  #checkPlan(message: Message): void {
    const { plan } = this.#settings;
    if (plan === undefined) return;
    const violation = findPlanViolation(plan, message);
    if (violation === undefined) return;
    const event = "event" in message ? ` "${message.event}"` : "";
    const where = `${message.type}${event}`;
    const refused = refusal(
      "invalid",
      "PINTLE_MESSAGE_NOT_IN_PLAN",
      `${where}: ${violation.field}: ${violation.message}`,
    );
    // Its name is one of the plan's; field and words may be anything of the message.
    loggedAs(refused.error as PintleError, `${where} is not as planned (${violation.message.length} characters)`);
    throw refused;
  }

  /** Mistakes are told apart by what is wrong with which event. (A full queue, or a client that is closed, is the same for all.) */
  #reportRefusal(message: unknown, error: PintleError | EventError): void {
    const fields = callForeign(
      () => (isObject(message) ? [message.type, message.event] : []),
      () => {},
    );
    const [type, event] = error instanceof EventError ? [error.type, fields?.[1]] : (fields ?? []);
    const field = error instanceof EventError ? error.field : "";
    const name = field === "event" ? "" : eventName(event);
    const detail = [type, event, field].map((each) => (typeof each === "string" ? each : "")).join("\0");
    this.#reporter.problem("warn", `refused ${error.code}`, `a message${name} was refused: ${logText(error)}`, detail);
  }

  #tooLarge(type: string, bytes: number): Refusal {
    const what = `${type}: the message has ${bytes} bytes, allowed are ${this.#settings.maxMessageBytes}`;
    return refusal("too_large", "PINTLE_MESSAGE_TOO_LARGE", what);
  }

  /** One error for all: it is dear to make, has nothing of its own to say, and is needed when the program has most to do. */
  #queueFull(): Refusal {
    if (this.#queueFullRefusal === undefined) {
      const { maxQueueBytes, durable } = this.#settings;
      const disk = durable === undefined ? "" : `, or into durable.maxBytes, ${durable.maxBytes}`;
      const what = `the message does not fit into the queue of ${maxQueueBytes} bytes${disk}`;
      this.#queueFullRefusal = refusal("queue_full", "PINTLE_QUEUE_FULL", what);
    }
    return this.#queueFullRefusal;
  }

  #ended(entries: readonly Entry[], outcome: Delivered | Dropped): void {
    if (outcome.status === "delivered") {
      if (!this.#emitter.has("delivered")) return;
      this.#tell("delivered", { messageIds: entries.map((entry) => decodeMessage(entry.bytes).messageId) });
      return;
    }
    const isHeard = this.#emitter.has("dropped") || outcome.reason === "rejected";
    this.#dropped(isHeard ? entries.map((entry) => decodeMessage(entry.bytes)) : [], outcome, entries.length);
  }

  /** @param messages may be none where nobody looks at them */
  #dropped(messages: readonly WireMessage[], { reason, error }: Dropped, count = messages.length): void {
    if (this.#emitter.has("dropped")) {
      for (const message of messages) this.#tell("dropped", { message, reason, error });
    }
    const what = count === 1 ? "a message was" : `${count} messages were`;
    // What the data plane refuses is a mistake of the program's, like what is refused at the call.
    const rejected = reason === "rejected" ? messages[0] : undefined;
    this.#reporter.problem(
      "error",
      `dropped ${reason}`,
      `${what} dropped as ${reason}: ${logText(error)}`,
      `${rejected?.type}\0${rejected?.event}`,
    );
  }

  /** A duration that is none is told: flush and close neither throw nor reject, and a program that ends has no second try. */
  #milliseconds(call: string, timeout: unknown): number {
    const duration = parseDuration(timeout);
    if (duration === undefined && timeout !== undefined) {
      const allowed = `milliseconds, or a text such as "30s"; ${defaultTimeout} ms are used`;
      this.#problem(
        new ConfigError(`${call}({ timeout })`, timeout, describeValue(timeout), allowed),
        `${call} timeout`,
      );
    }
    return duration ?? defaultTimeout;
  }

  #problem(error: PintleError, kind: string): void {
    this.#reporter.problem(error.code === "PINTLE_SEND_FAILED" ? "warn" : "error", kind, logText(error));
    this.#tell("error", error);
  }

  /** What is about no call that is being made. */
  #tell<Name extends keyof PintleEvents>(event: Name, payload: PintleEvents[Name]): void {
    this.#scope.outside(() => this.#emitter.emit(event, payload));
  }

  #busy(): void {
    this.#environment.lifecycle?.enter(this.#resident);
    const { waitUntil } = this.#settings;
    if (waitUntil === undefined || this.#whenIdle !== undefined) return;
    const idle = new Promise<void>((resolve) => {
      this.#whenIdle = resolve;
    });
    callForeign(
      () => waitUntil(idle),
      (error) => {
        const what = `waitUntil failed: ${describe(error)}`;
        this.#problem(new PintleError("PINTLE_OPTION_FAILED", what, { cause: error }), "waitUntil");
      },
    );
  }

  #idle(): void {
    this.#environment.lifecycle?.leave(this.#resident);
    this.#whenIdle?.();
    this.#whenIdle = undefined;
  }
}

/** What a function of the program's made of a message. */
function messageOf(result: unknown): Message {
  return checked(isObject(result) ? fieldsOf(result, undefined) : result);
}

function checked(message: unknown): Message {
  const error = checkMessage(message);
  if (error !== undefined) throw new Refusal("invalid", error);
  return message as Message;
}

function encode(message: Message, envelope: Envelope): string {
  try {
    return encodeMessage(message, envelope);
  } catch (error) {
    throw notEncoded(message.type, error);
  }
}

function encodeMore(type: Message["type"], further: FurtherFields): string {
  try {
    return encodeFurther(further);
  } catch (error) {
    throw notEncoded(type, error);
  }
}

function notEncoded(type: Message["type"], thrown: unknown): Refusal {
  return thrown instanceof TooDeep
    ? refusal("invalid", "PINTLE_MESSAGE_TOO_DEEP", `${type}: the message is nested deeper than ${deepestEvent} levels`)
    : foreignRefusal("invalid", "PINTLE_MESSAGE_NOT_ENCODABLE", `${type}: the message cannot be encoded`, thrown);
}

/** ISO 8601, where the program says when it called. */
function timeOfCall(further: FurtherFields | undefined): string | undefined {
  if (further?.originalTimestamp === undefined) return undefined;
  const time = new Date(further.originalTimestamp as string);
  return Number.isNaN(time.getTime()) ? undefined : time.toISOString();
}

/** The caller's, if there is one; an empty id is none, and so is one that the data plane would replace at each attempt. */
function idOf(message: unknown): string | undefined {
  if (!isObject(message) || typeof message.messageId !== "string") return undefined;
  return isBlank(message.messageId) ? undefined : message.messageId;
}

/** The user key (see `userKey` of the events) of a message whose ids are texts and numbers, as has been checked. */
function keyOf({ userId, anonymousId }: Message): string {
  const id = userId === undefined || userId === null || isBlank(String(userId)) ? anonymousId : userId;
  return String(id);
}

/** As it is sent, in UTF-8. */
function bytesOf(json: string): number {
  return new TextEncoder().encode(json).length + suffixBytes;
}

/** An encoded message as the object that a data plane sees, but for `sentAt`. */
function parse(json: string): WireMessage {
  return JSON.parse(`${json}}`) as WireMessage;
}

function* lossesOf(message: Message, given: unknown): Generator<Loss> {
  if (isObject(given)) yield* findUnknownFields(given, message);
  for (const part of ["properties", "traits", "context", "integrations"] as const) {
    const value: unknown = Reflect.get(message, part);
    if (isObject(value)) yield* findLosses(value, part);
  }
}

function synchronousScope(): PintleError {
  return new PintleError(
    "PINTLE_CONTEXT_NOT_CARRIED",
    "this runtime has no AsyncLocalStorage: a scope ends with fn's first await",
  );
}

function checkListener(event: unknown, listener: unknown): void {
  const isEvent = typeof event === "string" && Object.hasOwn(pintleEvents, event);
  if (!isEvent)
    throw new ConfigError("event", event, describeValue(event), `one of ${Object.keys(pintleEvents).join(", ")}`);
  if (typeof listener !== "function")
    throw new ConfigError("listener", listener, describeValue(listener), "a function");
}

/** The events that there are, for callers without types. */
const pintleEvents: Readonly<Record<keyof PintleEvents, true>> = {
  accepted: true,
  delivered: true,
  dropped: true,
  refused: true,
  error: true,
};

function isObject(value: unknown): value is { readonly [field: string]: unknown } {
  return typeof value === "object" && value !== null;
}
