import type { ClientRequest } from "node:http";
import type { ConnectionSettings } from "../connection-settings.ts";
import { after } from "../timers.ts";
import { adviceFor } from "./advice.ts";
import { AnswerBody } from "./answer-body.ts";
import { type ConnectionRoute, Connections, headersOf } from "./connections.ts";
import { letGo } from "./let-go.ts";
import { ProxyError } from "./proxy.ts";
import { StatusLine } from "./status-line.ts";
import type { Transport, TransportRequest, TransportResponse } from "./transport.ts";
import { aborted, networkFailure, stale, type TransportError, timedOut, truncated } from "./transport-error.ts";
import { nameOf, refusalOf } from "./tunnel.ts";

/**
 * HTTP by `node:http` and `node:https`, over keep-alive connections of its own, directly or through
 * a proxy.
 *
 * No connection keeps the program alive, not even one with a request under way: whether a program
 * that has ended is held, and for how long, is the client's decision (`exitTimeout`), which a
 * hanging server must not take from it.
 *
 * A request of 12 KB costs about a fifth of the CPU time that it costs through global fetch
 * (measured on Node 20).
 */
export function createNodeTransport(settings: ConnectionSettings): Transport {
  const connections = new Connections(settings);
  const transport: Transport = async (request) => {
    if (request.signal.aborted) throw aborted(request.url);
    let route: ConnectionRoute;
    try {
      route = await connections.route(request.url);
    } catch (error) {
      throw failureOf(request.url, error, undefined);
    }
    return exchange(route, request);
  };
  return Object.assign(transport, { close: () => connections.close() });
}

function exchange(route: ConnectionRoute, request: TransportRequest): Promise<TransportResponse> {
  const { url, method, headers, body, timeout, signal } = request;
  const { proxy } = route;
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(aborted(url));

    // What makes the way through a proxy ends with the attempt, too.
    const attempt = proxy === undefined ? undefined : new AbortController();
    const outgoing = route.open(url, { method, headers, attempt: attempt?.signal });
    const stopDeadline = after(timeout, () => fail(timedOut(url, timeout)));
    const onAbort = (): void => fail(aborted(url));
    signal.addEventListener("abort", onAbort, { once: true });
    const status = new StatusLine();
    const stopReading = readStatus(outgoing, status);

    let over = false;
    function finish(): boolean {
      if (over) return false;
      over = true;
      stopDeadline();
      signal.removeEventListener("abort", onAbort);
      stopReading();
      return true;
    }
    function fail(error: TransportError): void {
      if (!finish()) return;
      outgoing.destroy();
      attempt?.abort();
      reject(error);
    }

    // Stays for good: an error that arrives after the answer (the server did not read all of the
    // body) is no news, but without a listener it would end the process.
    outgoing.on("error", (error: Error & { readonly code?: string }) => {
      if (status.status !== undefined && error.code?.startsWith("HPE_") === true) {
        // The server has said what it did; only the rest of its head is of no use.
        if (finish())
          resolve({ status: status.status, headers: {}, body: "", flaw: `its head cannot be read: ${error.code}` });
        outgoing.destroy();
      } else if (outgoing.reusedSocket && status.isEmpty && !over) {
        // The others that lie idle are at least as old.
        route.closeIdle();
        fail(stale(url, error));
      } else {
        const isCutOff = error.code === "ECONNRESET" && status.isEmpty && url.startsWith("http:");
        fail(isCutOff ? networkFailure(url, error, maybeTls) : failureOf(url, error, proxy));
      }
    });
    outgoing.on("response", (incoming) => {
      const collected = new AnswerBody();
      const answer = (): void => {
        const code = incoming.statusCode ?? 0;
        if (proxy !== undefined && code === 407) {
          fail(failureOf(url, refusalOf(proxy, code, ""), proxy));
          return;
        }
        if (!finish()) return;
        const flaw = proxy !== undefined && code >= 500 ? { flaw: `it came through ${nameOf(proxy)}` } : {};
        resolve({ status: code, headers: headersOf(incoming), body: collected.text, ...flaw });
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

/**
 * Reads what comes until the status is known, before Node's parser does: it may not like the rest.
 * Returns what ends it.
 */
function readStatus(outgoing: ClientRequest, status: StatusLine): () => void {
  let stop = (): void => {};
  outgoing.on("socket", (socket) => {
    letGo(socket);
    const onData = (chunk: Uint8Array): void => status.push(chunk);
    socket.prependListener("data", onData);
    stop = () => socket.off("data", onData);
  });
  return () => stop();
}

const maybeTls = "if this stays so, the port may be one that expects TLS: use https:// then";

function failureOf(url: string, error: unknown, proxy: URL | undefined): TransportError {
  if (error instanceof ProxyError) return networkFailure(url, error, error.advice);
  const { code } = error as { readonly code?: string };
  return networkFailure(url, error, adviceFor(code), proxy === undefined ? "" : ` through ${nameOf(proxy)}`);
}
