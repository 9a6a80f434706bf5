import { type Answer, type Dead, type Delivered, dead, delivered, type Retry, retry } from "./outcome.ts";
import { BlockedAddressError, RequestError, TimeoutError } from "./send-errors.ts";
import { waitOf } from "./wait.ts";

/** Statuses with which a server speaks for itself rather than about the event. */
const sickStatuses: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/**
 * Whether a status says that there is nothing at this address. If several events get it, it is the
 * destination's address that is wrong.
 */
function isAbsence(status: number): boolean {
  return status === 404 || status === 410 || (status >= 300 && status < 400);
}

/**
 * What an HTTP answer means for the event that it is about.
 *
 * | status | outcome |
 * | --- | --- |
 * | 2xx | delivered |
 * | 401, 403 | retry, scope destination, the event does not age: a key was rotated |
 * | 429, 502, 503, 504 | retry, scope destination |
 * | 408, other 5xx | retry, scope event |
 * | 404, 410, 3xx | dead, but in a row the destination's trouble |
 * | everything else | dead |
 *
 * @param now milliseconds since the epoch, for a `Retry-After` that is a date
 */
export function classifyAnswer(answer: Answer, now: number): Delivered | Retry | Dead {
  const { status, flaw } = answer;
  if (status >= 200 && status < 300) return flaw === undefined ? delivered : { ...delivered, detail: flaw };
  const reason = `http_${status}`;
  const detail = `the destination answered ${status}${targetOf(answer)}${flaw === undefined ? "" : ` (${flaw})`}`;
  if (status === 401 || status === 403) {
    return retry("destination", reason, {
      ages: false,
      answer,
      detail: `the destination refused its credentials with ${status}`,
    });
  }
  if (status === 408 || status === 429 || status >= 500) {
    const after = waitOf(answer, now);
    return retry(sickStatuses.has(status) ? "destination" : "event", reason, {
      ...(after === undefined ? {} : { after }),
      answer,
      detail,
    });
  }
  return dead(reason, { answer, detail, ...(isAbsence(status) ? { inARow: "destination" } : {}) });
}

/** The target of a redirect, without the parts that may be secret. */
function targetOf({ status, headers: { location } }: Answer): string {
  if (location === undefined || status < 300 || status >= 400) return "";
  // Removes user and password before the host, and everything from the query on. Visible ASCII
  // cannot break a line.
  const [bare = ""] = location.replace(/^([a-z][a-z\d+.-]*:)?\/\/[^/?#]*@/i, "$1//").split(/[?#]/);
  const shown = bare.replace(/[^\x21-\x7e]/g, "?").slice(0, 300);
  const query = /^[^#]*\?/.test(location) ? "?..." : "";
  return ` and points to ${shown}${query}, but redirects are not followed`;
}

/**
 * Failures before a connection is established. OpenSSL and Node have many codes for certificate
 * errors.
 */
const connectCodes =
  /^(ECONNREFUSED|ECONNABORTED|EHOSTUNREACH|EHOSTDOWN|ENETUNREACH|ENETDOWN|EADDRNOTAVAIL|EADDRINUSE|EMFILE|ENFILE|EACCES|EPERM|ETIMEDOUT|EPROTO|UND_ERR_CONNECT_TIMEOUT|ERR_SSL_.*|ERR_TLS_.*|CERT_.*|UNABLE_TO_.*|.*_CERT.*|HOSTNAME_MISMATCH)$/;
const dnsCodes = /^(ENOTFOUND|EAI_.*|EDNS.*|ENODATA|ESERVFAIL)$/;

/**
 * What a request that got no answer means: failing to connect (DNS and TLS included) and time-outs
 * are the destination's trouble, a connection that broke later may be this event's.
 */
export function classifyError(error: unknown): Retry | Dead {
  const code = codeOf(error);
  const said = error instanceof Error && error.message !== "" ? error.message : code || String(error);
  // An assertion in undici about the answer failed.
  const detail = code === "ERR_ASSERTION" ? "the answer is none of HTTP/1.1" : said;
  if (error instanceof RequestError || code === "UND_ERR_INVALID_ARG") return dead("request", { detail });
  if (error instanceof TimeoutError) return retry("destination", "timeout", { detail });
  if (error instanceof BlockedAddressError) return retry("destination", "blocked_address", { detail });
  if (dnsCodes.test(code)) return retry("destination", "dns", { detail });
  if (connectCodes.test(code)) return retry("destination", "connect", { detail });
  return retry("event", "network", { detail });
}

function codeOf(error: unknown): string {
  if (typeof error !== "object" || error === null) return "";
  // Several addresses were tried: the first one's failure stands for all.
  if (error instanceof AggregateError && !("code" in error)) return codeOf(error.errors[0]);
  return "code" in error && typeof error.code === "string" ? error.code : "";
}
