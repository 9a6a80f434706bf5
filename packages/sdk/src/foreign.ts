/**
 * Calls a function that is not the SDK's: an option, a listener, a validator, the logger. All of
 * them are called here, because none of them may end the program or the client: neither by what it
 * throws, nor by a promise that rejects and that nobody else waits for.
 *
 * @param failed is told what was thrown, now, or what the promise was rejected with, later; it has
 * to be harmless itself
 * @returns what the function returned, and `undefined` if it threw
 */
export function callForeign<Result>(call: () => Result, failed: (thrown: unknown) => void): Result | undefined {
  try {
    const result = call();
    // By a promise of our own: whatever a thenable of the program's does, it does it there.
    if (isThenable(result)) new Promise((resolve) => resolve(result)).then(undefined, failed);
    return result;
  } catch (thrown) {
    failed(thrown);
    return undefined;
  }
}

/** The same for one whose answer is waited for: rejects with what it threw. */
export function askForeign<Result>(call: () => Result | PromiseLike<Result>): Promise<Result> {
  return new Promise((resolve, reject) => resolve(callForeign(call, reject) as Result));
}

/** Whether it is thenable. Called where a getter that throws does no harm. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  const canHaveFields = (typeof value === "object" && value !== null) || typeof value === "function";
  return canHaveFields && typeof (value as { then?: unknown }).then === "function";
}

/** What was thrown, which may be anything, in words. Never throws. */
export function describeThrown(thrown: unknown): string {
  try {
    // Both may be anything: a template makes a text of what String() returns, and fails for a
    // symbol without it.
    return String(thrown instanceof Error ? thrown.message : thrown);
  } catch {
    return "something that has no text";
  }
}

/** An Error for what was thrown, whose message is a text. Never throws. */
export function errorOf(thrown: unknown): Error {
  const text = describeThrown(thrown);
  try {
    if (thrown instanceof Error && thrown.message === text) return thrown;
  } catch {
    // It cannot be read.
  }
  return new Error(text);
}
