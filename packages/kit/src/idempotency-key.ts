import { createHash } from "node:crypto";

/**
 * What tells repeats of a request, for a header: the `messageId` of one event, where it can stand
 * in a header; else the SHA-256, in hex, of all. Ids come from clients, and one that is no visible
 * ASCII or very long would make a request that no server takes.
 */
export function idempotencyKey(messageIds: readonly string[]): string {
  const [only = ""] = messageIds;
  if (messageIds.length === 1 && /^[\x21-\x7e]{1,255}$/.test(only)) return only;
  return createHash("sha256").update(messageIds.join("\n")).digest("hex");
}
