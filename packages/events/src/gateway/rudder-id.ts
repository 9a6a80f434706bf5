import { hash } from "node:crypto";

/**
 * `rudderId`: the MD5 of `userId:anonymousId`, written as a UUID with the version (4) and variant
 * bits set. Source: RudderStack's HTTP API, whose users join tables by it.
 */
export function rudderId(userId: string, anonymousId: string): string {
  const hex = hash("md5", `${userId}:${anonymousId}`, "hex");
  const variant = variants[Number.parseInt(hex[16]!, 16) & 3];
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`;
}

/** The bits 10, then the two lower ones of the digit. */
const variants = "89ab";
