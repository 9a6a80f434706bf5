import type { Agent, ClientRequest, IncomingMessage, RequestOptions } from "node:http";
import type { Socket } from "node:net";
import { AnswerBody } from "./answer-body.ts";
import type { Transport, TransportRequest, TransportResponse } from "./transport.ts";
import { aborted, networkFailure, type TransportError, timedOut, truncated } from "./transport-error.ts";

/**
 * Longest time for which an idle connection is kept, in milliseconds. Proxies in use close theirs after 60 s and more;
 * a server that closes earlier and says so (`Keep-Alive: timeout=5`, as Node's own does) is believed by the agent, which
 * then lets go a second before it.
 */
const idleTimeout = 30_000;

export interface NodeTransportOptions {
  /** Connections to the data plane at most; further requests wait for one, within their own `timeout`. */
  readonly concurrency: number;
}

/**
 * HTTP by `node:http` and `node:https`, over keep-alive connections of its own.
 *
 * No connection keeps the program alive, not even one with a request under way: whether a program that has ended is
 * held, and for how long, is the client's decision (`exitTimeout`), which a hanging server must not take from it.
 *
 * A request of 12 KB costs about a fifth of the CPU time that it costs through global fetch (measured on Node 20).
 */
export function createNodeTransport({ concurrency }: NodeTransportOptions): Transport {
  const openers = new Map<string, Promise<Opener>>();

  return async (request) => {
    const protocol = request.url.startsWith("https:") ? "https:" : "http:";
    let opener = openers.get(protocol);
    if (opener === undefined) {
      // Loaded with the first request, so that importing the SDK costs a program that sends nothing next to nothing.
      opener = loadOpener(protocol, concurrency);
      openers.set(protocol, opener);
    }
    return exchange(await opener, request);
  };
}

interface Opener {
  readonly agent: Agent;
  open(url: string, options: RequestOptions): ClientRequest;
}

async function loadOpener(protocol: "http:" | "https:", concurrency: number): Promise<Opener> {
  const { Agent, request: open } = protocol === "https:" ? await import("node:https") : await import("node:http");
  const agent = new Agent({
    keepAlive: true,
    maxSockets: concurrency,
    maxFreeSockets: concurrency,
    timeout: idleTimeout,
    // The most recently used first: the others grow old and close when the traffic falls.
    scheduling: "lifo",
  });
  return { agent, open };
}

function exchange({ agent, open }: Opener, request: TransportRequest): Promise<TransportResponse> {
  const { url, method, headers, body, timeout, signal } = request;
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(aborted(url));

    const outgoing = open(url, { method, headers, agent });
    const deadline = setTimeout(() => fail(timedOut(url, timeout)), timeout);
    deadline.unref();
    const onAbort = (): void => fail(aborted(url));
    signal.addEventListener("abort", onAbort, { once: true });

    let over = false;
    function finish(): boolean {
      if (over) return false;
      over = true;
      clearTimeout(deadline);
      signal.removeEventListener("abort", onAbort);
      return true;
    }
    function fail(error: TransportError): void {
      if (!finish()) return;
      outgoing.destroy();
      reject(error);
    }

    outgoing.on("socket", letGo);
    // Stays for good: an error that arrives after the answer (the server did not read all of the body) is no news, but
    // without a listener it would end the process.
    outgoing.on("error", (error) => fail(networkFailure(url, error)));
    outgoing.on("response", (incoming) => {
      const collected = new AnswerBody();
      const answer = (): void => {
        if (finish()) resolve(responseOf(incoming, collected.text));
      };
      incoming.on("data", (chunk: Uint8Array) => {
        if (collected.push(chunk)) return;
        answer();
        outgoing.destroy();
      });
      incoming.on("end", () => (incoming.complete ? answer() : fail(truncated(url))));
      incoming.on("error", (error) => fail(truncated(url, error)));
      incoming.on("close", () => fail(truncated(url)));
    });
    outgoing.end(body);
  });
}

/** An attempt on the next of several addresses makes a new handle, which is referenced again. */
function letGo(socket: Socket): void {
  const unref = (): void => {
    socket.unref();
  };
  unref();
  if (!socket.connecting) return;
  socket.on("connectionAttempt", unref);
  socket.once("connect", () => {
    socket.off("connectionAttempt", unref);
    unref();
  });
}

function responseOf(incoming: IncomingMessage, body: string): TransportResponse {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return { status: incoming.statusCode ?? 0, headers, body };
}
