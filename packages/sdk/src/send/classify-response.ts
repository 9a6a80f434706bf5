import type { TransportResponse } from "../transport/transport.ts";
import { parseRetryAfter } from "./answer-delays.ts";

/** What an answer that is no success means for the messages of its request. */
export type ResponseClass =
  /** The server could not now: send the same again. `after`: milliseconds that it asked for. */
  | { readonly act: "retry"; readonly after?: number }
  /** The server refused what it read: one message may be at fault. */
  | { readonly act: "split"; readonly words: string }
  /** The server did not understand the body as a whole, which is the fault of no message. */
  | { readonly act: "misread"; readonly words: string }
  /** RudderStack's proxy has another number of nodes than we think: ask for it, and divide anew. */
  | { readonly act: "regroup" }
  /**
   * Key or URL is wrong now, and may be mended: keep the messages, and try again after a long time.
   */
  | { readonly act: "hold"; readonly words: string };

/**
 * The table of answers. The whole of it is here: what is not a success, not a passing failure and
 * not about a message is held, redirects included, because they are not followed.
 *
 * @param now milliseconds since 1970, for a `Retry-After` that is a date
 */
export function classifyResponse(answer: TransportResponse, now: number, nodeAware: boolean): ResponseClass {
  const { status } = answer;
  if (isPassing(status)) {
    const { "retry-after": value, date } = answer.headers;
    const after = status === 429 || status === 503 ? parseRetryAfter(value, date, now) : undefined;
    return after === undefined ? { act: "retry" } : { act: "retry", after };
  }
  const words = shorten(answer.body);
  if (status === 400 || status === 413) {
    return { act: status === 400 && concernsWholeBody(words) ? "misread" : "split", words };
  }
  if (status === 451 && nodeAware) return { act: "regroup" };
  return { act: "hold", words };
}

/** Statuses that say nothing about the messages, and will pass. 501 and 505 will not. */
function isPassing(status: number): boolean {
  if (status === 408 || status === 425 || status === 429) return true;
  return status >= 500 && status <= 599 && status !== 501 && status !== 505;
}

/**
 * The words for a body that could not be read at all. RudderStack's gateway: "failed to uncompress
 * request body", "invalid json", "empty batch payload"; others: their own words for the same; and
 * servers that expect TLS. What we send is JSON and never empty, so something on the way, or the
 * server, is at fault.
 */
const wholeBodyWords =
  /\b(?:un|de)compress|\bgunzip|\bgzip|content[- ]encoding|(?:invalid|malformed|not valid|bad|unparsable) json|(?:parse|parsing|decode|decoding|unmarshal) (?:the )?(?:json|body|request)|unexpected end of json|empty (?:batch|body)|read (?:the )?(?:request )?body|(?:plain|an) http request (?:was sent )?to (?:an )?https/i;

function concernsWholeBody(words: string): boolean {
  return wholeBodyWords.test(words);
}

const mostWords = 500;

/** The server's words on one line and of a length that suits an error message. */
function shorten(body: string): string {
  const words = body
    .slice(0, 2 * mostWords)
    .replace(/\s+/g, " ")
    .trim();
  return words.length > mostWords ? `${words.slice(0, mostWords)}...` : words;
}
