import { errorMessage } from "@pintle/events";
import { adjustedOutcomes } from "./adjustment.ts";
import { classifyAnswer } from "./classify.ts";
import type { ShownRequest } from "./hiding.ts";
import { missing, type RequestResult } from "./http-batch.ts";
import type { EventRequest } from "./http-request.ts";
import { type Answer, type Dead, type Retry, retry, type Verdict } from "./outcome.ts";

/** Bytes of an answer that are kept with an event: enough to see what a server complains about. */
export const keptAnswerBytes: number = 10 * 1024;

/**
 * Statuses that speak about what a request carries. All others would have been the answer to any
 * request.
 */
const contentStatuses: ReadonlySet<number> = new Set([400, 409, 413, 422]);

/**
 * The meaning of an answer: by the type, else by the kit.
 *
 * @param classify the type's own function, if it has one; if it throws, no event is lost, since a
 * server may have changed its answers
 */
export function judged(
  answer: Answer,
  count: number,
  now: number,
  classify: () => Verdict | readonly Verdict[] | undefined,
): RequestResult {
  try {
    const own = classify();
    if (own === undefined) {
      const outcome = briefly(classifyAnswer(answer, now));
      return { outcome, mayBeOne: contentStatuses.has(answer.status) };
    }
    if (isVerdicts(own)) return { outcomes: own.map((each) => briefly(each)) };
    const isOpen = own.outcome === "again" || own.outcome === "one_of";
    return isOpen ? { outcomes: Array.from({ length: count }, () => briefly(own)) } : { outcome: briefly(own) };
  } catch (error) {
    return { outcome: briefly(retry("event", "classify", { answer, detail: errorMessage(error) })) };
  }
}

/** Adds what was changed in each event. */
export function adjustedResult(result: RequestResult, request: EventRequest, count: number): RequestResult {
  const { outcome, outcomes } = result;
  if (request.adjusted === undefined || (outcome !== undefined && outcome.outcome !== "delivered")) return result;
  const its = adjustedOutcomes(request, count, (position) => outcome ?? outcomes?.[position]);
  return { outcomes: its.map((each) => each ?? missing) };
}

/** What makes a request, and answers to it, fit to be shown. */
export interface Shown {
  readonly request: () => ShownRequest;
  readonly answer: (answer: Answer) => Answer;
}

/** Adds the request that the result belongs to, for whoever wants to know why; hides secrets. */
export function explained(result: RequestResult, shown: Shown): RequestResult {
  const { outcome, outcomes } = result;
  if (outcome?.outcome === "delivered" || outcomes?.every((each) => each.outcome === "delivered")) return result;
  const request = shown.request();
  const facts = ({ answer }: Retry | Dead) => ({
    request,
    ...(answer === undefined ? {} : { answer: shown.answer(answer) }),
  });
  const withRequest = <Each extends Verdict>(each: Each): Each => {
    if (each.outcome === "one_of") return { ...each, of: { ...each.of, ...facts(each.of) } };
    return each.outcome === "retry" || each.outcome === "dead" ? { ...each, ...facts(each) } : each;
  };
  if (outcome !== undefined) return { ...result, outcome: withRequest(outcome) };
  return { ...result, ...(outcomes === undefined ? {} : { outcomes: outcomes.map((each) => withRequest(each)) }) };
}

/** Positions of the events of the items, among those that the request carries. */
export function itemsOf({ events, items }: EventRequest, carried: readonly unknown[]): readonly number[] {
  if (items === undefined) return [...carried.keys()];
  return events === undefined ? items : items.map((position) => events.indexOf(position));
}

/** Cuts the answer to what dead letters show. */
export function briefly<Each extends Verdict>(verdict: Each): Each {
  if (verdict.outcome === "one_of") return { ...verdict, of: briefly(verdict.of) };
  if (verdict.outcome !== "retry" && verdict.outcome !== "dead") return verdict;
  const { answer } = verdict;
  if (answer === undefined || answer.body.length <= keptAnswerBytes) return verdict;
  return { ...verdict, answer: keptOf(answer) };
}

export function keptOf(answer: Answer): Answer {
  return { ...answer, body: answer.body.slice(0, keptAnswerBytes) };
}

export function isVerdicts(said: Verdict | readonly Verdict[]): said is readonly Verdict[] {
  return Array.isArray(said);
}
