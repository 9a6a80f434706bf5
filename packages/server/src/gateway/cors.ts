import type { IncomingHttpHeaders } from "node:http";

/*
 * Cross-origin requests (https://fetch.spec.whatwg.org/#http-cors-protocol). A write key is public
 * once it stands in a page, and pages of any site may use it: every origin is allowed, by name,
 * because browsers send credentials to no wildcard. Header lists are flat (`[name, value, …]`), the
 * form that node:http writes without a detour.
 */

/**
 * Headers of every answer. `Vary` stands also where no origin was sent: a cache must not give that
 * answer to a page.
 */
export function corsHeaders(origin: string | undefined): string[] {
  if (origin === undefined) return ["Vary", "Origin"];
  return ["Vary", "Origin", "Access-Control-Allow-Origin", origin, "Access-Control-Allow-Credentials", "true"];
}

export function isPreflight(method: string | undefined, headers: IncomingHttpHeaders): boolean {
  return method === "OPTIONS" && headers.origin !== undefined && headers["access-control-request-method"] !== undefined;
}

/** Headers of the answer to a preflight request, which is 204 for any path. */
export function preflightHeaders(headers: IncomingHttpHeaders): string[] {
  const answer = [
    "Vary",
    "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
    "Access-Control-Allow-Origin",
    headers.origin ?? "",
    "Access-Control-Allow-Credentials",
    "true",
    "Access-Control-Allow-Methods",
    "GET, POST, HEAD",
    "Access-Control-Max-Age",
    "900",
  ];
  const requested = headers["access-control-request-headers"];
  if (requested !== undefined) answer.push("Access-Control-Allow-Headers", requested);
  return answer;
}
