import { userKey } from "@pintle/events";
import type { DeliveredEvent } from "@pintle/events/gateway";
import { type Grouping, groupsOf } from "./grouping.ts";
import type { EventRequest } from "./http-destination.ts";
import { dead, delivered, type Outcome } from "./outcome.ts";

/** What came of one request. */
export interface Result {
  /** Of all its events. */
  readonly outcome?: Outcome;
  /** Of each of its events. */
  readonly outcomes?: readonly Outcome[];
  /** Whether the answer may be about one of the events only, and the others would have got through without it. */
  readonly mayBeOne?: boolean;
}

/** A request that can be sent, with what it carries. */
interface Ready {
  readonly request: EventRequest;
  /** Never rejects. */
  send(carried: readonly DeliveredEvent[]): Promise<Result>;
}

interface BatchRules extends Grouping {
  /** @throws what the author's function throws */
  readonly requestsOf: (events: readonly DeliveredEvent[]) => readonly Ready[];
}

/** Events whose requests are not made yet, or a request that is to be sent. */
interface Part {
  readonly positions: readonly number[];
  readonly ready?: Ready;
  /** Whether it can be made again of fewer events: it carries several, and no other request carries them, too. */
  readonly divisible: boolean;
}

const missing: Outcome = {
  outcome: "retry",
  scope: "event",
  reason: "no_outcome",
  detail: "the destination's type gave no outcome for the event",
};

/**
 * Delivers a batch in as many requests as it takes, one after the other, and tells what became of each event.
 *
 * - Requests hold events of one key, and no more than the limits allow: one that comes out too large is made again of each half.
 * - One bad event does not take the others with it: when an answer may be about one of several events, or no request can be
 *   made of them together, they are tried in halves, down to the one at fault.
 * - When several fail together in a way that may be temporary, the next attempt takes them in halves (`Suspects`).
 * - In a batch that is to be whole, nothing goes out behind an event of the same user that has to be tried again.
 * - When the destination is in trouble, what was not sent shares the fate of the request that found out.
 */
export function deliverInRequests(events: readonly DeliveredEvent[], rules: BatchRules): Promise<readonly Outcome[]> {
  return (events.length === 1 ? sendOnly(events, rules) : undefined) ?? deliverAll(events, rules);
}

/** One event in one request: by far the most common case, at thousands of events a second. */
function sendOnly(
  events: readonly DeliveredEvent[],
  { requestsOf, suspects }: BatchRules,
): Promise<readonly Outcome[]> | undefined {
  let requests: readonly Ready[];
  try {
    requests = requestsOf(events);
  } catch (error) {
    return Promise.resolve([unmakeable(error)]);
  }
  const [only] = requests;
  if (only === undefined || requests.length > 1) return undefined;
  return only.send(events).then(({ outcome, outcomes }) => {
    const result = outcome ?? outcomes?.[0] ?? missing;
    if (result.outcome !== "retry") suspects.ended(events[0]!);
    return [result];
  });
}

async function deliverAll(events: readonly DeliveredEvent[], rules: BatchRules): Promise<readonly Outcome[]> {
  const { requestsOf, limits, suspects } = rules;
  const outcomes: Outcome[] = events.map(() => delivered);
  const failureIn = (positions: readonly number[]): Outcome | undefined =>
    positions.map((position) => outcomes[position]).find((outcome) => outcome?.outcome !== "delivered");

  /**
   * Users whose events have to wait, each with the outcome of all later ones: that of the event which they wait for, except that they do
   * not age, since it is not their fault.
   */
  const waiting = new Map<string, Outcome>();
  /** Gives `outcome` to those of the events that have none but the hopeful one. */
  const give = (outcome: Outcome, positions: readonly number[]): void => {
    for (const position of positions) {
      if (outcomes[position]?.outcome !== "delivered") continue;
      outcomes[position] = outcome;
      if (limits.whole && outcome.outcome === "retry")
        waiting.set(userOf(events[position]!), { ...outcome, ages: false });
    }
  };
  /** Gives the events of those users what they wait for; returns one of those outcomes, if there are any. */
  const holdBack = (positions: readonly number[]): Outcome | undefined => {
    if (waiting.size === 0) return undefined;
    let found: Outcome | undefined;
    for (const position of positions) {
      const key = userOf(events[position]!);
      const outcome = key === "" ? undefined : waiting.get(key);
      if (outcome === undefined) continue;
      give(outcome, [position]);
      found ??= outcome;
    }
    return found;
  };

  // Taken from its end.
  const todo = groupsOf(events, rules).map(unmade).reverse();
  const insteadOf = (positions: readonly number[]): void => {
    const middle = Math.ceil(positions.length / 2);
    for (const half of [positions.slice(middle), positions.slice(0, middle)]) todo.push(unmade(half));
  };

  for (let part = todo.pop(); part !== undefined; part = todo.pop()) {
    const { positions, ready, divisible } = part;
    const held = holdBack(positions);
    if (held !== undefined) {
      const free = positions.filter((position) => outcomes[position]?.outcome === "delivered");
      if (ready === undefined || divisible) todo.push(...(free.length > 0 ? [unmade(free)] : []));
      else give(held, positions);
      continue;
    }
    if (ready === undefined) {
      try {
        todo.push(...partsOf(positions, requestsOf(pick(events, positions))).reverse());
      } catch (error) {
        if (divisible) insteadOf(positions);
        else give(unmakeable(error), positions);
      }
      continue;
    }
    // An event that failed in an earlier request is not carried on half delivered.
    const failed = failureIn(positions);
    if (failed !== undefined) {
      give(failed, positions);
      continue;
    }
    if (divisible && bytesOf(ready.request) > limits.bytes) {
      insteadOf(positions);
      continue;
    }
    const result = await ready.send(pick(events, positions));
    if (divisible && result.mayBeOne === true && result.outcome?.outcome === "dead") {
      insteadOf(positions);
      continue;
    }
    positions.forEach((position, index) => {
      give(result.outcome ?? result.outcomes?.[index] ?? missing, [position]);
    });
    if (divisible && result.outcome?.outcome === "retry" && result.outcome.scope === "event") {
      suspects.failed(pick(events, positions));
    }
    const sick = positions.map((position) => outcomes[position]!).find(isSick);
    if (sick === undefined) continue;
    for (const unsent of todo) give(sick, unsent.positions);
    break;
  }
  for (const [position, { outcome }] of outcomes.entries()) if (outcome !== "retry") suspects.ended(events[position]!);
  return outcomes;
}

function userOf({ userId, anonymousId }: DeliveredEvent): string {
  return userKey({ userId, anonymousId });
}

function unmakeable(error: unknown): Outcome {
  return dead("request", { detail: error instanceof Error ? error.message : String(error) });
}

function unmade(positions: readonly number[]): Part {
  return { positions, divisible: positions.length > 1 };
}

/** The requests made of the events at `positions`, which is what their own positions count in. */
function partsOf(positions: readonly number[], requests: readonly Ready[]): Part[] {
  const carriers = new Map<number, number>();
  const parts = requests.map((ready) => {
    const carried = ready.request.events?.flatMap((index) => positions[index] ?? []) ?? positions;
    for (const position of carried) carriers.set(position, (carriers.get(position) ?? 0) + 1);
    return { positions: carried, ready };
  });
  return parts.map((part) => ({
    ...part,
    divisible: part.positions.length > 1 && part.positions.every((position) => carriers.get(position) === 1),
  }));
}

function isSick({ outcome, scope }: Outcome): boolean {
  return outcome === "retry" && scope === "destination";
}

function bytesOf({ body }: EventRequest): number {
  return body === undefined ? 0 : Buffer.byteLength(body);
}

function pick(events: readonly DeliveredEvent[], positions: readonly number[]): readonly DeliveredEvent[] {
  return positions.length === events.length ? events : positions.flatMap((position) => events[position] ?? []);
}
