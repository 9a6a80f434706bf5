import type { Message } from "@pintle/events";

/** A message as it is sent, but for `sentAt`. See {@link Pintle.on}. */
export interface WireMessage {
  readonly type: Message["type"];
  readonly messageId: string;
  readonly channel: "server";
  readonly originalTimestamp: string;
  /** The context of the message, with `library` and what scopes and options put beneath it. */
  readonly context: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

/**
 * Completes a message: `sentAt` is the time of the attempt, because a data plane corrects clocks by
 * it.
 */
export function sentAtSuffix(iso: string): string {
  return `,"sentAt":"${iso}"}`;
}

/** UTF-8 bytes of {@link sentAtSuffix}: times have a fixed length. */
export const suffixBytes: number = sentAtSuffix("2026-11-23T09:11:00.000Z").length;

/** UTF-8 bytes of an encoded message as it is sent. */
export function byteLength(json: string): number {
  return new TextEncoder().encode(json).length + suffixBytes;
}

/** An encoded message as the object that a data plane sees, but for `sentAt`. */
export function parseMessage(json: string): WireMessage {
  return JSON.parse(`${json}}`) as WireMessage;
}

const decoder = new TextDecoder();

/** The same of its bytes. */
export function decodeMessage(bytes: Uint8Array): WireMessage {
  return parseMessage(decoder.decode(bytes));
}
