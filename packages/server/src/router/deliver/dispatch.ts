import { errorMessage } from "@pintle/events";
import type { DeliveredEvent } from "@pintle/events/gateway";
import {
  type Connection,
  type Dead,
  type Delivered,
  type Delivery,
  dead,
  type EventSource,
  type Outcome,
  type Retry,
  retry,
} from "@pintle/kit";
import type { Entry } from "../lanes/entry.ts";
import type { DeadEnding, FilteredEnding } from "../ledger/ending.ts";
import { type EventTransform, sizeOf } from "../transform/event-transform.ts";
import type { BatchWatch } from "./batch-watch.ts";

/**
 * What became of an event in one attempt: what the destination says, or that it ended in the
 * transformation.
 */
export type AttemptResult = Outcome | EarlyEnding;

type EarlyEnding = FilteredEnding | DeadEnding;

export interface Dispatch {
  readonly connection: Connection;
  /** Whether events go out as their bytes. */
  readonly isRaw: boolean;
  readonly transform: EventTransform | undefined;
  readonly sourceOf: (entry: Entry) => EventSource;
  /** What the destination commits together with the events. */
  readonly commit: Delivery["commit"];
  /** @see Delivery.released */
  readonly released?: () => void;
  /** The watch that hears what happens, while somebody watches. */
  readonly watch?: BatchWatch | undefined;
}

const noOutcome = retry("event", "no_outcome", { detail: "the destination gave no outcome" });

/**
 * One attempt at some events: through the transformation, unless an earlier attempt has brought
 * them through, and to the destination. One result for each event. Never rejects: what a
 * transformation or a destination's type throws may be this event's doing.
 */
export async function dispatch(entries: readonly Entry[], how: Dispatch): Promise<readonly AttemptResult[]> {
  const { transform, sourceOf } = how;
  try {
    const sources = entries.map(sourceOf);
    if (transform === undefined) {
      const outcomes = await deliver(entries, sources, how);
      return outcomes.length === entries.length ? outcomes : entries.map((_, at) => outcomes[at] ?? noOutcome);
    }
    return await dispatchTransformed(entries, sources, transform, how);
  } catch (error) {
    return entries.map(() => thrown(error));
  }
}

function thrown(error: unknown): Retry {
  return retry("event", "error", { detail: errorMessage(error) });
}

/**
 * Delivers a batch. Not asynchronous: a function that waits would hold the events until it goes on.
 */
function deliver(
  entries: readonly Entry[],
  sources: readonly EventSource[],
  { connection, isRaw, commit, released, watch }: Dispatch,
): Promise<readonly Outcome[]> {
  const delivery = {
    sources,
    ...(commit === undefined ? {} : { commit }),
    ...(released === undefined ? {} : { released }),
    ...(watch === undefined ? {} : { sent: watch.sent }),
  };
  if (isRaw && connection.deliverRaw !== undefined) {
    return connection.deliverRaw(
      entries.map(({ raw }) => raw),
      delivery,
    );
  }
  return connection.deliver(
    entries.map(({ event }) => event),
    delivery,
  );
}

async function dispatchTransformed(
  entries: readonly Entry[],
  sources: readonly EventSource[],
  transform: EventTransform,
  how: Dispatch,
): Promise<readonly AttemptResult[]> {
  const { commit } = how;
  const results: AttemptResult[] = [];
  while (results.length < entries.length) {
    const from = results.length;
    let part: TransformedPart;
    try {
      part = await pass(entries.slice(from), sources.slice(from), transform, how);
    } catch (error) {
      // What is delivered stays so.
      if (from === 0) throw error;
      return [...results, ...entries.slice(from).map(() => thrown(error))];
    }
    try {
      const outcomes =
        commit === undefined
          ? await inTurn(part.outgoing, how)
          : await committed(part.outgoing, part.ended, how, commit);
      results.push(...resultsOf(part, outcomes));
    } finally {
      transform.release?.(part.held);
    }
    // What was not brought through the transformation shares the fate of what has to be tried
    // again: it might overtake it.
    const again = results.findLast(isRetry);
    if (again !== undefined) for (const _ of entries.slice(results.length)) results.push({ ...again, ages: false });
  }
  return results;
}

/** An event that goes out. */
interface OutgoingEvent {
  readonly event: DeliveredEvent;
  readonly source: EventSource;
  /** Position of the entry for which it does. */
  readonly owner: number;
  /** Bytes, if they are many. */
  readonly size: number;
}

/** The first entries, as far as the transformation has taken them. */
interface TransformedPart {
  readonly entries: readonly Entry[];
  /** Results of those that end in the transformation. */
  readonly ended: readonly (EarlyEnding | undefined)[];
  readonly outgoing: readonly OutgoingEvent[];
  /** Bytes of what the transformation has made, to be given back. */
  readonly held: number;
}

/**
 * Bytes of results in one call of `deliver`, unless it is one: their source's limits know nothing
 * of what a transformation makes of it.
 */
const mostInCall = 16 << 20;

/** Delivers in as many calls as it takes, and stops at the first that has to be made again. */
async function inTurn(
  outgoing: readonly OutgoingEvent[],
  { connection, watch }: Dispatch,
): Promise<readonly Outcome[]> {
  const told = watch === undefined ? {} : { sent: watch.sent };
  const outcomes: Outcome[] = [];
  while (outcomes.length < outgoing.length) {
    const call: OutgoingEvent[] = [];
    let bytes = 0;
    for (const each of outgoing.slice(outcomes.length)) {
      if (call.length > 0 && bytes + each.size > mostInCall) break;
      call.push(each);
      bytes += each.size;
    }
    const events = call.map(({ event }) => event);
    const its = await connection
      .deliver(events, { sources: call.map(({ source }) => source), ...told })
      .catch((error) => {
        if (outcomes.length === 0) throw error;
        return events.map(() => thrown(error));
      });
    for (const at of call.keys()) outcomes.push(its[at] ?? noOutcome);
    const again = outcomes.findLast(isRetry);
    if (again !== undefined) {
      for (const _ of outgoing.slice(outcomes.length)) outcomes.push({ ...again, ages: false });
    }
  }
  return outcomes;
}

async function committed(
  outgoing: readonly OutgoingEvent[],
  ended: TransformedPart["ended"],
  { connection, watch }: Dispatch,
  commit: NonNullable<Dispatch["commit"]>,
): Promise<readonly Outcome[]> {
  // What ends in the transformation is committed with the others: its dead letter has to be durable
  // before.
  const refused = [...ended.entries()].flatMap(([at, result]): [number, Dead][] =>
    result?.kind === "dead"
      ? [[at, dead(result.reason, result.detail === undefined ? {} : { detail: result.detail })]]
      : [],
  );
  if (refused.length > 0) await commit.writeLetters(new Map(refused));
  const writeLetters: typeof commit.writeLetters = (its) =>
    commit.writeLetters(new Map([...its].map(([position, outcome]) => [outgoing[position]!.owner, outcome])));
  const sources = outgoing.map(({ source }) => source);
  return connection.deliver(
    outgoing.map(({ event }) => event),
    { sources, commit: { ...commit, writeLetters }, ...(watch === undefined ? {} : { sent: watch.sent }) },
  );
}

/**
 * Brings events through the transformation: all of them, or, unless they are committed together, as
 * many as it gives at a time.
 */
async function pass(
  entries: readonly Entry[],
  sources: readonly EventSource[],
  transform: EventTransform,
  { commit, watch }: Dispatch,
): Promise<TransformedPart> {
  const isWhole = commit !== undefined;
  const ended = new Array<EarlyEnding | undefined>(entries.length).fill(undefined);
  const sizes = new Map<number, readonly number[]>();
  const fresh = [...entries.keys()].filter((at) => entries[at]!.transformed === undefined);
  let held = 0;
  let taken = 0;
  while (taken < fresh.length && (taken === 0 || isWhole)) {
    const asked = fresh.slice(taken);
    const results = await transform.run(
      asked.map((at) => entries[at]!.event),
      asked.map((at) => sources[at]!),
    );
    const bytes = results.reduce((sum, transformed) => sum + sizeOf(transformed), 0);
    // What is committed together is needed together, so nothing is waited for.
    if (isWhole) transform.release?.(bytes);
    else held += bytes;
    if (results.length === 0) throw new Error("the transformation gave too few results");
    for (const [index, transformed] of results.entries()) {
      const at = asked[index]!;
      if (transformed.kind === "deliver") {
        const entry = entries[at]!;
        entry.transformed = missingOf(transformed.events, entry);
        watch?.transformed(entry, entry.transformed);
        if (transformed.sizes !== undefined && entry.transformed === transformed.events)
          sizes.set(at, transformed.sizes);
      } else ended[at] = transformed;
    }
    taken += results.length;
  }
  const end = fresh[taken] ?? entries.length;
  const its = entries.slice(0, end);
  const outgoing = its.flatMap((entry, owner) =>
    ended[owner] === undefined
      ? entry.transformed!.map((event, at) => ({
          event,
          source: sources[owner]!,
          owner,
          size: sizes.get(owner)?.[at] ?? 0,
        }))
      : [],
  );
  return { entries: its, ended, outgoing, held };
}

/**
 * The events without those that an earlier attempt has delivered. If nothing is left, the
 * transformation is another one now, and all of it goes out.
 */
function missingOf(events: readonly DeliveredEvent[], { only }: Entry): readonly DeliveredEvent[] {
  if (only === undefined) return events;
  const missing = events.filter(({ messageId }) => only.has(messageId));
  return missing.length > 0 ? missing : events;
}

function resultsOf({ entries, ended, outgoing }: TransformedPart, outcomes: readonly Outcome[]): AttemptResult[] {
  const its: Outcome[][] = entries.map(() => []);
  const sizes = entries.map(() => 0);
  for (const [position, { owner, size }] of outgoing.entries()) {
    its[owner]!.push(outcomes[position] ?? noOutcome);
    sizes[owner]! += size;
  }
  return entries.map((entry, at) => {
    const result = ended[at];
    if (result !== undefined) return result;
    const outcome = combined(entry, its[at]!);
    // Its memory is reckoned by the event that came in. What has become large is made again for the
    // next attempt.
    if (sizes[at]! > 2 * entry.bytes + keptBytes) entry.transformed = undefined;
    return outcome;
  });
}

/**
 * Bytes by which what a transformation made of an event may be larger than the event and be kept
 * for another attempt.
 */
const keptBytes = 4096;

/**
 * The outcome of an event that went out as several: it is tried again while one of them is to be,
 * and then only with those that are; it is dead if one of them is, though the others were
 * delivered.
 */
function combined(entry: Entry, outcomes: readonly Outcome[]): Outcome {
  const [first] = outcomes;
  if (first === undefined) return noOutcome;
  const again = outcomes.find(isRetry) ?? outcomes.find(isOpen);
  entry.failed ??= outcomes.find((outcome): outcome is Dead => outcome.outcome === "dead" && !isOpen(outcome));
  if (again === undefined) return entry.failed ?? together(outcomes);
  if (outcomes.length > 1) {
    entry.transformed = entry.transformed!.filter((_, at) => isOpen(outcomes[at]!));
    entry.only = new Set(entry.transformed.map(({ messageId }) => messageId));
  }
  return again;
}

/**
 * One outcome of several that were all delivered or filtered: delivered, with what was changed in
 * any; filtered where all were.
 */
function together(outcomes: readonly Outcome[]): Outcome {
  const [first = noOutcome, ...others] = outcomes.filter(({ outcome }) => outcome === "delivered") as Delivered[];
  if (first.outcome !== "delivered") return outcomes[0] ?? noOutcome;
  const adjusted = [first, ...others].flatMap((each) => each.adjusted ?? []);
  return adjusted.length === 0 ? first : { ...first, adjusted };
}

/** Whether the event may go out once more. */
function isOpen(outcome: Outcome): boolean {
  return outcome.outcome === "retry" || (outcome.outcome === "dead" && outcome.inARow !== undefined);
}

function isRetry(result: AttemptResult): result is Retry {
  return "outcome" in result && result.outcome === "retry";
}
