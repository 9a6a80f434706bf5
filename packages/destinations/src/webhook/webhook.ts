import { createHash } from "node:crypto";
import { z } from "zod";
import { type DestinationType, defineDestination, duration, secret } from "../kit/index.ts";

export interface WebhookSettings {
  url: string;
  method: "POST" | "PUT" | "PATCH";
  headers: Record<string, string>;
  timeout: number;
  concurrency: number;
}

// RFC 9110, 5.6.2 and 5.5: a token, and visible text. A value that breaks these would fail with every event.
const headerName = z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, "A header's name is letters, digits and hyphens");
const headerValue = z
  .string()
  .regex(/^[\t\x20-\x7e\x80-\xff]*$/, "A header's value has no line breaks or control characters");

/** What the body's length and the connection depend on is not a setting. */
const ownHeaders = [
  "content-length",
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
    .describe("Where events are sent to"),
  method: z.enum(["POST", "PUT", "PATCH"]).default("POST").describe("The HTTP method (default POST)"),
  headers: secret(
    z.record(
      headerName.refine((name) => !ownHeaders.includes(name.toLowerCase()), {
        error: "This header is set by the connection",
      }),
      headerValue,
    ),
  )
    .default({})
    .describe("Headers that are added to each request; their values are treated as secrets"),
  timeout: duration({ min: 100, max: 300_000 })
    .default(10_000)
    .describe('Time for one request, from connecting to the end of the answer (default "10s")'),
  concurrency: z
    .number()
    .int()
    .min(1)
    .max(256)
    .default(16)
    .describe("Requests at a time, each with a connection of its own (default 16)"),
};

/** Sends each event as the JSON body of a request of its own. Repeats carry the same `Idempotency-Key`. */
export const webhook: DestinationType<WebhookSettings> = defineDestination<WebhookSettings>({
  type: "webhook",
  displayName: "Webhook",
  description: "Sends each event as the JSON body of an HTTP request",
  settings,
  concurrency: ({ concurrency }) => concurrency,
  timeout: ({ timeout }) => timeout,
  requests: (events, { url, method, headers }) =>
    events.map((event, position) => ({
      method,
      url,
      headers: {
        "content-type": "application/json",
        "idempotency-key": idempotencyKey(event.messageId),
        ...headers,
      },
      body: JSON.stringify(event),
      events: [position],
    })),
});

/**
 * The `messageId` where it can stand in a header; else its SHA-256 in hex. Ids come from clients, and one that is no
 * visible ASCII or very long would make a request that no server takes.
 */
export function idempotencyKey(messageId: string): string {
  return /^[\x21-\x7e]{1,255}$/.test(messageId) ? messageId : createHash("sha256").update(messageId).digest("hex");
}
