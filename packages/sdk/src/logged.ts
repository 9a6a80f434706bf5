import { EventError, eventErrors } from "@pintle/events";
import { type PintleError, sdkErrors } from "./errors.ts";
import { describeThrown } from "./foreign.ts";
import { kindOf } from "./kind-of.ts";

/** What the log says of an error whose message shows something that the program, or the data plane, may have taken from a message. */
const withoutValues = new WeakMap<Error, string>();

/** Keeps in what words the log tells of `error`, which go without any value of a message. */
export function loggedAs(error: PintleError, what: string): PintleError {
  withoutValues.set(error, `${what}; ${sdkErrors[error.code as keyof typeof sdkErrors]}`);
  return error;
}

/** An error for the log: kind and length in the place of values, which stand in the receipt's error alone. */
export function logText(error: PintleError | EventError): string {
  const kept = withoutValues.get(error);
  if (kept !== undefined) return kept;
  if (!(error instanceof EventError)) return error.message;
  const where = error.field === "" ? error.type : `${error.type}: ${error.field}`;
  return `${where} is ${kindOf(error.value)}; ${eventErrors[error.code]}`;
}

/** An event's name for the log, behind a blank, if it is one that a program has written: what holds digits or signs may be made of data. */
export function eventName(event: unknown): string {
  return typeof event === "string" && /^[\p{L} _.:/-]{1,60}$/u.test(event) ? ` "${event}"` : "";
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
