import { realClearInterval, realClearTimeout, realSetInterval, realSetTimeout } from "./real.ts";

/** The longest time that a timer of any runtime can be set for; longer ones would fire at once. */
const longest = 2 ** 31 - 1;

/** The timers of a runtime. */
export interface Timers {
  /**
   * Calls back once after that many milliseconds; returns what cancels it. The timer does not keep
   * the program alive, and may be of any length.
   */
  after(milliseconds: number, callback: () => void): () => void;
  /** Keeps the program alive until the function that it returns is called. */
  hold(): () => void;
}

/** A timer that keeps no program alive, where the runtime knows the difference. */
export function after(milliseconds: number, callback: () => void): () => void {
  let timer: ReturnType<typeof realSetTimeout>;
  const set = (left: number): void => {
    timer = realSetTimeout(() => (left > longest ? set(left - longest) : callback()), Math.min(left, longest));
    unref(timer);
  };
  set(Math.max(0, milliseconds));
  return () => realClearTimeout(timer);
}

/** A timer that does nothing, but keeps the program alive until it is cleared. */
export function hold(): () => void {
  const timer = realSetInterval(() => {}, longest);
  return () => realClearInterval(timer);
}

function unref(timer: unknown): void {
  // Node and Bun give an object, Deno may give a number and has a function for it, the others know
  // no such thing.
  if (typeof timer === "object") (timer as { unref?: () => void } | null)?.unref?.();
  else (globalThis as { Deno?: { unrefTimer?: (id: unknown) => void } }).Deno?.unrefTimer?.(timer);
}
