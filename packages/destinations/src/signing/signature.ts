import { createHmac } from "node:crypto";
import { z } from "zod";

const prefix = "whsec_";

/**
 * A key for signatures, as the Standard Webhooks specification writes it: `whsec_` and 24 to 64
 * bytes in base64.
 */
export const signingKey: z.ZodType<string> = z.string().refine(
  (text) => {
    const encoded = text.slice(prefix.length);
    const key = Buffer.from(encoded, "base64");
    return text.startsWith(prefix) && key.toString("base64") === encoded && key.length >= 24 && key.length <= 64;
  },
  { error: "A signing key is whsec_ and 24 to 64 random bytes in base64 (openssl rand -base64 32)" },
);

export interface SignedMessage {
  /** The same for every attempt. */
  readonly id: string;
  /**
   * Milliseconds since the epoch: the time of the attempt, so that receivers can refuse old
   * recordings of requests.
   */
  readonly now: number;
  readonly body: string | Uint8Array;
}

/**
 * The headers of the Standard Webhooks specification 1.0: HMAC-SHA256 over `id.timestamp.body`.
 * With several keys, a signature by each: the receiver knows one of them while keys are rotated.
 */
export function signatureHeaders({ id, now, body }: SignedMessage, keys: readonly string[]): Record<string, string> {
  const timestamp = String(Math.floor(now / 1000));
  const signatures = keys.map((key) => {
    const bytes = Buffer.from(key.slice(prefix.length), "base64");
    return `v1,${createHmac("sha256", bytes).update(`${id}.${timestamp}.`).update(body).digest("base64")}`;
  });
  return { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signatures.join(" ") };
}
