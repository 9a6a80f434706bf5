import { createHash, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { stringifyJson } from "@pintle/events";
import type { Hiding } from "@pintle/kit/values";
import type { PlaneLogger } from "../logger.ts";
import { hideSecrets } from "./hide-secrets.ts";

export interface AdminOptions {
  /** What `Authorization: Bearer` has to bring. */
  readonly token: string;
  /** Routes by path, asked for with the first request. */
  readonly routes: () => Promise<Readonly<Record<string, AdminRoute>>>;
  /** Knows the secrets of now. */
  readonly hiding: () => Hiding;
  readonly logger: PlaneLogger;
}

export interface AdminRoute {
  /** Also answers HEAD. */
  readonly GET?: AdminHandler;
  readonly POST?: AdminHandler;
}

/**
 * Resolves with what is told as JSON, or with a `PlainText`. An `AdminRefusal` that it throws
 * is the answer.
 */
export type AdminHandler = (call: AdminCall) => Promise<unknown>;

export interface AdminCall {
  readonly query: URLSearchParams;
  /** What was sent as JSON; `undefined` where there was no body. */
  readonly body: unknown;
}

/** An answer that is no JSON. */
export class PlainText {
  readonly type: string;
  readonly text: string;

  constructor(text: string, type = "text/plain; charset=utf-8") {
    this.text = text;
    this.type = type;
  }
}

/** An answer with the status 503: what was asked for, which is not as it should be. */
export class Unwell {
  readonly facts: object;

  constructor(facts: object) {
    this.facts = facts;
  }
}

/** A request that cannot be fulfilled, with its status and one line that says why. */
export class AdminRefusal extends Error {
  override readonly name: string = "AdminRefusal";
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}

interface AdminAnswer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Bytes of a request's body: no command needs more. */
const longestBody = 64 * 1024;
/**
 * How long a connection may be used again, as answers say it. It lives a little longer: a request
 * that comes at the last moment would meet a connection that is closed.
 */
const idleSeconds = 75;

/**
 * The admin port. What it can do is in `routes`; here is how it is guarded.
 *
 * No page of the web can drive it: every request needs the token; the name in `Host` has to be an
 * address or `localhost`, so that a name of somebody else's which was made to point here (DNS
 * rebinding) is refused; a body has to be declared as JSON, which a page of another origin cannot
 * do without asking first, and nobody answers that question.
 */
export function createAdminServer(options: AdminOptions): Server {
  const times = { requestTimeout: 30_000, headersTimeout: 10_000, keepAliveTimeout: (idleSeconds + 5) * 1000 };
  return createServer(times, (request, response) => {
    answerTo(request, options)
      .catch((error: unknown): AdminAnswer => {
        if (error instanceof AdminRefusal) {
          return { ...json(error.status, { error: error.message }, options.hiding()), headers: error.headers };
        }
        // Most likely the router's thread has died and is being started again.
        options.logger.warn({ err: error, path: pathOf(request) }, "the admin port could not answer");
        return json(503, { error: "this cannot be answered now; ask again in a second" }, options.hiding());
      })
      .then((answer) => send(response, request, answer));
  });
}

async function answerTo(request: IncomingMessage, options: AdminOptions): Promise<AdminAnswer> {
  const { token, hiding } = options;
  if (!isLocalName(request.headers.host)) {
    throw new AdminRefusal(403, "the Host header names neither an address nor localhost");
  }
  if (!isToken(request.headers.authorization, token)) {
    throw new AdminRefusal(
      401,
      "send the token of the file admin-token in the data folder, as Authorization: Bearer TOKEN",
      {
        "WWW-Authenticate": "Bearer",
      },
    );
  }
  const path = pathOf(request);
  const routes = await options.routes();
  const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
  if (route === undefined) throw new AdminRefusal(404, `unknown path; there are ${Object.keys(routes).join(", ")}`);
  const handler = route[(request.method === "HEAD" ? "GET" : request.method) as keyof AdminRoute];
  if (handler === undefined) {
    const allowed = Object.keys(route).flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method]));
    throw new AdminRefusal(405, `only ${allowed.join(", ")}`, { Allow: allowed.join(", ") });
  }
  const body = await readJson(request);
  const result = await handler({ query: new URLSearchParams(request.url?.split("?")[1]), body });
  if (result instanceof PlainText) return { status: 200, type: result.type, body: hiding().data(result.text) };
  if (result instanceof Unwell) return json(503, result.facts, hiding());
  return json(200, result, hiding());
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const { headers } = request;
  if (headers["transfer-encoding"] === undefined && Number(headers["content-length"] ?? 0) === 0) return undefined;
  if (!/^application\/json\b/i.test(headers["content-type"] ?? "")) {
    throw new AdminRefusal(415, "a body has to be application/json");
  }
  const chunks: Buffer[] = [];
  let length = 0;
  // A request that is refused in the middle of its body still gets its answer.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > longestBody) throw new AdminRefusal(413, `a body has at most ${longestBody} bytes`);
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch {
    throw new AdminRefusal(400, "the body is not JSON");
  }
}

function send(response: ServerResponse, request: IncomingMessage, answer: AdminAnswer): void {
  // What was not read of the body is not read: the connection ends with this answer.
  const connection = request.complete ? { "Keep-Alive": `timeout=${idleSeconds}` } : { Connection: "close" };
  response.writeHead(answer.status, {
    "Content-Type": answer.type,
    "Content-Length": Buffer.byteLength(answer.body),
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    ...answer.headers,
    ...connection,
  });
  response.end(request.method === "HEAD" ? undefined : answer.body);
}

function json(status: number, value: unknown, hiding: Hiding): AdminAnswer {
  const body = stringifyJson(hideSecrets(value, hiding), 2);
  return { status, type: "application/json", body: `${body}\n` };
}

function pathOf({ url = "" }: IncomingMessage): string {
  return url.split("?", 1)[0] ?? "";
}

/** Whether a `Host` header names an IP address or `localhost`, with any port or none. */
export function isLocalName(host: string | undefined): boolean {
  return host !== undefined && /^(localhost|(\d{1,3}\.){3}\d{1,3}|\[[0-9a-f:.]+\])(:\d+)?$/i.test(host);
}

/** Compares digests: how long it takes says nothing about how much of the token was right. */
function isToken(authorization: string | undefined, token: string): boolean {
  const given = /^Bearer +(\S+) *$/i.exec(authorization ?? "")?.[1];
  return given !== undefined && timingSafeEqual(sha256(given), sha256(token));
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
