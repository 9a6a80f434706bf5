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
 * What is said to a service and heard from it to deliver events: yields requests, gets their
 * answers, and returns what became of the events. Nothing: what the last answer means.
 */
export type Conversation = Generator<Question, Verdict | readonly Verdict[] | undefined, Answer>;

/** What came of a conversation, and its last request. */
export interface ConversationResult {
  readonly result: RequestResult;
  readonly request: EventRequest | undefined;
}

/**
 * Holds a conversation to its end. An answer that says nothing about what was asked (a wrong key,
 * a limit, a server in trouble), or none at all, ends it with what that means for all its events:
 * the next attempt begins anew. Never rejects.
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
    // A service that answers with something else than it used to is no reason to lose the event.
    if (last !== undefined && !isRefusal(error)) {
      return ended(retry("event", "converse", { answer: last, detail: errorMessage(error) }));
    }
    // It may be one event of several of which nothing can be said.
    const dead = unmakeable(error);
    return ended(events.length === 1 ? dead : oneOf(dead));
  }
}
