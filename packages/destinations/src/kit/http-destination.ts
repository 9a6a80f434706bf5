import type { DeliveredEvent } from "@pintle/events/gateway";
import { classifyAnswer, classifyError } from "./classify.ts";
import type { Connection, Tools } from "./destination.ts";
import { type Answer, dead, delivered, type Outcome } from "./outcome.ts";
import { type HttpRequest, poolSender } from "./sender.ts";

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
  const limits = { timeout: definition.timeout?.(settings) ?? 10_000, bodyBytes: keptAnswerBytes };

  async function send(request: HttpRequest, events: readonly DeliveredEvent[]): Promise<Outcome | readonly Outcome[]> {
    let answer: Answer;
    try {
      answer = await sender.send(withUserAgent(request, tools.userAgent), limits);
    } catch (error) {
      return classifyError(error);
    }
    return definition.classify?.(answer, events) ?? classifyAnswer(answer, tools.now());
  }

  return {
    async deliver(events) {
      let requests: readonly EventRequest[];
      try {
        requests = definition.requests(events, settings);
      } catch (error) {
        const outcome = dead("request", { detail: error instanceof Error ? error.message : String(error) });
        return events.map(() => outcome);
      }
      const outcomes: Outcome[] = events.map(() => delivered);
      for (const request of requests) {
        const positions = request.events ?? events.map((_, position) => position);
        // An event that failed in an earlier request of the batch is not carried on half delivered.
        if (positions.some((position) => outcomes[position]?.outcome !== "delivered")) {
          const failed =
            outcomes[positions.find((position) => outcomes[position]?.outcome !== "delivered") ?? 0] ?? delivered;
          for (const position of positions) if (outcomes[position] === delivered) outcomes[position] = failed;
          continue;
        }
        const carried = request.events === undefined ? events : pick(events, positions);
        const result = await send(request, carried);
        positions.forEach((position, at) => {
          outcomes[position] = isList(result) ? (result[at] ?? missing) : result;
        });
        const stop = isList(result) ? result.find(stops) : stops(result) ? result : undefined;
        if (stop !== undefined) return unsent(outcomes, requests.slice(requests.indexOf(request) + 1), stop);
      }
      return outcomes;
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

/** The destination is sick: what the remaining requests carry shares the fate of the one that found out. */
function unsent(outcomes: Outcome[], remaining: readonly EventRequest[], outcome: Outcome): Outcome[] {
  for (const { events } of remaining) {
    for (const position of events ?? outcomes.keys())
      if (outcomes[position] === delivered) outcomes[position] = outcome;
  }
  return outcomes;
}

function pick(events: readonly DeliveredEvent[], positions: readonly number[]): DeliveredEvent[] {
  return positions.flatMap((position) => events[position] ?? []);
}

function withUserAgent(request: HttpRequest, userAgent: string): HttpRequest {
  for (const name in request.headers) if (name.toLowerCase() === "user-agent") return request;
  return { ...request, headers: { ...request.headers, "user-agent": userAgent } };
}
