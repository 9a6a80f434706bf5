import type { ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { SettledAnswer } from "./answer.ts";

/** Puts an answer on the wire. Returns when it is out, or when the client has gone. */
export async function sendAnswer(answer: SettledAnswer, response: ServerResponse): Promise<void> {
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
