import type { EventError } from "@pintle/events";
import { type PintleError, sdkErrors } from "./errors.ts";
import { describeThrown } from "./foreign.ts";

/**
 * What the log says of an error whose message shows something that the program, or the data plane,
 * may have taken from a message.
 */
const withoutValues = new WeakMap<Error, string>();

/**
 * Keeps in what words the log tells of `error`, which go without any value of a message.
 *
 * @param advice as the error has it
 */
export function loggedAs<Failure extends PintleError | EventError>(
  error: Failure,
  what: string,
  advice: string = sdkErrors[error.code as keyof typeof sdkErrors],
): Failure {
  withoutValues.set(error, `${what}; ${advice}`);
  return error;
}

/** The words of an error that a log may have, if there are any. */
export function loggedWords(error: Error): string | undefined {
  return withoutValues.get(error);
}

/** What was thrown, which may quote what it was given, by name and length. Never throws. */
export function kindOfThrown(thrown: unknown): string {
  const length = describeThrown(thrown).length;
  try {
    const name = thrown instanceof Error ? thrown.constructor.name : "";
    return `${/^\w{1,40}$/.test(name) ? name : `a thrown ${typeof thrown}`} (${length} characters)`;
  } catch {
    return `something (${length} characters)`;
  }
}
