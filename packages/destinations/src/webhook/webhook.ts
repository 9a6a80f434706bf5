import {
  bytes,
  type ChosenRequest,
  chosenRequest,
  defineDestination,
  duration,
  headerValue,
  idempotencyKey,
  jsonList,
  type RawEvent,
  type SettingsOf,
  secret,
  settableHeader,
} from "@pintle/kit";
import { z } from "zod";
import { signatureHeaders, signingKey } from "../signing/signature.ts";
import { withQuery } from "./query.ts";

const methods = ["POST", "PUT", "PATCH", "GET", "DELETE"] as const;
type Method = (typeof methods)[number];

const settings = {
  url: z
    .url({ protocol: /^https?$/, error: "A URL starts with http:// or https://" })
    .refine((url) => !URL.canParse(url) || new URL(url).username + new URL(url).password === "", {
      error: "A URL carries no user and password: put them into a header, authorization: env(...)",
    })
    .describe("Where events are sent to, `http://` or `https://`"),
  method: z
    .enum(methods)
    .default("POST")
    .describe('Or `"PUT"`, `"PATCH"`; `"GET"` and `"DELETE"` send properties as the query, and no body'),
  headers: secret(
    z.record(
      settableHeader,
      z.string().regex(headerValue, "A header's value has no line breaks or control characters"),
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
    .describe("Time for one request, from connecting to the end of the answer"),
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
  origins: z
    .array(
      z
        .url({ protocol: /^https?$/, error: "An origin starts with http:// or https://" })
        .refine((url) => !URL.canParse(url) || [url, `${url}/`].includes(`${new URL(url).origin}/`), {
          error: "An origin is a URL without a path: https://api.example.com",
        })
        .transform((url) => new URL(url).origin),
    )
    .default([])
    .describe(
      "Besides that of `url`, where a transformation may send events to, with all headers: `https://api.example.com`",
    ),
};

export type WebhookSettings = SettingsOf<typeof settings>;

/**
 * Sends events as JSON: each in a request of its own, or many in an array; or as the query of a
 * request without a body. Repeats carry the same `Idempotency-Key`. A transformation may choose
 * URL, method and headers.
 */
export const webhook = defineDestination({
  type: "webhook",
  displayName: "Webhook",
  names: ["WEBHOOK"],
  description: "Sends each event as the JSON body of an HTTP request",
  settings,
  raw: true,
  check: ({ method, batch }) =>
    isQuery(method) && batch !== undefined
      ? { key: "batch", message: `A ${method} has no body that could hold several events: leave out batch` }
      : undefined,
  takesRequests: true,
  batch: ({ batch }) => (batch === undefined ? { events: 1, bytes: 0, whole: false } : { ...batch, whole: true }),
  concurrency: ({ concurrency }) => concurrency,
  timeout: ({ timeout }) => timeout,
  network: ({ blockPrivate }) => ({ blockPrivate }),
  key(event, { method }) {
    const chosen = chosenOf(event);
    if (chosen === undefined) return "";
    return JSON.stringify([chosen, isQuery(chosen.method ?? method) ? event.messageId : ""]);
  },
  requests(events, settings, { now }) {
    const { headers, batch, gzip, signingKey: keys } = settings;
    const [first] = events as readonly [RawEvent];
    const chosen = chosenOf(first);
    const method = chosen?.method ?? settings.method;
    const url = chosen === undefined ? settings.url : targetOf(settings, chosen);
    const id = idempotencyKey(events.map(({ messageId }) => messageId));
    const body = isQuery(method) ? undefined : batch === undefined ? first.bytes : jsonList(events);
    const signature = keys === undefined ? {} : signatureHeaders({ id, now, body: body ?? "" }, [keys].flat());
    const common = { ...headers, ...chosen?.headers, ...signature };
    if (body === undefined) {
      return [{ method, url: withQuery(url, first.parsed()), headers: { "idempotency-key": id, ...common } }];
    }
    const own = { "content-type": "application/json", "idempotency-key": id };
    return [{ method, url, headers: { ...own, ...common }, body, gzip }];
  },
});

/** What a transformation has chosen: who sends an event chooses nothing. */
function chosenOf({ given }: RawEvent): ChosenRequest | undefined {
  return given === undefined ? undefined : chosenRequest(given);
}

function isQuery(method: Method): boolean {
  return method === "GET" || method === "DELETE";
}

/** @throws TypeError for a URL that a transformation may not choose */
function targetOf({ url, origins }: WebhookSettings, { url: own, append = "" }: ChosenRequest): string {
  if (own !== undefined && !URL.canParse(own, url)) throw new TypeError("the transformation chose a URL that is none");
  const whole = (own === undefined ? url : new URL(own, url).href) + append;
  if (!URL.canParse(whole)) throw new TypeError("the transformation chose a URL that is none");
  const target = new URL(whole);
  if (target.username + target.password !== "") {
    throw new TypeError("the transformation chose a URL with user and password: put them into a header");
  }
  if (!/^https?:$/.test(target.protocol)) {
    throw new TypeError(`the transformation chose a URL that begins with ${target.protocol}, not http: or https:`);
  }
  if (target.origin !== new URL(url).origin && !origins.includes(target.origin)) {
    throw new TypeError(
      `the transformation chose ${target.origin}, which is neither where url leads nor one of origins: add it there`,
    );
  }
  target.hash = "";
  return target.href;
}
