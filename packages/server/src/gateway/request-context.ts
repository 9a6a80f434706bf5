import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { type GatewayAnswer, internalError } from "./answer.ts";
import { type ClientConnection, type ClientConnections, lingerAfterAnswer } from "./connections.ts";
import { corsHeaders, preflightHeaders } from "./cors.ts";
import type { GatewayCounters } from "./counters.ts";
import { keepAlive, type ReadyOk } from "./ready-ok.ts";

const text = "text/plain; charset=utf-8";
const json = "application/json; charset=utf-8";

/**
 * A body of up to this many bytes that nobody wants is read and thrown away, so that the connection
 * can be used again.
 */
const discardedBytes = 65_536;

/** What the requests of a gateway have in common. */
export interface GatewayShared {
  readonly connections: ClientConnections;
  readonly counters: GatewayCounters;
  readonly readyOk: ReadyOk;
  /** How long a connection may wait for its next request, milliseconds. */
  readonly idleTime: number;
  /** Whether connections end with the answer that is on its way. */
  readonly closing: () => boolean;
  /** Learns of a fault of ours. */
  readonly failed: (error: unknown, path: string) => void;
}

/** One request and its one answer. */
export class RequestContext {
  readonly request: IncomingMessage;
  /** The path without doubled slashes and without one at the end. */
  readonly path: string;
  readonly connection: ClientConnection;
  readonly #response: ServerResponse;
  readonly #shared: GatewayShared;

  constructor(request: IncomingMessage, response: ServerResponse, path: string, shared: GatewayShared) {
    this.request = request;
    this.path = path;
    this.connection = shared.connections.requested(request.socket);
    this.#response = response;
    this.#shared = shared;
  }

  get headers(): IncomingHttpHeaders {
    return this.request.headers;
  }

  query(): URLSearchParams {
    const url = this.request.url ?? "";
    const mark = url.indexOf("?");
    return new URLSearchParams(mark === -1 ? "" : url.slice(mark + 1));
  }

  /** The events are durable. */
  ok(): void {
    const { connections, readyOk, closing } = this.#shared;
    const isUsual = this.headers.origin === undefined && this.request.complete && !closing();
    if (isUsual && readyOk.send(this.#response)) connections.answered(this.connection);
    else this.send(200, text, "ok");
  }

  json(status: number, value: unknown): void {
    this.send(status, json, JSON.stringify(value));
  }

  text(status: number, body: string): void {
    this.send(status, text, body);
  }

  empty(status: number): void {
    this.send(status, "", "");
  }

  preflight(): void {
    this.send(204, "", "", [], preflightHeaders(this.headers));
  }

  refuse(answer: GatewayAnswer, extra: readonly string[] = []): void {
    this.#shared.counters.refuse(answer.reason);
    const { retryAfter } = answer;
    const headers = retryAfter === undefined ? extra : [...extra, "Retry-After", String(retryAfter)];
    this.send(answer.status, text, answer.body, headers);
  }

  /** Sends the answer. Lists of headers are flat. An empty `type` sends no body. */
  send(
    status: number,
    type: string,
    body: string | Buffer,
    headers: readonly string[] = [],
    cors: readonly string[] = corsHeaders(this.headers.origin),
  ): void {
    const { request } = this;
    const list = [...cors];
    if (type !== "") list.push("Content-Type", type, "Content-Length", String(Buffer.byteLength(body)));
    if (headers.length > 0) list.push(...headers);
    const abandoned = !request.complete && hasLargeBody(request);
    if (abandoned) lingerAfterAnswer(request);
    if (abandoned || this.#shared.closing()) list.push("Connection", "close");
    else if (this.#response.shouldKeepAlive) list.push("Keep-Alive", keepAlive(this.#shared.idleTime));
    this.#response.writeHead(status, list);
    if (type === "") this.#response.end();
    else this.#response.end(body);
    this.#shared.connections.answered(this.connection);
  }

  /** The client went away, and nothing can be sent. */
  abandon(): void {
    this.#shared.connections.answered(this.connection);
  }

  /** A fault of ours. The client learns nothing of it, and the next request is served. */
  fail(error: unknown): void {
    this.#shared.failed(error, this.path);
    if (this.#response.headersSent) this.#response.destroy();
    else this.refuse(internalError);
  }

  /** Asks a client that waits for it to send the body (RFC 9110, 10.1.1). */
  continue(): void {
    if (this.request.headers.expect !== undefined) this.#response.writeContinue();
  }
}

/** Whether a body of unknown or considerable length may still come in. */
function hasLargeBody({ headers }: IncomingMessage): boolean {
  if (headers["transfer-encoding"] !== undefined || headers.expect !== undefined) return true;
  const length = headers["content-length"];
  return length !== undefined && Number(length) > discardedBytes;
}
