import type { Context, Message } from "@pintle/events";
import { type BaseContext, contextMember } from "./base-context.ts";
import { shallow } from "./shallow.ts";

/** What the SDK adds to a message. */
export interface Envelope {
  readonly messageId: string;
  /** When the call was made, ISO 8601 with milliseconds. */
  readonly originalTimestamp: string;
  /** What lies under the context of the message. */
  readonly base: BaseContext | undefined;
}

/** A message as it is sent, but for `sentAt`. See {@link Pintle.on}. */
export interface WireMessage {
  readonly type: Message["type"];
  readonly messageId: string;
  readonly channel: "server";
  readonly originalTimestamp: string;
  /** That of the message, with `library` and what the scopes and options put beneath it. */
  readonly context: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

/**
 * A message as JSON, without the closing brace: {@link sentAtSuffix} completes it at each attempt. Encoding is the snapshot,
 * so nothing that the caller changes later is sent, and no object of the caller's is written to or kept.
 *
 * Fields that the model does not know are not sent. Throws what encoding throws: for BigInt, cycles, getters and `toJSON`
 * that throw; and TooDeep.
 */
export function encodeMessage(message: Message, { messageId, originalTimestamp, base }: Envelope): string {
  const fields: { readonly [field: string]: unknown } = message as Message & { readonly [field: string]: unknown };
  const { userId, anonymousId, timestamp, event, name, category, groupId, previousId } = fields;
  const { properties, traits, integrations, context } = fields;
  // Put together by hand: JSON.stringify of one object with all of it, most of which we know to be plain, takes half as
  // long again. And `if` by `if`, because an empty text that is appended is a tenth of a typical message's time.
  let json = `{"type":"${message.type}","messageId":${quote(messageId)},"channel":"server"`;
  json += `,"originalTimestamp":"${originalTimestamp}"`;
  if (isGiven(userId)) json += `,"userId":${quote(String(userId))}`;
  if (isGiven(anonymousId)) json += `,"anonymousId":${quote(String(anonymousId))}`;
  if (isGiven(timestamp)) json += member("timestamp", timestamp);
  if (event !== undefined) json += member("event", event);
  if (name !== undefined) json += member("name", name);
  if (category !== undefined) json += member("category", category);
  if (isGiven(groupId)) json += `,"groupId":${quote(String(groupId))}`;
  if (isGiven(previousId)) json += `,"previousId":${quote(String(previousId))}`;
  if (properties !== undefined) json += member("properties", properties);
  if (traits !== undefined) json += member("traits", traits);
  if (integrations !== undefined) json += member("integrations", integrations);
  return json + contextMember(context as Context | null | undefined, base);
}

/** Fields of a message that the model does not know: other SDKs send them as they are. Of those that it knows, a time of the call in the past. */
export interface FurtherFields {
  readonly originalTimestamp?: unknown;
  readonly [field: string]: unknown;
}

/** Further fields behind those of {@link encodeMessage}. Throws what that throws. */
export function encodeFurther({ originalTimestamp: _, ...fields }: FurtherFields): string {
  return Object.entries(fields)
    .map(([name, value]) => {
      const json = JSON.stringify(value);
      return json === undefined ? "" : `,${JSON.stringify(name)}:${shallow(json)}`;
    })
    .join("");
}

/** Numbers as ids become strings; `null` is no id. */
function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/** Nothing for what JSON leaves out, such as a `toJSON` that returns `undefined`. */
function member(name: string, value: unknown): string {
  if (typeof value === "string") return `,"${name}":${quote(value)}`;
  const json = JSON.stringify(value);
  return json === undefined ? "" : `,"${name}":${shallow(json)}`;
}

/** What needs no escape in JSON: printable ASCII but for the quote and the backslash. */
const plain = /^[ !#-[\]-~]*$/;

function quote(value: string): string {
  return plain.test(value) ? `"${value}"` : JSON.stringify(value);
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
