import { callForeign } from "../../foreign.ts";
import type { Context, SegmentEvent } from "./context.ts";
import type { AnalyticsSettings } from "./settings.ts";

/** A failure, as listeners of `error` are told of it. See {@link Analytics}. */
export interface EmittedError {
  /** `"delivery_failure"`, or what else failed. */
  code: string;
  reason?: unknown;
  ctx?: Context;
}

/** Events of {@link Analytics}, with what their listeners are given. */
export interface NodeEmitterEvents {
  identify: [ctx: Context];
  track: [ctx: Context];
  page: [ctx: Context];
  screen: [ctx: Context];
  group: [ctx: Context];
  alias: [ctx: Context];
  register: [pluginNames: string[]];
  deregister: [pluginNames: string[]];
  error: [error: EmittedError];
  initialize: [settings: AnalyticsSettings];
  call_after_close: [event: SegmentEvent];
  http_request: [request: { url: string; method: string; headers: Record<string, string>; body: string }];
  http_response: [
    response: { status: number; statusText: string; url: string; body: string; headers: Record<string, string> },
  ];
  drained: [];
}

type AnalyticsEventName = keyof NodeEmitterEvents;
type AnalyticsListener<Event extends AnalyticsEventName> = (...payload: NodeEmitterEvents[Event]) => unknown;

/**
 * `on`, `once`, `off` and `emit`. A listener that throws or rejects disturbs nobody, and an `error`
 * nobody listens to neither.
 */
export class AnalyticsEmitter {
  readonly #listeners = new Map<
    AnalyticsEventName,
    readonly { readonly call: AnalyticsListener<AnalyticsEventName>; readonly isOnce: boolean }[]
  >();

  on<Event extends AnalyticsEventName>(event: Event, callback: AnalyticsListener<Event>): this {
    return this.#add(event, callback, false);
  }

  once<Event extends AnalyticsEventName>(event: Event, callback: AnalyticsListener<Event>): this {
    return this.#add(event, callback, true);
  }

  off<Event extends AnalyticsEventName>(event: Event, callback: AnalyticsListener<Event>): this {
    const others = (this.#listeners.get(event) ?? []).filter(({ call }) => call !== callback);
    this.#listeners.set(event, others);
    return this;
  }

  emit<Event extends AnalyticsEventName>(event: Event, ...payload: NodeEmitterEvents[Event]): this {
    const listeners = this.#listeners.get(event) ?? [];
    this.#listeners.set(
      event,
      listeners.filter(({ isOnce }) => !isOnce),
    );
    for (const { call } of listeners) {
      callForeign(
        () => (call as unknown as AnalyticsListener<Event>)(...payload),
        () => {},
      );
    }
    return this;
  }

  /** Whether anybody listens. */
  protected hasListeners(event: AnalyticsEventName): boolean {
    return (this.#listeners.get(event)?.length ?? 0) > 0;
  }

  #add<Event extends AnalyticsEventName>(event: Event, callback: AnalyticsListener<Event>, isOnce: boolean): this {
    const listener = { call: callback as unknown as AnalyticsListener<AnalyticsEventName>, isOnce };
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener]);
    return this;
  }
}
