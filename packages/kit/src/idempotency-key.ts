import { createHash } from "node:crypto";

/**
 * The idempotency key of a request, for a header: the `messageId` of a single event, if it is valid
 * in a header; else the SHA-256, in hex, of all ids. Ids come from clients, and no server would
 * accept a request with one that is very long or not visible ASCII.
 */
export function idempotencyKey(messageIds: readonly string[]): string {
  const [only = ""] = messageIds;
  if (messageIds.length === 1 && /^[\x21-\x7e]{1,255}$/.test(only)) return only;
  return createHash("sha256").update(messageIds.join("\n")).digest("hex");
}
