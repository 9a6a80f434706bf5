/**
 * The SDK's rules: strict, checked at the call, so that a mistake is seen by the program that makes
 * it. (What arrives over HTTP is judged by the gateway's rules in `../gateway`, which accept
 * whatever RudderStack accepts.)
 *
 * Sources: the parameter tables of RudderStack's Go SDK page; where the page and the Go SDK differ
 * (a page without a name), what the Go SDK does.
 */
import { isBlank } from "../blank.ts";
import { EventError } from "../event-error.ts";
import { isObject } from "../is-object.ts";
import { isInRange, parseIso } from "../iso-date.ts";
import { type MessageType, messageTypes } from "../message.ts";

/** `text` is a string, `id` a string or a finite number; `required` ones may not be empty. */
type Field = readonly [name: string, is: keyof typeof expectation, required?: true];

const traits: Field = ["traits", "object"];
const properties: Field = ["properties", "object"];
const view: readonly Field[] = [["name", "text"], ["category", "text"], properties];

/**
 * What a type has beyond the common fields. Common fields are checked by hand below: every message
 * has them.
 */
const fieldsOf: Readonly<Record<MessageType, readonly Field[]>> = {
  identify: [traits],
  track: [["event", "text", true], properties],
  page: view,
  screen: view,
  group: [["groupId", "id", true], traits],
  alias: [["previousId", "id", true], traits],
};

/**
 * The first rule that the message breaks, or `undefined` when it breaks none. Whether it can be
 * encoded, and its size, are not looked at here. Never throws, whatever it is given, unless a
 * getter of the message itself throws.
 */
export function checkMessage(message: unknown): EventError | undefined {
  if (!hasFields(message)) return new EventError("PINTLE_EVENT_NOT_OBJECT", "event", "", message, "an object");
  const type = message.type;
  if (!isMessageType(type)) return new EventError("PINTLE_EVENT_TYPE", "event", "type", type);
  const { userId, anonymousId, messageId, timestamp, context, integrations } = message;

  const wrongId = wrong(type, "userId", userId, "id") ?? wrong(type, "anonymousId", anonymousId, "id");
  if (wrongId !== undefined) return wrongId;
  if (isNoId(userId) && isNoId(anonymousId)) {
    return new EventError("PINTLE_EVENT_WITHOUT_ID", type, "userId", userId, "userId or anonymousId");
  }
  for (const [name, is, required] of fieldsOf[type]) {
    const value = message[name];
    if (required === true && (is === "id" ? isNoId(value) : isEmpty(value))) {
      return new EventError("PINTLE_EVENT_FIELD_MISSING", type, name, value, expectation[is]);
    }
    const error = wrong(type, name, value, is);
    if (error !== undefined) return error;
  }
  return (
    wrong(type, "messageId", messageId, "text") ??
    wrong(type, "context", context, "object") ??
    wrong(type, "integrations", integrations, "object") ??
    wrongTimestamp(type, timestamp)
  );
}

const expectation = {
  id: "a string or a finite number",
  text: "a string",
  object: "an object",
} as const;

function wrong(type: string, field: string, value: unknown, is: keyof typeof expectation): EventError | undefined {
  if (value === undefined || value === null) return undefined;
  const isNumber = is === "id" && typeof value === "number" && Number.isFinite(value);
  if (isNumber && Number.isInteger(value) && !Number.isSafeInteger(value)) {
    return new EventError("PINTLE_EVENT_ID_INEXACT", type, field, value, "a string, or a whole number up to 2^53");
  }
  const fits = is === "object" ? hasFields(value) : isNumber || typeof value === "string";
  return fits ? undefined : new EventError("PINTLE_EVENT_FIELD_TYPE", type, field, value, expectation[is]);
}

function wrongTimestamp(type: string, value: unknown): EventError | undefined {
  if (value === undefined || value === null) return undefined;
  // A Date, too, has to be one that the data plane can store.
  const time = value instanceof Date ? value.getTime() : typeof value === "string" ? parseIso(value) : undefined;
  if (isInRange(time)) return undefined;
  return new EventError("PINTLE_EVENT_FIELD_TYPE", type, "timestamp", value, "a valid Date or an ISO 8601 string");
}

/** An object for JSON, too: a Date of any realm, a Moment or a URL is a text there. */
function hasFields(value: unknown): value is Record<string, unknown> {
  return isObject(value) && (typeof value.toJSON !== "function" || isObject(value.toJSON()));
}

function isMessageType(value: unknown): value is MessageType {
  return (messageTypes as readonly unknown[]).includes(value);
}

/**
 * Whether an id is none, as for the gateway: absent, white space, or characters that nobody sees.
 */
export function isNoId(value: unknown): boolean {
  return value === undefined || value === null || (typeof value === "string" && isBlank(value));
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === "";
}
