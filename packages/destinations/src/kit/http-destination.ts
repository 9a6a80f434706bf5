import type { DeliveredEvent } from "@pintle/events/gateway";
import { classifyAnswer, classifyError } from "./classify.ts";
import type { Connection, Tools } from "./destination.ts";
import { type Answer, dead, delivered, type Outcome } from "./outcome.ts";
import { type HttpRequest, poolSender, type SendLimits } from "./sender.ts";

/** How a destination that is reached by HTTP is defined. */
export interface HttpDefinition<Settings> {
  /**
   * The requests that deliver these events, in the order in which they are to be sent. Pure: tests need no network. What
   * it throws makes a dead letter of the events, reason `request`.
   */
  requests(events: readonly DeliveredEvent[], settings: Settings): readonly EventRequest[];
  /** Milliseconds for one request, from connecting to the last byte of the answer. @default 10_000 */
  timeout?(settings: Settings): number;
  /**
   * What an answer means, where this destination knows better: one outcome for all events of the request, or one for
   * each; `undefined` leaves it to `classifyAnswer`. Pure.
   */
  classify?(answer: Answer, events: readonly DeliveredEvent[]): Outcome | readonly Outcome[] | undefined;
}

export interface EventRequest extends HttpRequest {
  /** Positions of the events that it carries. @default all */
  readonly events?: readonly number[];
}

/** Bytes of an answer that are kept: enough to see what a server complains about. */
export const keptAnswerBytes: number = 10 * 1024;

export function openHttp<Settings>(
  definition: HttpDefinition<Settings>,
  settings: Settings,
  concurrency: number,
  tools: Tools,
): Connection {
  const sender = tools.sender ?? poolSender({ connections: concurrency });
  const limits: SendLimits = {
    timeout: definition.timeout?.(settings) ?? 10_000,
    bodyBytes: keptAnswerBytes,
    successes: definition.classify !== undefined,
  };

  function outcomeOf(answer: Answer, events: readonly DeliveredEvent[]): Outcome | readonly Outcome[] {
    return definition.classify?.(answer, events) ?? classifyAnswer(answer, tools.now());
  }

  function send(request: HttpRequest): Promise<Answer> {
    return sender.send(withUserAgent(request, tools.userAgent), limits);
  }

  async function deliverAll(
    requests: readonly EventRequest[],
    events: readonly DeliveredEvent[],
  ): Promise<readonly Outcome[]> {
    const outcomes: Outcome[] = events.map(() => delivered);
    for (const [at, request] of requests.entries()) {
      const positions = request.events ?? [...events.keys()];
      // An event that failed in an earlier request of the batch is not carried on half delivered.
      const failed = positions
        .map((position) => outcomes[position])
        .find((outcome) => outcome?.outcome !== "delivered");
      if (failed !== undefined) {
        share(failed, positions, outcomes);
        continue;
      }
      const carried = request.events === undefined ? events : pick(events, positions);
      const result = await send(request).then((answer) => outcomeOf(answer, carried), classifyError);
      positions.forEach((position, index) => {
        outcomes[position] = isList(result) ? (result[index] ?? missing) : result;
      });
      const sick = positions
        .map((position) => outcomes[position])
        .find((outcome) => outcome !== undefined && stops(outcome));
      if (sick === undefined) continue;
      // The destination is in trouble: what the remaining requests carry shares the fate of the one that found out.
      for (const { events: unsent } of requests.slice(at + 1)) share(sick, unsent ?? [...events.keys()], outcomes);
      break;
    }
    return outcomes;
  }

  return {
    deliver(events) {
      let requests: readonly EventRequest[];
      try {
        requests = definition.requests(events, settings);
      } catch (error) {
        const outcome = dead("request", { detail: error instanceof Error ? error.message : String(error) });
        return Promise.resolve(events.map(() => outcome));
      }
      const [only] = requests;
      // By far the most common case, at thousands of events a second.
      if (only !== undefined && requests.length === 1 && events.length === 1) {
        return send(only).then(
          (answer) => {
            const result = outcomeOf(answer, events);
            return isList(result) ? [result[0] ?? missing] : [result];
          },
          (error: unknown) => [classifyError(error)],
        );
      }
      return deliverAll(requests, events);
    },
    close: () => sender.close(),
  };
}

const missing: Outcome = {
  outcome: "retry",
  scope: "event",
  reason: "no_outcome",
  detail: "the destination's type gave no outcome for the event",
};

function isList(value: Outcome | readonly Outcome[]): value is readonly Outcome[] {
  return Array.isArray(value);
}

function stops({ outcome, scope }: Outcome): boolean {
  return outcome === "retry" && scope === "destination";
}

/** Gives `outcome` to those of the events that have none but the hopeful one. */
function share(outcome: Outcome, positions: readonly number[], outcomes: Outcome[]): void {
  for (const position of positions) if (outcomes[position]?.outcome === "delivered") outcomes[position] = outcome;
}

function pick(events: readonly DeliveredEvent[], positions: readonly number[]): DeliveredEvent[] {
  return positions.flatMap((position) => events[position] ?? []);
}

function withUserAgent(request: HttpRequest, userAgent: string): HttpRequest {
  for (const name in request.headers) {
    if (name.length === 10 && name.toLowerCase() === "user-agent") return request;
  }
  return { ...request, headers: { ...request.headers, "user-agent": userAgent } };
}
