import { after } from "../timers.ts";
import { AnswerBody } from "./answer-body.ts";
import { limit } from "./attempt.ts";
import type { Transport, TransportRequest, TransportResponse } from "./transport.ts";
import { aborted, networkFailure, TransportError, truncated } from "./transport-error.ts";

/**
 * HTTP by the web's `fetch`, for every runtime that has it, to be wrapped by one of your own. How
 * connections are made, and through which proxy, is the runtime's to say. A browser hides the
 * status of a redirect; it is reported as 302 there, which is as good: no redirect is followed,
 * whatever its number.
 *
 * `fetch` is looked up at each call, so that what instruments or replaces it later is used.
 *
 * @example
 * ```ts
 * import { fetchTransport, Pintle, type Transport } from "@pintle/sdk";
 *
 * const transport: Transport = (request) => fetchTransport({ ...request, timeout: 2_000 });
 * const client = new Pintle(WRITE_KEY, DATA_PLANE_URL, { transport });
 * client.track({ userId: "123", event: "Paid" });
 * await client.close();
 * ```
 */
export const fetchTransport: Transport = async (request) => {
  const { url } = request;
  if (request.signal.aborted) throw aborted(url);
  const { signal, stop } = limit(request, after);
  try {
    return await exchange(request, signal);
  } catch (error) {
    // The reason of an abort is what went wrong, whatever the runtime makes of it.
    const reason: unknown = signal.aborted ? signal.reason : error;
    throw reason instanceof TransportError ? reason : networkFailure(url, reason);
  } finally {
    stop();
  }
};

async function exchange(request: TransportRequest, signal: AbortSignal): Promise<TransportResponse> {
  const { url, method, headers, body } = request;
  const response = await fetch(url, {
    method,
    headers,
    redirect: "manual",
    signal,
    // A copy-free view: `BodyInit` wants to know that the buffer is not shared, and no encoder here
    // makes shared ones.
    ...(body === undefined ? {} : { body: body as Uint8Array<ArrayBuffer> }),
  });
  const status = response.type === "opaqueredirect" ? 302 : response.status;
  return { status, headers: Object.fromEntries(response.headers), body: await textOf(response, url) };
}

async function textOf(response: Response, url: string): Promise<string> {
  const collected = new AnswerBody();
  if (response.body === null) return collected.text;
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await reader.read().catch((error: unknown) => {
      throw truncated(url, error);
    });
    if (done) return collected.text;
    if (!collected.push(value)) {
      await reader.cancel();
      return collected.text;
    }
  }
}
