import { setTimeout as delay } from "node:timers/promises";
import type { DeliveredEvent } from "@pintle/events/gateway";
import {
  type Answer,
  type Dead,
  type Delivered,
  type DestinationType,
  dead,
  type EventSource,
  type Filtered,
  type HttpRequest,
  type Outcome,
  type Retry,
  type Sender,
  type Tools,
  type Trial,
  type TriedOut,
} from "@pintle/kit";
import { lockForDestination } from "../destination-lock.ts";
import { systemReason } from "../errors.ts";
import type { Destination } from "../model/destination.ts";
import { version } from "../version.ts";

/** What is to be sent to one destination, and how. */
export interface TrialPlan {
  readonly destination: Destination;
  readonly type: DestinationType;
  /** The settings, as the type takes them. */
  readonly settings: unknown;
  readonly events: readonly DeliveredEvent[];
  readonly source: EventSource;
  /** What is written where, a line each. */
  readonly writes: readonly string[];
  /** Where nothing is to stay. */
  readonly trial: Trial | undefined;
}

/** One request, and what came of it. */
export interface RecordedRequest {
  readonly request: HttpRequest;
  answer?: Answer;
  error?: unknown;
}

export interface SentTrial {
  readonly exchanges: readonly RecordedRequest[];
  readonly outcome: Delivered | Filtered | Pick<Retry | Dead, "outcome" | "reason" | "detail">;
  /** Whether the event counts there; `false`: the service has only looked at it. */
  readonly counts: boolean;
  /** Why what was written could not be removed. */
  readonly left?: string;
}

/** What a trial may use, and how long it may take. */
export interface Limits {
  /** Where relative paths in settings start. */
  readonly directory: string;
  /** Milliseconds for opening, sending and closing, together; and again for removing. */
  readonly timeout: number;
  /** Ends it before. */
  readonly signal: AbortSignal;
}

function toolsFor(
  { id, name, rudderStackId, secrets = [] }: Destination,
  { directory }: Pick<Limits, "directory">,
): Tools {
  return {
    directory,
    now: () => Date.now(),
    userAgent: `Pintle/${version}`,
    destinationId: id,
    destinationName: name,
    secrets,
    ...(rudderStackId === undefined ? {} : { rudderStackId }),
    lock: lockForDestination,
  };
}

/** The requests that a destination which is reached by HTTP would make, sent to nobody. */
export async function requestsOf(
  { destination, type, settings, events, source }: Omit<TrialPlan, "writes" | "trial">,
  limits: Pick<Limits, "directory">,
): Promise<HttpRequest[]> {
  const requests: HttpRequest[] = [];
  const sender: Sender = {
    async send(request) {
      requests.push(request);
      return { status: 200, headers: {}, body: "" };
    },
    close: async () => {},
  };
  const connection = await type.open(settings, { ...toolsFor(destination, limits), sender, dry: true });
  for (const event of events) {
    if ((await connection.tryOut?.(event)) === undefined) await connection.deliver([event], { sources: [source] });
  }
  await connection.close();
  return requests;
}

/**
 * Sends what is planned, shows what went over the wire, and removes what is not to stay. Never
 * rejects.
 */
export async function send(plan: TrialPlan, limits: Limits): Promise<SentTrial> {
  const exchanges: RecordedRequest[] = [];
  const tools = { ...toolsFor(plan.destination, limits), watch: (sender: Sender) => watched(sender, exchanges) };
  const sent = within(deliver(plan, tools), limits);
  const { outcome, counts } = await sent.catch((error) => ({ outcome: failed(error), counts: true }));
  const left = await within(plan.trial?.remove() ?? Promise.resolve(), { ...limits, signal: undefined }).then(
    () => undefined,
    (error: unknown) => failed(error).detail,
  );
  // Where the same trouble kept it from writing anything, nothing is left.
  if (left === undefined || (outcome.outcome !== "delivered" && left === outcome.detail))
    return { exchanges, outcome, counts };
  return { exchanges, outcome, counts, left };
}

async function deliver({ type, settings, events, source, trial }: TrialPlan, tools: Tools): Promise<TriedOut> {
  const connection = await type.open(trial?.settings ?? settings, tools);
  try {
    // Without a commit: a test has no place in the log, so no position is touched.
    const outcomes: Outcome[] = [];
    // One by one, as not every destination takes several at once.
    let counts = true;
    for (const event of events) {
      const tried = trial === undefined ? await connection.tryOut?.(event) : undefined;
      if (tried === undefined) outcomes.push(...(await connection.deliver([event], { sources: [source] })));
      else outcomes.push(tried.outcome);
      counts = tried?.counts ?? true;
    }
    const failure = outcomes.find(({ outcome }) => outcome === "retry" || outcome === "dead");
    const got = outcomes.find(({ outcome }) => outcome === "delivered");
    return { outcome: failure ?? got ?? outcomes[0] ?? dead("no_outcome"), counts };
  } finally {
    await connection.close();
  }
}

function failed(error: unknown): { readonly outcome: "retry"; readonly reason: string; readonly detail: string } {
  const reason = error instanceof Stopped ? error.reason : "open";
  return { outcome: "retry", reason, detail: systemReason(error) };
}

class Stopped extends Error {
  readonly reason: string;

  constructor(reason: string, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** The same, for as long as there is time: what hangs is left to itself. */
async function within<T>(
  work: Promise<T>,
  { timeout, signal }: { readonly timeout: number; readonly signal: AbortSignal | undefined },
): Promise<T> {
  const over = new AbortController();
  const stops = signal === undefined ? over.signal : AbortSignal.any([over.signal, signal]);
  const stopped = delay(timeout, undefined, { signal: stops }).then(
    () => Promise.reject(new Stopped("timeout", `it took longer than ${timeout} ms (--timeout)`)),
    () => Promise.reject(new Stopped("interrupted", "ended by a signal")),
  );
  stopped.catch(() => {});
  work.catch(() => {});
  try {
    return await Promise.race([work, stopped]);
  } finally {
    over.abort();
  }
}

function watched(sender: Sender, exchanges: RecordedRequest[]): Sender {
  return {
    async send(request, limits) {
      const exchange: RecordedRequest = { request };
      exchanges.push(exchange);
      try {
        exchange.answer = await sender.send(request, { ...limits, successes: true });
        return exchange.answer;
      } catch (error) {
        exchange.error = error;
        throw error;
      }
    },
    close: () => sender.close(),
  };
}
