import { brand } from "./brand.ts";
import { CodedError } from "./coded-error.ts";

/** The table of what can be wrong with an event. Keys are codes, values say what to do about it. */
export const eventErrors = {
  PINTLE_EVENT_NOT_OBJECT: 'pass an object such as { type: "track", userId: "123", event: "Signed Up" }',
  PINTLE_EVENT_TYPE: "use one of identify, track, page, screen, group, alias",
  PINTLE_EVENT_WITHOUT_ID: "give a userId or an anonymousId that is not empty",
  PINTLE_EVENT_FIELD_MISSING: "give a value that is not empty",
  PINTLE_EVENT_FIELD_TYPE: "give a value of the declared type",
  PINTLE_EVENT_ID_INEXACT: "give it as a string or as a BigInt",
} as const;

/** A code of {@link EventError}. */
export type EventErrorCode = keyof typeof eventErrors;

/**
 * An event that breaks a rule. The message names the event's type, the field and the value; the
 * same facts are properties, so that a program can act on them. `retryable` is always false: the
 * same event stays wrong.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { EventError } from "@pintle/sdk";
 *
 * const { error } = client.track({ userId: "123", event: "" });
 *
 * assert(error instanceof EventError);
 * assert.equal(error.code, "PINTLE_EVENT_FIELD_MISSING");
 * assert.equal(error.field, "event");
 * ```
 */
export class EventError extends CodedError<EventErrorCode> {
  static {
    brand(EventError, "EventError");
  }

  override readonly name = "EventError";
  override readonly code: EventErrorCode;
  override readonly retryable = false;
  /** Type of the event as it was given; `"event"` where it had none that can be named. */
  readonly type: string;
  /** Path of the field at fault, for example `userId`; empty when the event as a whole is wrong. */
  readonly field: string;
  readonly value: unknown;

  constructor(code: EventErrorCode, type: string, field: string, value: unknown, expected?: string) {
    const where = field === "" ? type : `${type}: ${field}`;
    super(
      `${where} is ${describe(value)}${expected === undefined ? "" : `, expected ${expected}`}; ${eventErrors[code]}`,
    );
    this.code = code;
    this.type = type;
    this.field = field;
    this.value = value;
  }
}

const longestShown = 80;

/**
 * A value as an error message shows it: its JSON where it has one, cut at 80 characters. Never
 * throws.
 */
export function describe(value: unknown): string {
  if (value === undefined) return "missing";
  if (typeof value === "bigint") return shorten(`${value}n`);
  if (typeof value === "symbol" || typeof value === "function") return `a ${typeof value}`;
  if (typeof value === "number") return String(value);
  if (value instanceof Date && Number.isNaN(value.getTime())) return "an invalid Date";
  try {
    return shorten(`${nameOf(value)}${JSON.stringify(value) ?? typeof value}`);
  } catch {
    return Array.isArray(value) ? "an array" : "an object";
  }
}

/**
 * The name of the class of an object, in front of what its JSON hides: a Moment looks like a text.
 */
function nameOf(value: unknown): string {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return "";
  const name: unknown = value.constructor?.name;
  return typeof name !== "string" || name === "" || name === "Object" ? "" : `a ${name} `;
}

function shorten(text: string): string {
  return text.length <= longestShown ? text : `${text.slice(0, longestShown)}... (${text.length} characters)`;
}
