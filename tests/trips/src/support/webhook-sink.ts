import { EventEmitter, once } from "node:events";
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";

/** An event as it arrives at a destination. */
export type Delivered = Record<string, unknown> & { readonly messageId: string; readonly type: string };

/** A request to the sink, before it is answered. */
export interface SinkRequest {
  /** Counts all requests, from 0. */
  readonly index: number;
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly event: Delivered;
}

/** What the sink does with a request: a status, or the connection reset before an answer. */
export type SinkAnswer = number | "reset";

/**
 * A webhook's receiving end: a real HTTP server on 127.0.0.1 that keeps what it answered with 2xx.
 *
 * Emits `event` for each event kept, and `request` for each request answered or reset.
 */
export class WebhookSink extends EventEmitter {
  /** Events answered with 2xx, repeats included, in the order of arrival. */
  readonly events: Delivered[] = [];
  /** Requests that were failed on purpose. */
  failed = 0;
  /** All requests whose body arrived whole. */
  requests = 0;
  /** Decides the answer to each request; 200 unless told otherwise. */
  answer: (request: SinkRequest) => SinkAnswer;
  readonly #server: Server;

  private constructor(server: Server, answer: (request: SinkRequest) => SinkAnswer) {
    super();
    this.#server = server;
    this.answer = answer;
    server.on("request", (request, response) => void this.#serve(request, response));
  }

  static async listen(answer: (request: SinkRequest) => SinkAnswer = () => 200): Promise<WebhookSink> {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new WebhookSink(server, answer);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/events`;
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = "";
    request.setEncoding("utf8");
    try {
      for await (const chunk of request) body += chunk;
    } catch {
      return; // The sender was killed in the middle of its request: it never arrived.
    }
    const event = JSON.parse(body) as Delivered;
    const answer = this.answer({
      index: this.requests++,
      method: request.method ?? "",
      path: request.url ?? "",
      headers: request.headers,
      event,
    });
    const kept = answer !== "reset" && answer >= 200 && answer < 300;
    if (kept) this.events.push(event);
    else this.failed++;
    if (answer === "reset") request.socket.resetAndDestroy();
    else response.writeHead(answer).end();
    if (kept) this.emit("event", event);
    this.emit("request");
  }
}

/**
 * Fails every third request, with these answers by turns. An event that has failed three times is
 * spared, so that retries end in seconds whatever the interleaving.
 */
export function everyThirdFails(...answers: readonly SinkAnswer[]): (request: SinkRequest) => SinkAnswer {
  const failures = new Map<string, number>();
  let failed = 0;
  return ({ index, event }) => {
    const before = failures.get(event.messageId) ?? 0;
    if (index % 3 !== 2 || before === 3) return 200;
    failures.set(event.messageId, before + 1);
    return answers[failed++ % answers.length]!;
  };
}

/**
 * What is left of deliveries, in their order, when each `messageId` counts once: the first time.
 */
export function withoutRepeats(events: Iterable<Delivered>): Delivered[] {
  const seen = new Set<string>();
  const first: Delivered[] = [];
  for (const event of events) {
    if (seen.has(event.messageId)) continue;
    seen.add(event.messageId);
    first.push(event);
  }
  return first;
}
