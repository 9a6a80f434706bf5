import type { Message } from "@pintle/events";
import { plainId, plainTime } from "@pintle/events/strict";
import type { SpanIds } from "./around/active-span.ts";

/** The fields of a message that are read, and no others; not checked yet. */
export interface MessageFields {
  readonly type: unknown;
  userId: unknown;
  anonymousId: unknown;
  readonly messageId: unknown;
  readonly timestamp: unknown;
  context: unknown;
  integrations: unknown;
  readonly event: unknown;
  readonly name: unknown;
  readonly category: unknown;
  groupId: unknown;
  readonly previousId: unknown;
  properties: unknown;
  readonly traits: unknown;
}

/**
 * The message as an object of the same shape for all: each field is read once, so that what is
 * checked is what is encoded, and the engine knows where the fields are. (With a spread, `{
 * ...given, type }`, a call took 5.6 us instead of 4.4.)
 */
export function fieldsOf(
  given: { readonly [field: string]: unknown },
  type: Message["type"] | undefined,
): MessageFields {
  return {
    type: type ?? given.type,
    userId: plainId(given.userId),
    anonymousId: plainId(given.anonymousId),
    messageId: given.messageId,
    timestamp: plainTime(given.timestamp),
    context: given.context,
    integrations: given.integrations,
    event: given.event,
    name: given.name,
    category: given.category,
    groupId: plainId(given.groupId),
    previousId: plainId(given.previousId),
    properties: given.properties,
    traits: given.traits,
  };
}

/**
 * Adds the active span's ids to the context, unless the message says itself to which trace or span
 * it belongs.
 */
export function addSpan(message: MessageFields, span: SpanIds): void {
  const { context } = message;
  if (context === undefined || context === null) message.context = span;
  else if (typeof context === "object" && !("traceId" in context || "spanId" in context || "toJSON" in context)) {
    message.context = Array.isArray(context) ? context : { ...context, ...span };
  }
}
