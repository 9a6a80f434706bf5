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
 * Fields that the model does not know are not sent. Throws what encoding throws: for BigInt, cycles, getters and `toJSON`
 * that throw.
 */
export function encodeMessage(message: Message, envelope: Envelope): string {
  const fields: { readonly [field: string]: unknown } = message as Message & { readonly [field: string]: unknown };
  const { messageId, originalTimestamp, defaultContext } = envelope;
  // Put together by hand: JSON.stringify of one object with all of it, most of which we know to be plain, takes a third longer.
  return (
    `{"type":"${message.type}","messageId":${quote(messageId)},"channel":"server"` +
    `,"originalTimestamp":"${originalTimestamp}"` +
    member("userId", text(fields.userId)) +
    member("anonymousId", text(fields.anonymousId)) +
    member("timestamp", fields.timestamp ?? undefined) +
    member("event", fields.event) +
    member("name", fields.name) +
    member("category", fields.category) +
    member("groupId", text(fields.groupId)) +
    member("previousId", text(fields.previousId)) +
    member("properties", fields.properties) +
    member("traits", fields.traits) +
    member("integrations", fields.integrations) +
    (defaultContext === undefined && (fields.context ?? undefined) === undefined
      ? bareContext
      : member("context", contextOf(fields.context as Context | undefined, defaultContext)))
  );
}

/** Nothing for `undefined`, as in any JSON. */
function member(name: string, value: unknown): string {
  if (value === undefined) return "";
  const json = typeof value === "string" ? quote(value) : JSON.stringify(value);
  return json === undefined ? "" : `,"${name}":${json}`;
}

/** What needs no escape in JSON: printable ASCII but for the quote and the backslash. */
const plain = /^[ !#-[\]-~]*$/;

function quote(value: string): string {
  return plain.test(value) ? `"${value}"` : JSON.stringify(value);
}

/** Numbers as ids become strings; `null` is no id. */
function text(id: unknown): string | undefined {
  return id === undefined || id === null ? undefined : String(id);
}

const bareContext = `,"context":${JSON.stringify({ library })}`;

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
