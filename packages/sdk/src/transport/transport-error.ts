/**
 * Why an attempt has no complete answer. All of them are retried: none says anything about the
 * messages.
 */
export type TransportErrorCode =
  /** No complete answer within the attempt's `timeout`. */
  | "timeout"
  /** The client was closed, or its time was over. */
  | "aborted"
  /** The body was shorter than its `Content-Length`, or ended inside a chunk. */
  | "truncated"
  /**
   * The server had closed the connection, which had been used before, and has answered nothing:
   * sent again at once.
   */
  | "stale"
  /**
   * Everything else: DNS, TLS, a refused or reset connection, an answer that is not HTTP. The
   * system's code is in `cause`.
   */
  | "network";

/**
 * What a {@link Transport} rejects with. The message names the origin only: a URL may carry
 * secrets.
 */
export class TransportError extends Error {
  override readonly name = "TransportError";
  readonly code: TransportErrorCode;
  /** What to do, where more than patience is needed. */
  readonly advice: string | undefined;

  constructor(code: TransportErrorCode, message: string, cause?: unknown, advice?: string) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.advice = advice;
  }
}

export function timedOut(url: string, timeout: number): TransportError {
  return new TransportError("timeout", `${originOf(url)} gave no complete answer within ${timeout} ms`);
}

export function aborted(url: string): TransportError {
  return new TransportError("aborted", `the request to ${originOf(url)} was aborted`);
}

export function truncated(url: string, cause?: unknown): TransportError {
  return new TransportError("truncated", `the answer of ${originOf(url)} ended before it was complete`, cause);
}

/** @param way which was taken, where it was not the direct one */
export function networkFailure(url: string, cause: unknown, advice?: string, way = ""): TransportError {
  return new TransportError("network", `no answer from ${originOf(url)}${way}: ${describe(cause)}`, cause, advice);
}

export function stale(url: string, cause: unknown): TransportError {
  return new TransportError("stale", `${originOf(url)} had closed the connection before the request`, cause);
}

function originOf(url: string): string {
  try {
    return new URL(url).origin;
  } catch {
    return "the data plane (its URL is not valid)";
  }
}

/**
 * The code says more than the message (`fetch failed`), and sits one level down in errors of fetch.
 */
function describe(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const inner = cause.cause instanceof Error ? cause.cause : cause;
  const code = "code" in inner && typeof inner.code === "string" ? inner.code : undefined;
  return code !== undefined && !inner.message.includes(code)
    ? `${code} ${inner.message}`.trim()
    : inner.message || inner.name;
}
