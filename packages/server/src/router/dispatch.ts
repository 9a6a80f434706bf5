import type { Connection, Delivery, EventSource, Outcome } from "@pintle/destinations/kit";
import type { DeliveredEvent } from "@pintle/events/gateway";
import { messageOf } from "./account.ts";
import type { Entry } from "./lanes.ts";
import type { Stage } from "./stage.ts";

/** What became of an event in one attempt. */
export type Result = Outcome | Ended;

/** It ended in the stage, and the destination was not asked: it is not for it, or it is given up (`refused`). */
export interface Ended {
  readonly outcome: "filtered" | "refused";
  readonly reason: string;
  readonly detail?: string;
}

export interface Dispatch {
  readonly connection: Connection;
  readonly stage: Stage | undefined;
  readonly sourceOf: (entry: Entry) => EventSource;
  /** What the destination commits together with the events. */
  readonly commit: Delivery["commit"];
}

const noOutcome: Outcome = {
  outcome: "retry",
  scope: "event",
  reason: "no_outcome",
  detail: "the destination gave no outcome",
};

/**
 * One attempt at some events: through the stage, unless an earlier attempt has brought them through, and to the destination. One
 * result for each event. Never rejects: what a stage or a destination's type throws may be this event's doing.
 */
export async function dispatch(entries: readonly Entry[], how: Dispatch): Promise<readonly Result[]> {
  const { connection, stage, sourceOf, commit } = how;
  try {
    const sources = entries.map(sourceOf);
    if (stage === undefined) {
      const events = entries.map(({ event }) => event);
      const outcomes = await connection.deliver(events, { sources, ...(commit === undefined ? {} : { commit }) });
      return outcomes.length === entries.length ? outcomes : entries.map((_, at) => outcomes[at] ?? noOutcome);
    }
    return await dispatchStaged(entries, sources, stage, how);
  } catch (error) {
    const outcome: Outcome = { outcome: "retry", scope: "event", reason: "error", detail: messageOf(error) };
    return entries.map(() => outcome);
  }
}

async function dispatchStaged(
  entries: readonly Entry[],
  sources: readonly EventSource[],
  stage: Stage,
  { connection, commit }: Dispatch,
): Promise<readonly Result[]> {
  const ended = await pass(entries, sources, stage);
  const events: DeliveredEvent[] = [];
  const eventSources: EventSource[] = [];
  /** Which entry each event goes out for. */
  const owners: number[] = [];
  for (const [at, entry] of entries.entries()) {
    if (ended[at] !== undefined) continue;
    for (const event of entry.staged!) {
      events.push(event);
      eventSources.push(sources[at]!);
      owners.push(at);
    }
  }
  let outcomes: readonly Outcome[] = [];
  if (commit !== undefined) {
    // What ends in the stage is committed with the others: its dead letter has to be durable before.
    const dead = [...ended.entries()].flatMap(([at, result]): [number, Outcome][] =>
      result?.outcome === "refused" ? [[at, { ...result, outcome: "dead", scope: "event" }]] : [],
    );
    if (dead.length > 0) await commit.bury(new Map(dead));
    const bury: typeof commit.bury = (its) =>
      commit.bury(new Map([...its].map(([position, outcome]) => [owners[position]!, outcome])));
    outcomes = await connection.deliver(events, { sources: eventSources, commit: { ...commit, bury } });
  } else if (events.length > 0) {
    outcomes = await connection.deliver(events, { sources: eventSources });
  }
  return entries.map((entry, at) => {
    const result = ended[at];
    if (result !== undefined) return result;
    const its = owners.flatMap((owner, position) => (owner === at ? [outcomes[position] ?? noOutcome] : []));
    return combined(entry, its);
  });
}

/** Brings events through the stage. The result is of those that end there; what the others became is in their `staged`. */
async function pass(
  entries: readonly Entry[],
  sources: readonly EventSource[],
  stage: Stage,
): Promise<(Ended | undefined)[]> {
  const ended = new Array<Ended | undefined>(entries.length).fill(undefined);
  const fresh = [...entries.keys()].filter((at) => entries[at]!.staged === undefined);
  if (fresh.length === 0) return ended;
  const results = await stage.run(
    fresh.map((at) => entries[at]!.event),
    fresh.map((at) => sources[at]!),
  );
  for (const [index, at] of fresh.entries()) {
    const staged = results[index];
    if (staged === undefined) throw new Error("the stage gave too few results");
    if (staged.kind === "deliver") entries[at]!.staged = missingOf(staged.events, entries[at]!);
    else if (staged.kind === "filtered") ended[at] = { outcome: "filtered", reason: staged.reason };
    else ended[at] = { outcome: "refused", reason: staged.reason, detail: staged.detail };
  }
  return ended;
}

/** Without what an earlier attempt has delivered. If nothing is left, the stage is another one now, and all of it goes out. */
function missingOf(events: readonly DeliveredEvent[], { only }: Entry): readonly DeliveredEvent[] {
  if (only === undefined) return events;
  const missing = events.filter(({ messageId }) => only.has(messageId));
  return missing.length > 0 ? missing : events;
}

/**
 * The outcome of an event that went out as several: it is tried again while one of them is to be, and then only with those that are;
 * it is dead if one of them is, though the others were delivered.
 */
function combined(entry: Entry, outcomes: readonly Outcome[]): Outcome {
  const [first] = outcomes;
  if (first === undefined) return noOutcome;
  const again = outcomes.find(({ outcome }) => outcome === "retry") ?? outcomes.find(isOpen);
  entry.failed ??= outcomes.find((outcome) => outcome.outcome === "dead" && !isOpen(outcome));
  if (again === undefined) return entry.failed ?? first;
  if (outcomes.length > 1) {
    entry.staged = entry.staged!.filter((_, at) => isOpen(outcomes[at]!));
    entry.only = new Set(entry.staged.map(({ messageId }) => messageId));
  }
  return again;
}

/** Whether the event may go out once more. */
function isOpen({ outcome, inARow }: Outcome): boolean {
  return outcome === "retry" || (outcome === "dead" && inARow !== undefined);
}
