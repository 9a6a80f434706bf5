import { bytes, duration, headerValue, readMapping, type SettingsOf, secret, settableHeader } from "@pintle/kit";
import { z } from "zod";
import { signingKey } from "../signing/signature.ts";
import { keysOf } from "./mapping-keys.ts";
import { readUrl } from "./url-template.ts";
import { isXmlKey, isXmlName } from "./xml.ts";

const methods = ["POST", "PUT", "PATCH", "GET", "DELETE"] as const;

/** Anything that `readMapping` can read. */
const mapping: z.ZodType<unknown> = z.unknown().superRefine((value, context) => {
  readMapping(value, ({ path, message }) => context.addIssue({ code: "custom", path: [...path], message }));
});

/** The same, for one text. */
const mappedText = z
  .string()
  .regex(headerValue, "A header's value has no line breaks or control characters")
  .superRefine((value, context) => {
    readMapping(value, ({ message }) => context.addIssue({ code: "custom", message }));
  });

const plainHeader = secret(
  z.string().min(1).regex(headerValue, "A header's value has no line breaks or control characters"),
);

const auth = z.union([
  z.strictObject({
    basic: z.strictObject({
      username: z.string().refine((name) => !name.includes(":"), { error: "A user's name has no colon" }),
      password: secret(z.string()),
    }),
  }),
  z.strictObject({ bearer: plainHeader }),
  z.strictObject({
    apiKey: z.union([
      z.strictObject({ header: settableHeader, value: plainHeader }),
      z.strictObject({ query: z.string().min(1), value: secret(z.string().min(1)) }),
    ]),
  }),
]);

export const settings = {
  url: z
    .string()
    .superRefine((url, context) => {
      const read = readUrl(url);
      if (typeof read === "string") context.addIssue({ code: "custom", message: read });
    })
    .describe("Where requests go, `https://api.example.com/people/{{userId}}`: `{{...}}` may stand in path and query"),
  method: z
    .enum(methods)
    .default("POST")
    .describe('Or `"PUT"`, `"PATCH"`, and `"GET"` or `"DELETE"`, which carry no body'),
  query: z
    .record(z.string().min(1), mapping)
    .default({})
    .describe('Added to the URL: `{ plan: "$.traits.plan", v: 2 }`'),
  headers: secret(z.record(settableHeader, mappedText))
    .transform((headers) =>
      Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
    )
    .default({})
    .describe("Added to each request. Their values are treated as secrets: they are in no log, status or dead letter"),
  auth: auth
    .optional()
    .describe(
      "`{ basic: { username, password } }`, `{ bearer: token }`, or `{ apiKey: { header: name, value } }`, where `query` may stand for `header`",
    ),
  format: z
    .enum(["json", "form", "xml", "ndjson"])
    .default("json")
    .describe(
      'How the body is written: `"json"`, `"form"`, `"xml"`, or in a `batch` `"ndjson"`, a line for each event',
    ),
  xmlRoot: z
    .string()
    .refine(isXmlName, { error: "This is no name for an XML element" })
    .default("event")
    .describe("The name of the outermost element"),
  body: mapping
    .optional()
    .describe('What the body is: `{ mail: "$.traits.email", vip: true }`. Without it the whole event'),
  batch: z
    .strictObject({
      events: z.number().int().min(1).max(10_000).default(100),
      bytes: bytes({ min: 1000, max: 10_000_000 }).default(500_000),
      wrap: z.string().min(1).optional(),
    })
    .optional()
    .describe(
      'Sends events together, up to `events` (100) and `bytes` (`"500KB"`, before compression): as a list, `wrap: "array"`, or under a key, `wrap: "events"`',
    ),
  answers: z
    .record(
      z.string().regex(/^[1-5](?:\d\d|xx)$/, 'An answer is a status, "409", or a class of them, "4xx"'),
      z.enum(["delivered", "dead", "retry", "retry-destination"]),
    )
    .default({})
    .describe('What answers mean that mean something else here: `{ "409": "delivered", "4xx": "retry" }`'),
  idempotencyHeader: settableHeader
    .nullable()
    .default("idempotency-key")
    .describe("The header that tells repeats, with the event's `messageId`; `null`: none. A GET has none"),
  signingKey: secret(z.union([signingKey, z.array(signingKey).min(1, "At least one key is needed")]))
    .optional()
    .describe(
      "Signs each request, so that its receiver knows who sent it: `whsec_` and base64; several while keys are rotated",
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
};

export type HttpSettings = SettingsOf<typeof settings>;

type SettingsProblem = { readonly key: string; readonly message: string } | undefined;

/** What is wrong with settings that are sound each by itself. */
export function settingsProblem(given: HttpSettings): SettingsProblem {
  return bodyProblem(given) ?? authProblem(given);
}

function bodyProblem({ method, format, batch, body }: HttpSettings): SettingsProblem {
  const hasBody = carriesBody(method);
  if (!hasBody && body !== undefined) return { key: "body", message: `A ${method} carries no body: use query` };
  if (!hasBody && batch !== undefined)
    return { key: "batch", message: `A ${method} has no body that could hold several events: leave out batch` };
  if (format === "ndjson" && batch === undefined)
    return { key: "format", message: 'With format "ndjson" there is a batch: add batch: {}' };
  if (format === "ndjson" && batch?.wrap !== undefined)
    return { key: "batch", message: 'With format "ndjson" nothing is around the events: leave out wrap' };
  if ((format === "form" || format === "xml") && batch !== undefined)
    return { key: "batch", message: `A body in the format "${format}" is one event: leave out batch` };
  if (format !== "xml" || body === undefined) return undefined;
  for (const key of keysOf(readMapping(body, () => {}))) {
    if (!isXmlKey(key))
      return {
        key: "body",
        message: `${JSON.stringify(key)} is no name for an XML element: name, @attribute or #text`,
      };
  }
  return undefined;
}

function authProblem({ auth, headers, query, url }: HttpSettings): SettingsProblem {
  if (auth === undefined) return undefined;
  const header =
    "apiKey" in auth ? ("header" in auth.apiKey ? auth.apiKey.header.toLowerCase() : undefined) : "authorization";
  if (header !== undefined && Object.hasOwn(headers, header))
    return { key: "headers", message: `auth sets the header ${header}: leave it out here` };
  if (!("apiKey" in auth) || "header" in auth.apiKey) return undefined;
  const name = auth.apiKey.query;
  const isTaken = Object.hasOwn(query, name) || new URLSearchParams(/\?(.*)/s.exec(url)?.[1] ?? "").has(name);
  return isTaken
    ? { key: "query", message: `auth sets the parameter ${name}: leave it out here and in url` }
    : undefined;
}

/** Whether requests of this method have a body. */
export function carriesBody(method: HttpSettings["method"]): boolean {
  return method !== "GET" && method !== "DELETE";
}
