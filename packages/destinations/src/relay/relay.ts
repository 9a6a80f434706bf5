import {
  type Answer,
  type Attempt,
  bytes,
  classifyAnswer,
  defineDestination,
  duration,
  jsonList,
  type Outcome,
  type RawEvent,
  retry,
  type SettingsOf,
  secret,
} from "@pintle/kit";
import { z } from "zod";

const settings = {
  url: z
    .url({ protocol: /^https?$/, error: "A URL starts with http:// or https://" })
    .refine((url) => !URL.canParse(url) || !/[?#@]/.test(url), {
      error: "The URL of a data plane has no user, query or fragment: the write key is a setting of its own",
    })
    .describe("The data plane's address, as SDKs have it: `/v1/batch` is added"),
  writeKey: secret(
    z.string().regex(/^[!-9;-~]{1,256}$/, "A write key is 1 to 256 visible ASCII characters without a colon"),
  ).describe("Write key of a source of that data plane"),
  batch: z
    .strictObject({
      events: z.number().int().min(1).max(20_000).default(100),
      bytes: bytes({ min: 1000, max: 4_000_000 }).default(500_000),
    })
    .default({ events: 100, bytes: 500_000 })
    .describe(
      'Most `events` (100, at most 20,000) and `bytes` (`"500KB"`, at most `"4MB"`, before compression) of a request',
    ),
  gzip: z.boolean().default(true).describe("Compresses bodies"),
  timeout: duration({ min: 100, max: 300_000 })
    .default(30_000)
    .describe("Time for one request, from connecting to the end of the answer"),
  concurrency: z
    .number()
    .int()
    .min(1)
    .max(64)
    .default(4)
    .describe("Requests at a time, each with a connection of its own"),
};

export type RelaySettings = SettingsOf<typeof settings>;

/**
 * Forwards whole events to another data plane that speaks RudderStack's HTTP API, with their
 * `messageId` and times, so that it can drop what it has already. A batch is taken there as a whole
 * or not at all.
 */
export const relay = defineDestination({
  type: "relay",
  displayName: "Relay",
  description: "Forwards whole events to another data plane",
  settings,
  raw: true,
  batch: ({ batch }) => ({ ...batch, whole: true }),
  concurrency: ({ concurrency }) => concurrency,
  timeout: ({ timeout }) => timeout,
  requests: (events, { url, writeKey, gzip }) => [
    {
      method: "POST",
      url: `${url.replace(/\/+$/, "")}/v1/batch`,
      headers: {
        "content-type": "application/json",
        authorization: `Basic ${Buffer.from(`${writeKey}:`).toString("base64")}`,
      },
      body: jsonList(events, '{"batch":[', "]}"),
      gzip,
    },
  ],
  classify,
});

/**
 * Statuses of a data plane that are about events: too large, or malformed. The kit finds the one
 * that is meant.
 */
const aboutEvents: ReadonlySet<number> = new Set([400, 413]);

/**
 * Every other refusal is about the relay's settings or the state of the other side (the source is
 * disabled, the URL is that of something else, it takes no gzip): no event is to die for it.
 */
function classify(answer: Answer, _events: readonly RawEvent[], { now }: Attempt): Outcome | undefined {
  const outcome = classifyAnswer(answer, now);
  if (outcome.outcome !== "dead" || aboutEvents.has(answer.status)) return undefined;
  const { reason, detail = "" } = outcome;
  const said = answer.body.trim().slice(0, 200);
  return retry("destination", reason, { ages: false, answer, detail: said === "" ? detail : `${detail}: ${said}` });
}
