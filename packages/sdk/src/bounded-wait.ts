import type { Signal } from "./signal.ts";
import type { Timers } from "./timers.ts";

/**
 * Resolves when `begin` calls back, when the time is over, or with the signal; keeps the program
 * alive until then. Never rejects, whatever a program without types gives as a signal.
 *
 * @param begin is given what ends the wait; what it returns is called when it has ended, in
 * whatever way
 */
export async function boundedWait(
  { after, hold }: Timers,
  timeout: number,
  signal: Signal | undefined,
  begin: (done: () => void) => () => void,
): Promise<void> {
  const release = hold();
  let done = (): void => {};
  const over = new Promise<void>((resolve) => {
    done = resolve;
  });
  const cancel = after(timeout, done);
  const end = begin(done);
  signal?.addEventListener?.("abort", done);
  if (signal?.aborted === true) done();
  await over;
  signal?.removeEventListener?.("abort", done);
  end();
  cancel();
  release();
}
