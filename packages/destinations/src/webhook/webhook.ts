import { createHash } from "node:crypto";
import { stringifyJson } from "@pintle/events";
import { z } from "zod";
import { bytes, type DestinationType, defineDestination, duration, secret } from "../kit/index.ts";
import { signatureHeaders, signingKey } from "./signature.ts";

export interface WebhookSettings {
  url: string;
  method: "POST" | "PUT" | "PATCH";
  headers: Record<string, string>;
  signingKey: string | string[] | undefined;
  batch: { events: number; bytes: number } | undefined;
  gzip: boolean;
  timeout: number;
  concurrency: number;
  blockPrivate: boolean;
}

// RFC 9110, 5.6.2 and 5.5: a token, and visible text. A value that breaks these would fail with every event.
const headerName = z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, "A header's name is letters, digits and hyphens");
const headerValue = z
  .string()
  .regex(/^[\t\x20-\x7e\x80-\xff]*$/, "A header's value has no line breaks or control characters");

/** What the body's length and the connection depend on is not a setting. */
const ownHeaders = [
  "content-length",
  "content-encoding",
  "transfer-encoding",
  "connection",
  "keep-alive",
  "upgrade",
  "host",
  "expect",
  "te",
  "trailer",
];

const settings = {
  url: z
    .url({ protocol: /^https?$/, error: "A URL starts with http:// or https://" })
    .refine((url) => !URL.canParse(url) || new URL(url).username + new URL(url).password === "", {
      error: "A URL carries no user and password: put them into a header, authorization: env(...)",
    })
    .describe("Where events are sent to, `http://` or `https://`"),
  method: z.enum(["POST", "PUT", "PATCH"]).default("POST").describe('Or `"PUT"`, `"PATCH"`'),
  headers: secret(
    z.record(
      headerName.refine((name) => !ownHeaders.includes(name.toLowerCase()), {
        error: "This header is set by the connection",
      }),
      headerValue,
    ),
  )
    // Names are the same whatever their case, and one of these wins over ours.
    .transform((headers) =>
      Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
    )
    .default({})
    .describe("Added to each request. Their values are treated as secrets: they are in no log, status or dead letter"),
  signingKey: secret(z.union([signingKey, z.array(signingKey).min(1, "At least one key is needed")]))
    .optional()
    .describe(
      "Signs each request, so that its receiver knows who sent it: `whsec_` and base64; several while keys are rotated",
    ),
  batch: z
    .strictObject({
      events: z.number().int().min(1).max(10_000).default(100),
      bytes: bytes({ min: 1000, max: 64_000_000 }).default(500_000),
    })
    .optional()
    .describe(
      'Sends events together, as a JSON array of up to `events` (100) and `bytes` (`"500KB"`, before compression)',
    ),
  gzip: z.boolean().default(false).describe("Compresses bodies, `Content-Encoding: gzip`"),
  timeout: duration({ min: 100, max: 300_000 })
    .default(10_000)
    .describe("For one request, from connecting to the end of the answer"),
  concurrency: z
    .number()
    .int()
    .min(1)
    .max(256)
    .default(16)
    .describe("Requests at a time, each with a connection of its own"),
  blockPrivate: z
    .boolean()
    .default(false)
    .describe("Connects to public addresses only: for URLs that others may choose"),
};

/** Sends events as JSON: each in a request of its own, or many in an array. Repeats carry the same `Idempotency-Key`. */
export const webhook: DestinationType<WebhookSettings> = defineDestination<WebhookSettings>({
  type: "webhook",
  displayName: "Webhook",
  description: "Sends each event as the JSON body of an HTTP request",
  settings,
  batch: ({ batch }) => (batch === undefined ? { events: 1, bytes: 0, whole: false } : { ...batch, whole: true }),
  concurrency: ({ concurrency }) => concurrency,
  timeout: ({ timeout }) => timeout,
  network: ({ blockPrivate }) => ({ blockPrivate }),
  requests(events, { url, method, headers, batch, gzip, signingKey: keys }, { now }) {
    const body = stringifyJson(batch === undefined ? events[0] : events);
    const id = idempotencyKey(events.map(({ messageId }) => messageId));
    const signature = keys === undefined ? undefined : signatureHeaders({ id, now, body }, [keys].flat());
    const own = { "content-type": "application/json", "idempotency-key": id };
    return [{ method, url, headers: { ...own, ...headers, ...signature }, body, gzip }];
  },
});

/**
 * The `messageId` of one event, where it can stand in a header; else the SHA-256, in hex, of all. Ids come from clients, and one
 * that is no visible ASCII or very long would make a request that no server takes.
 */
export function idempotencyKey(messageIds: readonly string[]): string {
  const [only = ""] = messageIds;
  if (messageIds.length === 1 && /^[\x21-\x7e]{1,255}$/.test(only)) return only;
  return createHash("sha256").update(messageIds.join("\n")).digest("hex");
}
