import { isObject } from "@pintle/events";
import type { DeliveredEvent } from "@pintle/events/gateway";

/** The context of an attempt, besides its events and the settings. */
export interface Attempt {
  /** Milliseconds since the epoch: for signatures, and for a `Retry-After` that is a date. */
  readonly now: number;
  /**
   * The address of the service, without a trailing slash: the setting `endpoint`, else by `region`.
   * `""` for a type without `addresses`.
   */
  readonly base: string;
  /**
   * The token that the type's `token` obtained; `""` for a type without one. It goes into a header
   * or the URL.
   */
  readonly token: string;
  /** The key under which the configuration lists the destination. */
  readonly name: string | undefined;
  /**
   * The options that an event has for this destination alone: the first object in its
   * `integrations` under the destination's name, the display name of its type, or one of the type's
   * other names. Empty if there is none. Its values are whatever the client sent.
   */
  options(event: DeliveredEvent): Readonly<Record<string, unknown>>;
}

/** The context of an answer, besides the events of its request. */
export interface AnswerContext<Settings> extends Attempt {
  readonly settings: Settings;
  /**
   * The position of each body item's event among those that `classify` gets: `items` of the
   * request. A request without them has one item for each event.
   */
  readonly items: readonly number[];
}

const none: Readonly<Record<string, unknown>> = Object.freeze({});

/** The first object under one of these keys in the `integrations` of an event. */
export function optionsAt(event: DeliveredEvent, keys: readonly string[]): Readonly<Record<string, unknown>> {
  const { integrations } = event;
  if (!isObject(integrations)) return none;
  for (const key of keys) {
    const value = Object.hasOwn(integrations, key) ? integrations[key] : undefined;
    if (isObject(value)) return value;
  }
  return none;
}
