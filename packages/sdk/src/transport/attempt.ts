import type { Timers } from "../timers.ts";
import type { TransportRequest } from "./transport.ts";
import { aborted, timedOut } from "./transport-error.ts";

/** How long an attempt may go on. */
export interface Limit {
  /** Aborted when it has to end; the reason is the TransportError that says why. */
  readonly signal: AbortSignal;
  /** Stops its clock; called when it has ended. */
  stop(): void;
}

/**
 * The limit of an attempt that ends with its signal, and with its time.
 *
 * Not AbortSignal.any: the signal of a request may live as long as its client, and must not collect
 * a listener per attempt.
 */
export function limit(
  { url, timeout, signal }: Pick<TransportRequest, "url" | "timeout" | "signal">,
  after: Timers["after"],
): Limit {
  const attempt = new AbortController();
  const onAbort = (): void => attempt.abort(aborted(url));
  signal.addEventListener("abort", onAbort, { once: true });
  const cancel = after(timeout, () => attempt.abort(timedOut(url, timeout)));
  return {
    signal: attempt.signal,
    stop() {
      cancel();
      signal.removeEventListener("abort", onAbort);
    },
  };
}
