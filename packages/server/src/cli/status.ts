import type { Status } from "../admin/status.ts";
import { adminClient, adminFlags } from "./admin-client.ts";
import type { Command, CommandCall, CommandContext } from "./command.ts";
import { age, count, nouns, reasons, table } from "./table.ts";

export const status: Command = {
  name: "status",
  summary: "Tells how a data plane that runs and each of its destinations stand.",
  arguments: [],
  flags: { ...adminFlags, json: { description: "all of it, as JSON" } },
  run: runStatus,
};

async function runStatus(call: CommandCall, context: CommandContext): Promise<number> {
  const client = adminClient(call, context);
  const told = (await client.get("/status")) as Status;
  // Only the router knows.
  const counts = told.router.state === "running" ? client.get("/dead/counts") : Promise.resolve({});
  const deadLetters = (await counts) as DeadLetterCounts;
  if (call.flags.json !== undefined) context.print(JSON.stringify({ ...told, deadLetters }, null, 2));
  else for (const line of statusLines(told, deadLetters)) context.print(line);
  return 0;
}

function megabytes(bytes: number): string {
  return `${count(Math.ceil(bytes / 1e6))} MB`;
}

/**
 * What the states of a destination are called for people: those of a breaker read the wrong way
 * round.
 */
const stateNames: Readonly<Record<string, string>> = {
  closed: "working",
  open: "in trouble",
  "half-open": "probing",
  stopped: "stopped",
};

/** Dead letters about which nothing was decided, by destination and reason. */
export type DeadLetterCounts = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** @param now milliseconds since the epoch */
export function statusLines(told: Status, deadLetters: DeadLetterCounts, now: number = Date.now()): string[] {
  const refused = Object.values(told.refused).reduce((sum, number) => sum + number, 0);
  const lines = [
    `Pintle ${told.version}, ${told.state}, since ${told.startedAt}`,
    `accepted ${nouns(told.accepted, "event")} in ${nouns(told.requests, "request")}` +
      (refused === 0 ? "" : `; refused ${nouns(refused, "request")} (${reasons(told.refused)})`) +
      (told.storage === "open"
        ? ""
        : `; the storage takes nothing now${told.storage === "full" ? ": the disk is full" : ""}`),
    ...Object.entries(told.oddities).map(([source, counts]) => `odd from ${source}: ${reasons(counts)}`),
    `memory ${megabytes(told.memory.held)} of ${megabytes(told.memory.bytes)} held for destinations, ${megabytes(told.memory.bodies)} for requests`,
    "",
  ];
  if (told.router.state !== "running") {
    const { state, reason, at, nextAttempt } = told.router;
    return [...lines, `the router is ${state}, since ${at}, next at ${nextAttempt}: ${reason}`];
  }
  if (told.destinations.length === 0) return [...lines, "no destinations"];
  const counted = ["delivered", "filtered", "duplicate", "dead letters", "lanes waiting", "parked"];
  const heading = ["destination", "type", "state", "lag", "events", ...counted];
  const rows = told.destinations.map((destination) => [
    destination.id,
    destination.type,
    stateNames[destination.state] ?? destination.state,
    age(destination.lag.seconds),
    `${count(destination.lag.events)}${destination.counted ? "" : " or more"}`,
    count(destination.delivered),
    reasons(destination.filtered) || "0",
    count(destination.duplicate),
    reasons(deadLetters[destination.id] ?? {}) || "0",
    count(destination.lanesWaiting),
    count(destination.lanesParked),
  ]);
  lines.push(...table([heading, ...rows]));
  for (const destination of told.destinations) lines.push(...attentionLines(destination, now));
  return lines;
}

/** What somebody should know of a destination beside the numbers. */
function attentionLines(destination: Status["destinations"][number], now: number): string[] {
  const { id, state, problem, nextAttempt } = destination;
  const wait = nextAttempt === undefined ? undefined : age(Math.max(0, (Date.parse(nextAttempt) - now) / 1000));
  // What was wrong with an answer that counted; any other problem of one that works may be long
  // over.
  if (problem !== undefined && (state !== "closed" || problem.reason === "answer")) {
    const next = wait === undefined || state === "closed" ? "" : `; next attempt in ${wait}`;
    return [`${id}: ${problem.reason} at ${problem.at}: ${problem.message}${next}`];
  }
  return wait === undefined ? [] : [`${id}: next attempt at what waits in ${wait}`];
}
