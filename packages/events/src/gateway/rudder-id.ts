import { createHash } from "node:crypto";

/**
 * `rudderId`: the MD5 of `userId:anonymousId`, written as a UUID with the version (4) and variant bits set. Source:
 * RudderStack's HTTP API, whose users join tables by it.
 */
export function rudderId(userId: string, anonymousId: string): string {
  const digest = createHash("md5").update(`${userId}:${anonymousId}`).digest();
  digest[6] = (digest[6]! & 0x0f) | 0x40;
  digest[8] = (digest[8]! & 0x3f) | 0x80;
  const hex = digest.toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
