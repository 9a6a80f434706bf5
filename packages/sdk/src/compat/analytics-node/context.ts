/**
 * An event on its way, with the fields of the call: what plugins see and change. See {@link
 * Context}.
 */
export interface SegmentEvent {
  type: "identify" | "track" | "page" | "screen" | "group" | "alias";
  messageId: string;
  timestamp: Date | string;
  context: Record<string, unknown>;
  integrations: Record<string, unknown>;
  userId?: string | undefined;
  anonymousId?: string | undefined;
  event?: string;
  name?: string;
  category?: string;
  groupId?: string;
  previousId?: string;
  properties?: Record<string, unknown>;
  traits?: Record<string, unknown>;
  [field: string]: unknown;
}

/** One line that a plugin has left in a {@link Context}. */
export interface LogMessage {
  readonly level: string;
  readonly message: string;
  readonly time: Date;
  readonly extras: Readonly<Record<string, unknown>>;
}

/** What {@link Context.cancel} throws. */
export class ContextCancelation {
  readonly retry: boolean;
  readonly type: string;
  readonly reason: string | undefined;

  constructor({ retry = true, reason, type = "plugin Error" }: Partial<ContextCancelation>) {
    this.retry = retry;
    this.type = type;
    this.reason = reason;
  }
}

/**
 * An event, and what became of it: what plugins, callbacks and listeners are given.
 *
 * @example
 * ```ts
 * import { Analytics, type Context } from "@pintle/sdk/analytics-node";
 *
 * const analytics = new Analytics({ writeKey: WRITE_KEY, host: DATA_PLANE_URL });
 * analytics.on("track", (ctx: Context) => console.log(ctx.event.event, ctx.failedDelivery()));
 * analytics.track({ userId: "123", event: "Paid" });
 * await analytics.closeAndFlush();
 * ```
 */
export class Context {
  /** The event as it stands. Plugins may write to it. */
  event: SegmentEvent;
  /** Times that it was tried. */
  attempts = 0;
  readonly #id: string;
  readonly #logs: LogMessage[] = [];
  #failed: { readonly reason: unknown } | undefined;

  constructor(event: SegmentEvent, id: string = event.messageId) {
    this.event = event;
    this.#id = id;
  }

  get id(): string {
    return this.#id;
  }

  isSame(other: Context): boolean {
    return other.id === this.id;
  }

  /** Ends the event: it is not delivered. */
  cancel(error?: Error | ContextCancelation): never {
    throw error ?? new ContextCancelation({ reason: "Context Cancel" });
  }

  /** Leaves a line in `logs()`. */
  log(level: string, message: string, extras: object = {}): void {
    this.#logs.push({ level, message, time: new Date(), extras: extras as Record<string, unknown> });
  }

  logs(): LogMessage[] {
    return this.#logs;
  }

  /**
   * Sets a field by its path (`properties.plan`), and returns the event. Objects on the way are
   * made.
   */
  updateEvent(path: string, value: unknown): SegmentEvent {
    const keys = path.split(".");
    const last = keys.pop()!;
    if ([...keys, last].includes("__proto__")) return this.event;
    let at: Record<string, unknown> = this.event;
    for (const key of keys) {
      const inner = at[key];
      // The caller's objects are not ours to change.
      const copy = typeof inner === "object" && inner !== null ? { ...inner } : {};
      at[key] = copy;
      at = copy as Record<string, unknown>;
    }
    at[last] = value;
    return this.event;
  }

  /** Why it was not delivered; `undefined` where it was. */
  failedDelivery(): { readonly reason: unknown } | undefined {
    return this.#failed;
  }

  setFailedDelivery({ reason }: { readonly reason: unknown }): void {
    this.#failed = { reason };
  }

  toJSON(): { id: string; event: SegmentEvent; logs: LogMessage[] } {
    return { id: this.#id, event: this.event, logs: this.#logs };
  }
}
