import { createHash, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Logger } from "../logger.ts";
import type { Redact } from "../redactor.ts";
import { prometheusText } from "./prometheus.ts";
import { healthOf, type Status } from "./status.ts";

export interface AdminOptions {
  /** What `Authorization: Bearer` has to bring. */
  readonly token: string;
  readonly status: () => Promise<Status>;
  /** Applied to every string of every answer. */
  readonly redact: Redact;
  readonly logger: Logger;
}

interface Answer {
  readonly status: number;
  readonly type: "application/json" | "text/plain; version=0.0.4; charset=utf-8";
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * The admin port: `GET /health`, `GET /status` and `GET /metrics`.
 *
 * No page of the web can drive it: every request needs the token; the name in `Host` has to be an address or `localhost`, so
 * that a name of somebody else's which was made to point here (DNS rebinding) is refused; a body has to be declared as JSON, which
 * a page of another origin cannot do without asking first, and nobody answers that question.
 */
export function createAdminServer(options: AdminOptions): Server {
  const server = createServer({ requestTimeout: 30_000, headersTimeout: 10_000 }, (request, response) => {
    answerTo(request, options)
      .catch((error: unknown): Answer => {
        // Most likely the router's thread has died and is being started again.
        options.logger.warn({ err: error }, "the admin port could not tell the status");
        return problem(503, "the status cannot be told now; ask again in a second");
      })
      .then((answer) => send(response, request, answer));
  });
  return server;
}

async function answerTo(request: IncomingMessage, { token, status, redact }: AdminOptions): Promise<Answer> {
  if (!isLocalName(request.headers.host)) return problem(403, "the Host header names neither an address nor localhost");
  if (!isToken(request.headers.authorization, token)) {
    return problem(401, "send the token of the file admin-token in the data folder, as Authorization: Bearer TOKEN", {
      "WWW-Authenticate": "Bearer",
    });
  }
  const hasBody =
    request.headers["transfer-encoding"] !== undefined || Number(request.headers["content-length"] ?? 0) > 0;
  if (hasBody && !/^application\/json\b/i.test(request.headers["content-type"] ?? "")) {
    return problem(415, "a body has to be application/json");
  }

  const path = (request.url ?? "").split("?", 1)[0];
  const answers: Record<string, () => Promise<Answer>> = {
    "/health": async () => json(200, healthOf(await status()), redact),
    "/status": async () => json(200, await status(), redact),
    "/metrics": async () => ({
      status: 200,
      type: "text/plain; version=0.0.4; charset=utf-8",
      body: redact(prometheusText(await status())),
    }),
  };
  const answer = path !== undefined && Object.hasOwn(answers, path) ? answers[path] : undefined;
  if (answer === undefined) return problem(404, `unknown path; there are ${Object.keys(answers).join(", ")}`);
  if (request.method !== "GET" && request.method !== "HEAD") return problem(405, "only GET", { Allow: "GET, HEAD" });
  return answer();
}

function send(response: ServerResponse, request: IncomingMessage, answer: Answer): void {
  // What was not read of the body is not read: the connection ends with this answer.
  const close = request.complete ? {} : { Connection: "close" };
  response.writeHead(answer.status, {
    "Content-Type": answer.type,
    "Content-Length": Buffer.byteLength(answer.body),
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    ...answer.headers,
    ...close,
  });
  response.end(request.method === "HEAD" ? undefined : answer.body);
}

function json(status: number, value: unknown, redact: Redact): Answer {
  const body = JSON.stringify(value, (_, inner: unknown) => (typeof inner === "string" ? redact(inner) : inner), 2);
  return { status, type: "application/json", body: `${body}\n` };
}

function problem(status: number, error: string, headers: Record<string, string> = {}): Answer {
  return { ...json(status, { error }, (text) => text), headers };
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
