import { stringifyJson } from "@pintle/events";
import { ServerError } from "../errors.ts";
import type { DeadDecision, DeadList, ShownLetter } from "../router/dead/dead-letters.ts";
import { adminClient, adminFlags } from "./admin-client.ts";
import type { Command, CommandCall, CommandContext, Flag } from "./command.ts";
import { count, nouns, reasons, table } from "./table.ts";
import { parseTime } from "./time.ts";

/** Flags that select letters: those to which all of them apply. */
const selectionFlags: Readonly<Record<string, Flag>> = {
  destination: { value: "NAME", description: "of this destination, by its name or id (default: of all)" },
  reason: { value: "REASON", description: "given up for this reason, like http_400" },
  from: { value: "TIME", description: "given up since: 2026-11-20T08:00:00Z, 2026-11-20, or 2h for two hours ago" },
  to: { value: "TIME", description: "given up before" },
  user: { value: "ID", description: "events with this userId or anonymousId" },
  id: { value: "ID", description: "the event with this messageId" },
};

const settlingFlags: Readonly<Record<string, Flag>> = {
  ...adminFlags,
  ...selectionFlags,
  letter: { value: "LETTER", description: "this letter, as the list calls it, like hook/42" },
  all: { description: "all of them" },
};

export const deadList: Command = {
  name: "dead list",
  summary: "Lists events that were given up, by destination, reason, time, user or id.",
  arguments: [],
  flags: {
    ...adminFlags,
    ...selectionFlags,
    limit: { value: "N", description: "the newest N of each destination (default 20, at most 1000)" },
    json: { description: "as JSON" },
  },
  run: runList,
};

export const deadShow: Command = {
  name: "dead show",
  summary: "Shows a dead letter whole: the event, request and answer, and what was decided about it.",
  arguments: ["LETTER"],
  flags: { ...adminFlags, json: { description: "as JSON" } },
  run: runShow,
};

export const deadReplay: Command = {
  name: "dead replay",
  summary: "Sends dead letters once more, through transformation and destination as they are now.",
  arguments: [],
  flags: settlingFlags,
  run: (call, context) => runSettle(call, context, "replayed"),
};

export const deadPurge: Command = {
  name: "dead purge",
  summary: "Takes dead letters off the list for good.",
  arguments: [],
  flags: settlingFlags,
  run: (call, context) => runSettle(call, context, "purged"),
};

async function runList(call: CommandCall, context: CommandContext): Promise<number> {
  const { limit, json } = call.flags;
  if (limit !== undefined && (!/^\d{1,4}$/.test(limit) || Number(limit) < 1 || Number(limit) > 1000)) {
    throw new ServerError("PINTLE_USAGE", `--limit takes a number from 1 to 1000, not ${JSON.stringify(limit)}`);
  }
  const told = await adminClient(call, context).get("/dead", { ...selectionOf(call), limit });
  const { destinations } = told as { readonly destinations: readonly (DeadList & { readonly id: string })[] };
  if (json !== undefined) context.print(stringifyJson(destinations, 2));
  else for (const line of listLines(destinations)) context.print(line);
  return 0;
}

function listLines(destinations: readonly (DeadList & { readonly id: string })[]): string[] {
  const rows = destinations.flatMap(({ id, letters }) =>
    letters.map(({ letter, at, reason, type, messageId, attempts }) => [
      `${id}/${letter}`,
      new Date(at).toISOString(),
      reason,
      typeof type === "string" ? oneLine(type) : "",
      count(attempts),
      oneLine(messageId),
    ]),
  );
  if (rows.length === 0) return ["no dead letters"];
  const lines = table([["letter", "given up", "reason", "type", "attempts", "messageId"], ...rows]);
  lines.push("");
  for (const { id, letters, counts } of destinations) {
    const total = totalOf(counts);
    if (total === 0) continue;
    const shown = letters.length < total ? `, of which the newest ${count(letters.length)} are listed` : "";
    lines.push(`${id}: ${nouns(total, "dead letter")} (${reasons(counts)})${shown}`);
  }
  return lines;
}

async function runShow(call: CommandCall, context: CommandContext): Promise<number> {
  const { destination, letter } = letterOf(call.arguments[0] ?? "");
  const told = await adminClient(call, context).get("/dead/letter", { destination, letter });
  const shown = told as ShownLetter & { readonly destination: string };
  if (call.flags.json !== undefined) context.print(stringifyJson(shown, 2));
  else for (const line of letterLines(shown)) context.print(line);
  return 0;
}

export function letterLines(shown: ShownLetter & { readonly destination: string }): string[] {
  const { destination, letter, reason, detail, at, attempts, firstAttempt, sourceId, verdict, event, request, answer } =
    shown;
  const tried = firstAttempt === undefined ? "" : `, the first at ${new Date(firstAttempt).toISOString()}`;
  const lines = [
    `${destination}/${letter}: ${reason}${detail === undefined ? "" : `: ${oneLine(detail)}`}`,
    `given up at ${new Date(at).toISOString()} after ${nouns(attempts, "attempt")}${tried}; from the source ${sourceId}`,
  ];
  if (verdict !== undefined) {
    const why = verdict.reason === undefined ? "" : ` (${verdict.reason})`;
    lines.push(`${verdict.verdict}${why} at ${new Date(verdict.at).toISOString()}`);
  }
  lines.push("", "event", stringifyJson(event, 2));
  if (request !== undefined) {
    lines.push("", `request ${request.method} ${request.url}`, ...headerLines(request.headers));
    if (request.body !== undefined) lines.push("", request.body);
    if (request.bytes !== undefined) lines.push(`(the beginning of ${count(request.bytes)} bytes)`);
  }
  if (answer !== undefined) {
    lines.push("", `answer ${answer.status}`, ...headerLines(answer.headers));
    if (answer.body !== "") lines.push("", answer.body);
  }
  return lines;
}

function headerLines(headers: Readonly<Record<string, string>>): string[] {
  return Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
}

/**
 * What the admin port answers: by destination, how many letters; and of those that were not
 * replayed, why.
 */
interface DeadReport extends Partial<Record<DeadDecision, Readonly<Record<string, number>>>> {
  readonly filtered?: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly left?: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

async function runSettle(call: CommandCall, context: CommandContext, decision: DeadDecision): Promise<number> {
  const { letter, all } = call.flags;
  const selection = selectionOf(call);
  const body = {
    ...selection,
    ...(letter === undefined ? {} : numbered(letter, selection.destination)),
    ...(all === undefined ? {} : { all: true }),
  };
  const word = decision === "replayed" ? "replay" : "purge";
  if (Object.values(body).every((value) => value === undefined)) {
    throw new ServerError(
      "PINTLE_USAGE",
      `say which letters to ${word}: by a flag (see: pintle dead ${word} --help), or --all`,
    );
  }
  const told = (await adminClient(call, context).post(`/dead/${word}`, body)) as DeadReport;
  const lines = Object.entries(told[decision] ?? {})
    .filter(([, number]) => number > 0)
    .map(([id, number]) => `${id}: ${decision} ${nouns(number, "dead letter")}`);
  for (const [id, counts] of Object.entries(told.filtered ?? {})) {
    lines.push(`${id}: filtered ${nouns(totalOf(counts), "dead letter")} (${reasons(counts)}): not for it any more`);
  }
  for (const [id, counts] of Object.entries(told.left ?? {})) {
    lines.push(`${id}: left ${nouns(totalOf(counts), "dead letter")} (${reasons(counts)}): nothing that can be sent`);
  }
  if (lines.length === 0) lines.push(`no dead letters to ${word}`);
  for (const line of lines) context.print(line);
  return 0;
}

function totalOf(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, number) => sum + number, 0);
}

function selectionOf({ flags }: CommandCall): Record<string, string | undefined> {
  const { destination, reason, user, id } = flags;
  const time = (flag: "from" | "to"): string | undefined =>
    flags[flag] === undefined ? undefined : parseTime(flag, flags[flag], Date.now());
  return { destination, reason, user, id, from: time("from"), to: time("to") };
}

function numbered(text: string, named: string | undefined): { destination: string; letter: number } {
  const { destination, letter } = letterOf(text);
  if (named !== undefined && named !== destination) {
    throw new ServerError("PINTLE_USAGE", `--letter ${text} is not one of --destination ${named}`);
  }
  return { destination, letter: Number(letter) };
}

/** @throws ServerError PINTLE_USAGE */
function letterOf(text: string): { destination: string; letter: string } {
  const [, destination, letter] = /^([a-z0-9_-]{1,64})\/(\d{1,15})$/.exec(text) ?? [];
  if (destination === undefined || letter === undefined) {
    throw new ServerError("PINTLE_USAGE", `a letter is named like hook/42, not ${JSON.stringify(text)}`);
  }
  return { destination, letter };
}

/**
 * Clients write what they like: a terminal gets no control characters of theirs, and a table no
 * second line.
 */
function oneLine(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, " ").slice(0, 200);
}
