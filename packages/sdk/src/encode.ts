import type { Context, Message } from "@pintle/events";
import { mergeContext } from "./merge-context.ts";
import { version } from "./version.ts";

/** Identifies this SDK in every message; not the caller's to change. */
const library = { name: "@pintle/sdk", version } as const;

/** What the SDK adds to a message. */
export interface Envelope {
  readonly messageId: string;
  /** ISO 8601; the time of the call. */
  readonly originalTimestamp: string;
  readonly defaultContext: Context | undefined;
}

/** A message as it is sent, but for `sentAt`. */
export interface WireMessage {
  readonly type: Message["type"];
  readonly messageId: string;
  readonly channel: "server";
  readonly originalTimestamp: string;
  readonly context: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

/**
 * A message as JSON, without the closing brace: {@link sentAtSuffix} completes it at each attempt. Encoding is the snapshot,
 * so nothing that the caller changes later is sent, and no object of the caller's is written to or kept.
 *
 * The order is fixed: `{"type":"...","messageId":"..."` comes first, where {@link messageIdOf} finds it. Fields that the
 * model does not know are not sent. Throws what encoding throws: for BigInt, cycles, getters and `toJSON` that throw.
 */
export function encodeMessage(message: Message, envelope: Envelope): string {
  // One literal with every field, because its shape is then the same for every message; undefined is left out by JSON.
  const fields: { readonly [field: string]: unknown } = { ...message };
  const json = JSON.stringify({
    type: message.type,
    messageId: envelope.messageId,
    channel: "server",
    originalTimestamp: envelope.originalTimestamp,
    userId: text(fields.userId),
    anonymousId: text(fields.anonymousId),
    timestamp: fields.timestamp ?? undefined,
    event: fields.event,
    name: fields.name,
    category: fields.category,
    groupId: text(fields.groupId),
    previousId: text(fields.previousId),
    properties: fields.properties,
    traits: fields.traits,
    integrations: fields.integrations,
    context: contextOf(fields.context as Context | undefined, envelope.defaultContext),
  });
  return json.slice(0, -1);
}

/** Numbers as ids become strings; `null` is no id. */
function text(id: unknown): string | undefined {
  return id === undefined || id === null ? undefined : String(id);
}

function contextOf(own: Context | null | undefined, defaults: Context | undefined): Record<string, unknown> {
  if (own === undefined || own === null) return { ...defaults, library };
  const merged = defaults === undefined ? { ...own } : mergeContext(defaults, own);
  merged.library = library;
  return merged;
}

/** Completes a message: `sentAt` is the time of the attempt, because a data plane corrects clocks by it. */
export function sentAtSuffix(iso: string): string {
  return `,"sentAt":"${iso}"}`;
}

/** UTF-8 bytes of {@link sentAtSuffix}: times have a fixed length. */
export const suffixBytes: number = sentAtSuffix("2026-11-23T09:11:00.000Z").length;

const decoder = new TextDecoder();

/** An encoded message as the object that a data plane sees, but for `sentAt`. */
export function decodeMessage(bytes: Uint8Array): WireMessage {
  return JSON.parse(`${decoder.decode(bytes)}}`) as WireMessage;
}
