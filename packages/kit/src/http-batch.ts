import type { CarriedEvent } from "./carried-event.ts";
import { type Grouping, groupsOf } from "./grouping.ts";
import type { EventRequest } from "./http-request.ts";
import { type Delivered, delivered, type Outcome, type Retry, retry, settled, type Verdict } from "./outcome.ts";
import { unmakeable } from "./refusal.ts";
import type { Suspects } from "./suspects.ts";

/** The result of one request. */
export interface RequestResult {
  /** The outcome of all its events. */
  readonly outcome?: Outcome;
  /** The verdict on each of its events. */
  readonly outcomes?: readonly Verdict[];
  /**
   * Whether the answer may be about only one of the events, so that the others would have got
   * through without it.
   */
  readonly mayBeOne?: boolean;
}

/** A request ready to send, with the events that it carries. */
export interface HttpReady<Event> {
  readonly request: EventRequest;
  /** Never rejects. */
  send(carried: readonly Event[]): Promise<RequestResult>;
}

interface BatchRules<Event> extends Grouping<Event> {
  /** @throws what the author's function throws */
  readonly requestsOf: (events: readonly Event[]) => readonly HttpReady<Event>[];
  /** The user key of an event, `""` for none. */
  readonly userOf: (event: Event) => string;
  /** Whether the meaning of an answer depends on the request. */
  readonly judgesEvents?: boolean;
  /** @see Delivery.released */
  readonly released?: (() => void) | undefined;
}

/** Events whose requests are not made yet, or a request ready to send. */
interface BatchPart<Event> {
  readonly positions: readonly number[];
  readonly ready?: HttpReady<Event>;
  /**
   * Whether it can be rebuilt from fewer events: it carries several, and no other request carries
   * any of them.
   */
  readonly divisible: boolean;
}

/** The outcome of an event to which a type gave none. */
export const missing: Retry = retry("event", "no_outcome", {
  detail: "the destination's type gave no outcome for the event",
});

/**
 * Delivers a batch in as many requests as it takes, one after the other, and returns an outcome for
 * each event.
 *
 * - Each request holds events of one key, within the limits. One that comes out too large is
 *   rebuilt from each half.
 * - One bad event does not take the others with it: if an answer may be about one of several
 *   events, or no request can be built from them together, they are tried in halves, down to the
 *   one at fault.
 * - When several fail together in a way that may be temporary, the next attempt takes them in
 *   halves (`Suspects`).
 * - In a batch that may hold several events of a user, no event is sent after an event of the same
 *   user that has to be retried.
 * - If the destination is in trouble, events not yet sent get the outcome of the request that found
 *   out.
 */
export function deliverInRequests<Event extends CarriedEvent>(
  events: readonly Event[],
  rules: BatchRules<Event>,
): Promise<readonly Outcome[]> {
  return (events.length === 1 ? sendOnly(events, rules) : undefined) ?? new HttpBatch(events, rules).deliver();
}

/** One event in one request: by far the most common case, at thousands of events a second. */
function sendOnly<Event extends CarriedEvent>(
  events: readonly Event[],
  { requestsOf, suspects, judgesEvents, released }: BatchRules<Event>,
): Promise<readonly Outcome[]> | undefined {
  let requests: readonly HttpReady<Event>[];
  try {
    requests = requestsOf(events);
  } catch (error) {
    return Promise.resolve([unmakeable(error)]);
  }
  const [only] = requests;
  if (only === undefined || requests.length > 1) return undefined;
  if (released === undefined || judgesEvents === true) return sent(only, events, suspects);
  released();
  // While the request is in flight, nothing holds on to the event.
  return sent(only, [{ messageId: events[0]!.messageId } as Event], suspects);
}

/**
 * A separate function, so that only what it closes over stays in memory while the request is in
 * flight.
 */
function sent<Event extends CarriedEvent>(
  only: HttpReady<Event>,
  carried: readonly Event[],
  suspects: Suspects,
): Promise<readonly Outcome[]> {
  return only.send(carried).then(({ outcome, outcomes }) => {
    const result = settled(outcome ?? outcomes?.[0] ?? missing, true);
    if (result.outcome !== "retry") suspects.ended(carried[0]!);
    return [result];
  });
}

/**
 * A batch in flight. An event counts as delivered until one of the requests that carry it says
 * otherwise.
 */
class HttpBatch<Event extends CarriedEvent> {
  readonly #events: readonly Event[];
  readonly #rules: BatchRules<Event>;
  readonly #outcomes: Outcome[];
  /** A stack of the parts still to be done, the next one last. */
  readonly #todo: BatchPart<Event>[];
  /**
   * Users whose events have to wait, each with the outcome of all later events. It is the outcome
   * of the event they wait for, except that they do not age, since it is not their fault.
   */
  readonly #waiting = new Map<string, Outcome>();

  constructor(events: readonly Event[], rules: BatchRules<Event>) {
    this.#events = events;
    this.#rules = rules;
    this.#outcomes = events.map(() => delivered);
    this.#todo = groupsOf(events, rules)
      .map((positions) => unmade<Event>(positions))
      .reverse();
  }

  async deliver(): Promise<readonly Outcome[]> {
    for (let part = this.#todo.pop(); part !== undefined; part = this.#todo.pop()) {
      if (this.#holdBack(part)) continue;
      if (part.ready === undefined) this.#make(part);
      else await this.#send(part, part.ready);
    }
    for (const [position, { outcome }] of this.#outcomes.entries()) {
      if (outcome !== "retry") this.#rules.suspects.ended(this.#events[position]!);
    }
    return this.#outcomes;
  }

  /**
   * Whether some event in the part has to wait for an earlier event of its user. The rest of the
   * part then goes on without it.
   */
  #holdBack({ positions, ready, divisible }: BatchPart<Event>): boolean {
    let held: Outcome | undefined;
    if (this.#waiting.size === 0) return false;
    for (const position of positions) {
      const user = this.#userOf(position);
      const outcome = user === "" ? undefined : this.#waiting.get(user);
      if (outcome === undefined) continue;
      this.#give(outcome, [position]);
      held ??= outcome;
    }
    if (held === undefined) return false;
    const free = positions.filter((position) => this.#outcomes[position]?.outcome === "delivered");
    // A request that shares an event with another one cannot be rebuilt from fewer events.
    if (ready !== undefined && !divisible) this.#give(held, positions);
    else if (free.length > 0) this.#todo.push(unmade(free));
    return true;
  }

  #make(part: BatchPart<Event>): void {
    try {
      const requests = this.#rules.requestsOf(this.#pick(part.positions));
      this.#todo.push(...partsOf(part.positions, requests).reverse());
    } catch (error) {
      if (part.divisible) this.#halve(part);
      else this.#give(unmakeable(error), part.positions);
    }
  }

  async #send(part: BatchPart<Event>, ready: HttpReady<Event>): Promise<void> {
    const { positions, divisible } = part;
    // An event that failed in an earlier request is left out of later ones.
    const failed = this.#first(positions, ({ outcome }) => outcome !== "delivered");
    if (failed !== undefined) return this.#give(failed, positions);
    if (divisible && bytesOf(ready.request) > this.#rules.limits.bytes) return this.#halve(part);

    const carried = this.#pick(positions);
    const { outcome, outcomes, mayBeOne } = await ready.send(carried);
    if (divisible && mayBeOne === true && outcome?.outcome === "dead") return this.#halve(part);
    if (divisible && outcome?.outcome === "retry" && outcome.scope === "event") this.#rules.suspects.failed(carried);
    const verdicts = positions.map((position, index) => [position, outcome ?? outcomes?.[index] ?? missing] as const);
    this.#settle(verdicts, divisible);
    const sick = this.#first(positions, (each) => each.outcome === "retry" && each.scope === "destination");
    if (sick !== undefined) for (const unsent of this.#todo.splice(0)) this.#give(sick, unsent.positions);
  }

  /**
   * Gives each event its outcome. Events refused only because of others are sent once more: without
   * those, or, if the answer does not say which they are, in halves.
   */
  #settle(verdicts: readonly (readonly [position: number, Verdict])[], divisible: boolean): void {
    const open = verdicts.filter(([, { outcome }]) => outcome === "again" || outcome === "one_of");
    const suspected = open.filter(([, { outcome }]) => outcome === "one_of");
    const isOpen = new Set(divisible && (open.length < verdicts.length || suspected.length > 0) ? open : []);
    if (suspected.length === 1) isOpen.delete(suspected[0]!);
    for (const each of verdicts) {
      if (!isOpen.has(each)) this.#give(settled(each[1], each === suspected[0] && suspected.length === 1), [each[0]]);
    }
    const positions = [...isOpen].map(([position]) => position);
    if (!divisible && open.length > 0) this.#rules.suspects.failed(this.#pick(verdicts.map(([position]) => position)));
    if (positions.length === 0) return;
    if (suspected.length > 1) this.#halve({ positions });
    else this.#todo.push(unmade(positions));
  }

  #halve({ positions }: Pick<BatchPart<Event>, "positions">): void {
    const middle = Math.ceil(positions.length / 2);
    this.#todo.push(unmade(positions.slice(middle)), unmade(positions.slice(0, middle)));
  }

  /** Gives an outcome to those of the events that still count as delivered. */
  #give(outcome: Outcome, positions: readonly number[]): void {
    for (const position of positions) {
      const before = this.#outcomes[position];
      if (before?.outcome !== "delivered") continue;
      this.#outcomes[position] = outcome.outcome === "delivered" ? bothDelivered(before, outcome) : outcome;
      if (!this.#rules.inOrder || outcome.outcome !== "retry") continue;
      this.#waiting.set(this.#userOf(position), { ...outcome, ages: false });
    }
  }

  #first(positions: readonly number[], is: (outcome: Outcome) => boolean): Outcome | undefined {
    return positions.map((position) => this.#outcomes[position]!).find(is);
  }

  #pick(positions: readonly number[]): readonly Event[] {
    return positions.map((position) => this.#events[position]!);
  }

  #userOf(position: number): string {
    return this.#rules.userOf(this.#events[position]!);
  }
}

/** The outcome of an event that two requests have delivered, with the adjustments of both. */
function bothDelivered(one: Delivered, other: Delivered): Delivered {
  if (one.adjusted === undefined) return other;
  return { ...other, adjusted: [...one.adjusted, ...(other.adjusted ?? [])] };
}

function unmade<Event>(positions: readonly number[]): BatchPart<Event> {
  return { positions, divisible: positions.length > 1 };
}

/**
 * The requests made from the events at `positions`; the requests' own positions are indexes into
 * that list.
 */
function partsOf<Event>(positions: readonly number[], requests: readonly HttpReady<Event>[]): BatchPart<Event>[] {
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

function bytesOf({ body }: EventRequest): number {
  return body === undefined ? 0 : Buffer.byteLength(body);
}
