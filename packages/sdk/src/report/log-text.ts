import { EventError, eventErrors } from "@pintle/events";
import type { PintleError } from "../errors.ts";
import { kindOf } from "../kind-of.ts";
import { loggedWords } from "../logged.ts";

/**
 * An error for the log: kind and length in the place of values, which stand in the receipt's error
 * alone.
 */
export function logText(error: PintleError | EventError): string {
  const kept = loggedWords(error);
  if (kept !== undefined) return kept;
  if (!(error instanceof EventError)) return error.message;
  const where = error.field === "" ? error.type : `${error.type}: ${error.field}`;
  return `${where} is ${kindOf(error.value)}; ${eventErrors[error.code]}`;
}

/**
 * An event's name for the log, behind a blank, if it is one that a program has written: what holds
 * digits or signs may be made of data.
 */
export function eventName(event: unknown): string {
  return typeof event === "string" && /^[\p{L} _.:/-]{1,60}$/u.test(event) ? ` "${event}"` : "";
}
