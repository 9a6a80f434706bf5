import type { DeadLetter, LetterFacts } from "../../records/dead-letter.ts";

/** A selection of dead letters: those to which all of it applies. */
export interface DeadQuery {
  readonly reason?: string | undefined;
  /** Given up at this time or later, milliseconds since the epoch. */
  readonly from?: number | undefined;
  /** Given up before this time, milliseconds since the epoch. */
  readonly to?: number | undefined;
  /** `userId` or `anonymousId` of the event. */
  readonly user?: string | undefined;
  /** `messageId` of the event. */
  readonly id?: string | undefined;
  /** Numbers of letters: their offsets in the topic. */
  readonly letters?: readonly number[] | undefined;
}

/** Whether a letter is meant, as far as its header tells. */
export function matchesFacts(number: number, facts: LetterFacts, query: DeadQuery): boolean {
  const { reason, from, to, id, letters } = query;
  return (
    (reason === undefined || facts.reason === reason) &&
    (from === undefined || facts.at >= from) &&
    (to === undefined || facts.at < to) &&
    (id === undefined || facts.messageId === id) &&
    (letters === undefined || letters.includes(number))
  );
}

/** Whether the event is one of the user; it stands in the payload, which is dearer to read. */
export function matchesUser({ userId, anonymousId }: DeadLetter["event"], { user }: DeadQuery): boolean {
  return user === undefined || userId === user || anonymousId === user;
}
