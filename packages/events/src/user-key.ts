import { isBlank } from "./blank.ts";
import { murmur2 } from "./murmur2.ts";
import { stringifyJson } from "./stringify-json.ts";

/**
 * The user key: events with the same one reach each destination in the order in which they were
 * accepted. It is `userId`, else `anonymousId`, as text; empty when the event has neither.
 * (RudderStack takes `anonymousId` first; its Go SDK makes a random one for each event, which would
 * leave users without order.) Written to disk as its hash: it can never change.
 */
export function userKey(event: { readonly userId?: unknown; readonly anonymousId?: unknown }): string {
  const userId = idText(event.userId);
  if (!isBlank(userId)) return userId;
  const anonymousId = idText(event.anonymousId);
  return isBlank(anonymousId) ? "" : anonymousId;
}

/**
 * An id as text: a string as it is, `null` and `undefined` empty, anything else its JSON text,
 * digit for digit (RudderStack's gateway takes `{"userId": 42}` for `"42"`). A number that JSON
 * cannot write, like 1e400, is none.
 */
export function idText(id: unknown): string {
  if (typeof id === "string") return id;
  if (id === undefined || id === null) return "";
  if (typeof id === "number") return Number.isFinite(id) ? JSON.stringify(id) : "";
  return stringifyJson(id) ?? "";
}

const encoder = new TextEncoder();
const scratch = new Uint8Array(256);

/** murmur2 of the key's UTF-8 bytes, unsigned 32 bit. */
export function hashUserKey(key: string): number {
  const length = key.length;
  if (length > scratch.length) return murmur2(encoder.encode(key));
  for (let at = 0; at < length; at++) {
    const code = key.charCodeAt(at);
    if (code >= 0x80) return murmur2(encoder.encode(key));
    scratch[at] = code;
  }
  return murmur2(scratch, 0, length);
}
