import type { ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { ReceivedRequest } from "./received-request.ts";

/**
 * How a {@link FakeDataPlane} answers one request:
 * - a number: that status, with the words that RudderStack has for it;
 * - an object: status, body and headers, and what goes wrong on the way;
 * - `"hang"`: the request is read and never answered;
 * - `"reset"`: the connection is reset once the request has been read;
 * - a function of the request, which may be asynchronous: a promise that is kept back holds the request.
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

/** Puts an answer on the wire. Returns when it is out, or when the client has gone. */
export async function send(answer: SettledAnswer, response: ServerResponse): Promise<void> {
  if (answer === "hang") return;
  if (answer === "reset") {
    response.socket?.resetAndDestroy();
    return;
  }
  const { status = 200, headers = {}, retryAfter, delay = 0, drip, truncated = false } = answer;
  const body = Buffer.from(answer.body ?? words[status] ?? `status ${status}\n`);
  if (delay > 0) await sleep(delay);
  if (response.destroyed) return;

  response.writeHead(status, {
    "Content-Type": "text/plain; charset=utf-8",
    "Content-Length": body.byteLength + (truncated ? 10 : 0),
    ...(retryAfter === undefined ? {} : { "Retry-After": retryAfterText(retryAfter) }),
    ...headers,
  });
  if (truncated) {
    response.write(body, () => response.socket?.destroy());
    return;
  }
  if (drip !== undefined) {
    for (const byte of body) {
      if (response.destroyed) return;
      response.write(Uint8Array.of(byte));
      await sleep(drip);
    }
  }
  if (drip === undefined) response.end(body);
  else response.end();
}

function retryAfterText(value: number | Date): string {
  return typeof value === "number" ? String(value) : value.toUTCString();
}

/** What RudderStack's gateway says with each status. */
const words: Readonly<Record<number, string>> = {
  200: "ok",
  204: "",
  304: "",
  400: "event is not a valid rudder event\n",
  401: "invalid write key\n",
  404: "source is disabled\n",
  413: "request size exceeds max limit\n",
  429: "max requests limit reached\n",
  503: "service unavailable\n",
};
