import { callForeign, describeThrown } from "../foreign.ts";
import type { ScopedClient } from "./request-context.ts";

/**
 * Whether what a request has sent is delivered with it, for runtimes that stop or freeze a program
 * between requests:
 *
 * - `"wait"`: the response waits until it is;
 * - a function: is given the promise of it, which never rejects, and hands it to the runtime
 *   (`waitUntil`, `after`). See {@link pintleContext}.
 */
export type FlushPerRequest<Args extends readonly unknown[]> =
  | "wait"
  | ((flushed: Promise<unknown>, ...args: Args) => void);

/** Flushes when the handler has ended, also when it has failed. */
export async function flushAfterRequest<Args extends readonly unknown[]>(
  client: ScopedClient,
  flush: FlushPerRequest<Args> | undefined,
  ...args: Args
): Promise<void> {
  if (flush === undefined) return;
  const flushed = client.flush();
  if (flush === "wait") {
    await flushed;
    return;
  }
  callForeign(
    () => flush(flushed, ...args),
    // Where the runtime has no such thing (Hono's `executionCtx` on Node), the events go out all
    // the same, and the response has to.
    (error) => complain(`pintle: the adapter's option flush failed: ${describeThrown(error)}`),
  );
}

/** A console may be replaced, too. */
function complain(text: string): void {
  callForeign(
    () => console.error(text),
    () => {},
  );
}
