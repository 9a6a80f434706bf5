import { errorMessage } from "@pintle/events";
import { classifyAnswer, classifyError } from "./classify.ts";
import type { RequestResult } from "./http-batch.ts";
import type { EventRequest } from "./http-request.ts";
import { type Answer, delivered, oneOf, retry, type Verdict } from "./outcome.ts";
import { isRefusal, unmakeable } from "./refusal.ts";
import { isVerdicts } from "./verdicts.ts";

/** A request within a conversation: it is about all events of it. */
export type Question = Omit<EventRequest, "events" | "items">;

/**
 * A conversation that delivers events: yields requests, gets their answers, and returns the
 * outcomes of the events. If it returns nothing, the last answer decides.
 */
export type Conversation = Generator<Question, Verdict | readonly Verdict[] | undefined, Answer>;

/** The result of a conversation, and its last request. */
export interface ConversationResult {
  readonly result: RequestResult;
  readonly request: EventRequest | undefined;
}

/**
 * Runs a conversation to its end. An answer that says nothing about the request itself (a wrong
 * key, a limit, a server in trouble), or no answer, ends it with that outcome for all its events:
 * the next attempt starts over. Never rejects.
 *
 * @param send sends a request, and gives its answer
 */
export async function converse(
  conversation: () => Conversation,
  events: readonly unknown[],
  send: (question: Question) => Promise<{ readonly request: EventRequest; readonly answered: Promise<Answer> }>,
  now: () => number,
): Promise<ConversationResult> {
  const adjusted: NonNullable<Question["adjusted"]>[number][] = [];
  let request: EventRequest | undefined;
  let running: Conversation | undefined;
  let last: Answer | undefined;
  const ended = (outcome: Verdict): ConversationResult => ({
    result: { outcomes: events.map(() => outcome) },
    request,
  });
  try {
    running = conversation();
    let step = running.next();
    while (step.done !== true) {
      const sent = await send(step.value);
      adjusted.push(...(step.value.adjusted ?? []));
      request = { ...sent.request, adjusted };
      let answer: Answer;
      try {
        answer = await sent.answered;
      } catch (error) {
        running.return(undefined);
        return ended(classifyError(error));
      }
      const meaning = classifyAnswer(answer, now());
      if (meaning.outcome === "retry") {
        running.return(undefined);
        return ended(meaning);
      }
      last = answer;
      step = running.next(answer);
    }
    const said = step.value ?? (last === undefined ? undefined : classifyAnswer(last, now()));
    if (said === undefined) return ended(delivered);
    return isVerdicts(said) ? { result: { outcomes: said }, request } : ended(said);
  } catch (error) {
    // The event must not be lost because the service has changed its answers.
    if (last !== undefined && !isRefusal(error)) {
      return ended(retry("event", "converse", { answer: last, detail: errorMessage(error) }));
    }
    // It may be one event of several of which nothing can be said.
    const dead = unmakeable(error);
    return ended(events.length === 1 ? dead : oneOf(dead));
  }
}
