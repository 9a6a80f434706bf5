import type { ReceivedRequest } from "./received-request.ts";

/**
 * How a {@link FakeDataPlane} answers one request:
 * - a number: that status, with the words that RudderStack has for it;
 * - an object: status, body and headers, and what goes wrong on the way;
 * - `"hang"`: the request is read and never answered;
 * - `"reset"`: the connection is reset once the request has been read;
 * - a function of the request, which may be asynchronous: a promise that is kept back holds the
 *   request.
 */
export type Answer =
  | number
  | "hang"
  | "reset"
  | AnswerDetails
  | ((request: ReceivedRequest) => Answer | Promise<Answer>);

/** What a {@link FakeDataPlane} answers, and what goes wrong on the way. */
export interface AnswerDetails {
  /** 200 unless said otherwise. */
  readonly status?: number;
  /** Unless given, the words that RudderStack has for the status. */
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** `Retry-After`: a number of seconds, or a date, written as an HTTP date (whole seconds). */
  readonly retryAfter?: number | Date;
  /** Milliseconds before the first byte of the answer. */
  readonly delay?: number;
  /** Milliseconds between the bytes of the body, which are sent one by one. */
  readonly drip?: number;
  /** Announces more bytes than it sends, then closes the connection. */
  readonly truncated?: boolean;
}

/** An answer with all promises kept. */
export type SettledAnswer = "hang" | "reset" | AnswerDetails;

/** Follows functions and promises to what they stand for. */
export async function settle(answer: Answer, request: ReceivedRequest): Promise<SettledAnswer> {
  let current = answer;
  while (typeof current === "function") current = await current(request);
  return typeof current === "number" ? { status: current } : current;
}

export function statusOf(answer: SettledAnswer): number | undefined {
  return typeof answer === "string" ? undefined : (answer.status ?? 200);
}
