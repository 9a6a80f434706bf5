import type { AnswerContext, Attempt } from "./attempt.ts";
import type { EventRequest } from "./http-request.ts";
import type { Answer, Verdict } from "./outcome.ts";

/** Somebody who has the right to be forgotten, by what is known of them. */
export interface Person {
  readonly userId?: string;
  readonly anonymousIds: readonly string[];
  readonly email?: string;
  readonly phone?: string;
}

/** How a service is told to forget people. */
export interface ForgetRequests<Settings> {
  /** People in one call of `requests`. @default 1 */
  readonly batch?: number;
  /** The requests; `events` of each are the positions of the people that it is about. Pure. */
  requests(people: readonly Person[], settings: Settings, attempt: Attempt): readonly EventRequest[];
  /**
   * What an answer means, as for events. `undefined`: what the kit says, but that somebody whom the
   * service does not know (404, 410) is forgotten. Pure.
   */
  classify?(
    answer: Answer,
    people: readonly Person[],
    context: AnswerContext<Settings>,
  ): Verdict | readonly Verdict[] | undefined;
}

/** What a person has to do by hand, where a service cannot be told to forget. */
export interface ForgetByHand<Settings> {
  /** A text that says where, and what. */
  manual(people: readonly Person[], settings: Settings): string;
}
