/**
 * What tells the time, as it is when the SDK is loaded. A test that replaces timers (Vitest's and
 * Jest's fake timers, `mock.timers` of `node:test`) replaces them for the program, whose time it
 * drives; a request goes over a real network, and would wait for ever.
 */
const found = globalThis as unknown as Readonly<Record<RealName, Real>>;

type RealName = "setTimeout" | "clearTimeout" | "setInterval" | "clearInterval" | "queueMicrotask" | "performance";

interface Real {
  /**
   * The functions that a fake of `@sinonjs/fake-timers` (Vitest, Jest) replaced, by their names
   * with `_` in front.
   */
  readonly clock?: Readonly<Record<string, unknown>>;
}

function real<N extends RealName>(name: N): (typeof globalThis)[N] {
  // They may have been replaced before.
  return (found[name]?.clock?.[`_${name}`] ?? found[name]) as (typeof globalThis)[N];
}

export const realSetTimeout: typeof setTimeout = real("setTimeout");
export const realClearTimeout: typeof clearTimeout = real("clearTimeout");
export const realSetInterval: typeof setInterval = real("setInterval");
export const realClearInterval: typeof clearInterval = real("clearInterval");
export const realQueueMicrotask: typeof queueMicrotask = real("queueMicrotask");

const realPerformance = real("performance");
const realNow = realPerformance?.now;

/** Milliseconds since some moment; never jumps. */
export function monotonic(): number {
  return realNow.call(realPerformance);
}
