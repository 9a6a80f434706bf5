import { gunzipSync } from "node:zlib";
import { errorMessage, letJsonTakeBigInt } from "@pintle/events";
import { cleanMessageId, completeEvent, type DeliveredEvent } from "@pintle/events/gateway";
import { z } from "zod";
import { takeRequest } from "./chosen-request.ts";
import type { Connection, DestinationType } from "./contract.ts";
import { decodedBody } from "./decoded-body.ts";
import { differences } from "./difference.ts";
import type { HttpRequest } from "./http-request.ts";
import type { Answer, Outcome } from "./outcome.ts";
import type { Person } from "./person.ts";
import { plainWords } from "./plain-words.ts";
import type { Sender } from "./sender.ts";

const jsonObject = z.record(z.string(), z.unknown());

const outcomeSchema = z.union([
  z.literal("delivered"),
  z.strictObject({
    outcome: z.enum(["delivered", "filtered", "retry", "dead"]),
    scope: z.enum(["event", "destination"]).optional(),
    reason: z.string().optional(),
    after: z.number().optional(),
    ages: z.boolean().optional(),
    adjusted: z.array(z.strictObject({ reason: z.string(), detail: z.string().optional() })).optional(),
  }),
]);

const caseSchema = z.strictObject({
  name: z.string().min(1),
  settings: jsonObject.default({}),
  now: z.iso.datetime().default("2026-01-01T00:00:00.000Z"),
  events: z.array(jsonObject).min(1).optional(),
  tryOut: z.literal(true).optional(),
  forget: z
    .array(
      z.strictObject({
        userId: z.string().optional(),
        anonymousIds: z.array(z.string()).default([]),
        email: z.string().optional(),
        phone: z.string().optional(),
      }),
    )
    .min(1)
    .optional(),
  manual: z.string().optional(),
  answers: z
    .array(
      z.strictObject({
        status: z.number(),
        headers: z.record(z.string(), z.string()).default({}),
        body: z.string().default(""),
      }),
    )
    .default([]),
  requests: z
    .array(
      z.strictObject({
        method: z.string().optional(),
        url: z.string().optional(),
        headers: z.record(z.string(), z.string()).optional(),
        body: z.unknown().optional(),
      }),
    )
    .optional(),
  outcomes: z.array(outcomeSchema).optional(),
  refused: z.string().optional(),
});

type Case = z.output<typeof caseSchema>;

/** A table of cases, as in its JSON file. docs/writing-a-destination.md explains each key. */
export interface CaseTable {
  /**
   * The name of one of Pintle's types, or the path, relative to the table, of a module whose
   * default export is a type.
   */
  readonly destination: string;
  readonly cases: readonly unknown[];
}

const tableSchema: z.ZodType<CaseTable> = z.strictObject({
  destination: z.string(),
  cases: z.array(z.unknown()).min(1),
});

/** @throws TypeError that says what is wrong with the table */
export function readCases(json: unknown): CaseTable {
  return parse(tableSchema, json, "the table");
}

export interface CaseResult {
  readonly name: string;
  /** The differences between what was expected and what came; empty if the case holds. */
  readonly problems: readonly string[];
}

/**
 * Runs the cases of a table, each on its own and without a network: it compares the requests and
 * outcomes that come from events and settings. A case that cannot be read fails.
 *
 * @throws TypeError for a type that is not defined by requests, since that would really be opened
 */
export async function runCases(type: DestinationType, table: CaseTable): Promise<CaseResult[]> {
  if (type.isHttp !== true)
    throw new TypeError(`The destination type "${type.type}" makes no requests that a case could compare`);
  // As in the thread that delivers.
  letJsonTakeBigInt();
  const results: CaseResult[] = [];
  for (const [index, json] of table.cases.entries()) {
    const named = caseSchema.pick({ name: true }).loose().safeParse(json);
    const name = named.success ? named.data.name : `case ${index + 1}`;
    try {
      results.push({ name, problems: await run(type, parse(caseSchema, json, "the case")) });
    } catch (error) {
      results.push({ name, problems: [errorMessage(error)] });
    }
  }
  return results;
}

async function run(type: DestinationType, wanted: Case): Promise<string[]> {
  const parsed = type.settings.safeParse(wanted.settings, { error: plainWords });
  if (!parsed.success) {
    const messages = parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
    if (wanted.refused === undefined) return messages.map((message) => `settings.${message}`);
    const isMeant = messages.some((message) => message.includes(wanted.refused ?? ""));
    return isMeant
      ? []
      : [`expected the settings to be refused with "${wanted.refused}", got "${messages.join("; ")}"`];
  }
  if (wanted.refused !== undefined)
    return [`expected the settings to be refused with "${wanted.refused}", and they are taken`];
  if (wanted.manual !== undefined) return compareManual(type, parsed.data, wanted);
  if (wanted.events === undefined && wanted.forget === undefined) return ["has no events"];
  if (wanted.requests === undefined && wanted.outcomes === undefined)
    return ["has neither requests nor outcomes to compare"];

  const sent: HttpRequest[] = [];
  const sender: Sender = {
    send: async (request) => answerTo(sent.push(request), wanted.answers),
    close: async () => {},
  };
  const now = Date.parse(wanted.now);
  const connection = await type.open(parsed.data, {
    directory: "/",
    now: () => now,
    userAgent: "Pintle",
    destinationName: type.type,
    sender,
    sleep: async () => {},
  });
  const outcomes = await outcomesOf(connection, wanted, type, now);
  await connection.close();
  return [
    ...(wanted.requests === undefined ? [] : compareRequests(wanted.requests, sent)),
    ...differences(
      wanted.outcomes,
      wanted.outcomes && outcomes.map((outcome, index) => project(outcome, wanted.outcomes?.[index])),
      "outcomes",
    ),
  ];
}

/**
 * The outcomes of the events, of the first one when trying out, or of the people to be forgotten.
 */
async function outcomesOf(
  connection: Connection,
  { events = [], forget, tryOut }: Case,
  type: DestinationType,
  now: number,
): Promise<readonly Outcome[]> {
  if (forget !== undefined) return connection.forget!(forget as readonly Person[]);
  const complete = events.map((event, index) => frozen(completed(event, index, now, type.takesRequests === true)));
  const tried = tryOut === true ? await connection.tryOut!(complete[0]!) : undefined;
  return tried === undefined ? connection.deliver(complete) : [tried.outcome];
}

function compareManual(type: DestinationType, settings: unknown, { manual, forget = [] }: Case): string[] {
  const text = type.forgetByHand?.(forget as readonly Person[], settings) ?? "";
  return text.includes(manual ?? "") ? [] : [`expected "${manual}" to be what is to be done by hand, got "${text}"`];
}

/** Gives the answers in order, and 200 once they run out. */
function answerTo(count: number, answers: Case["answers"]): Answer {
  return answers[count - 1] ?? { status: 200, headers: {}, body: "" };
}

/** The event with what the gateway would add, with fixed times and ids. */
function completed(
  event: Readonly<Record<string, unknown>>,
  index: number,
  now: number,
  takesRequests: boolean,
): DeliveredEvent {
  const messageId = cleanMessageId(event.messageId) ?? `m-${index + 1}`;
  const whole = completeEvent(event, { receivedAt: now, requestIp: "192.0.2.1", messageId });
  // A case's event is what a transformation may have given.
  if (takesRequests) takeRequest(whole);
  return whole;
}

/**
 * Freezes an event: destinations share its nested values, so a type that changes them throws here.
 */
function frozen<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  for (const inner of Object.values(value)) frozen(inner);
  return Object.freeze(value);
}

function compareRequests(wanted: NonNullable<Case["requests"]>, sent: readonly HttpRequest[]): string[] {
  const actual = sent.map((request, index) => {
    const expected = wanted[index] ?? request;
    const body = readableBody(request);
    return {
      ...(expected.method === undefined ? {} : { method: request.method }),
      ...(expected.url === undefined ? {} : { url: request.url }),
      ...(expected.headers === undefined ? {} : { headers: comparable(request.headers) }),
      ...(expected.body === undefined
        ? {}
        : { body: typeof expected.body === "string" ? body : decodedBody(request.headers, body) }),
    };
  });
  const expected = wanted.map((request) =>
    request.headers === undefined ? request : { ...request, headers: comparable(request.headers) },
  );
  return differences(expected, actual, "requests");
}

/** Names in small letters, without the version that is in `User-Agent`. */
function comparable(headers: Readonly<Record<string, string>>): Record<string, string> {
  const all = Object.entries(headers).map(([name, value]): [string, string] => [name.toLowerCase(), value]);
  return Object.fromEntries(all.filter(([name, value]) => name !== "user-agent" || value !== "Pintle"));
}

function readableBody({ headers, body = "" }: HttpRequest): string {
  if (typeof body === "string") return body;
  return (headers["content-encoding"] === "gzip" ? gunzipSync(body) : Buffer.from(body)).toString();
}

/** What the case says something about. */
function project(outcome: Outcome, wanted: NonNullable<Case["outcomes"]>[number] | undefined): unknown {
  if (wanted === undefined || wanted === "delivered") {
    return outcome.outcome === "delivered" ? "delivered" : { outcome: outcome.outcome, reason: outcome.reason };
  }
  return Object.fromEntries(Object.keys(wanted).map((key) => [key, outcome[key as keyof Outcome]]));
}

function parse<Output>(schema: z.ZodType<Output>, json: unknown, what: string): Output {
  const parsed = schema.safeParse(json, { error: plainWords });
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => [path.join("."), message].filter(Boolean).join(": "));
  throw new TypeError(`${what} is wrong: ${problems.join("; ")}`);
}
