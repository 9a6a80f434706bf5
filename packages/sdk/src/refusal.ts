import type { EventError } from "@pintle/events";
import { PintleError, type SdkErrorCode } from "./errors.ts";
import { describeThrown } from "./foreign.ts";
import { kindOfThrown, loggedAs } from "./logged.ts";
import type { RefusalReason } from "./outcome.ts";

/** A refusal on its way from the check that found it to the receipt. */
export class CallRefusal {
  readonly reason: RefusalReason;
  readonly error: PintleError | EventError;

  constructor(reason: RefusalReason, error: PintleError | EventError) {
    this.reason = reason;
    this.error = error;
  }
}

export function refusal(reason: RefusalReason, code: SdkErrorCode, what: string): CallRefusal {
  return new CallRefusal(reason, new PintleError(code, what));
}

/**
 * A refusal by what code of the program has thrown, which may quote the message: the log tells its
 * kind alone.
 */
export function foreignRefusal(reason: RefusalReason, code: SdkErrorCode, what: string, thrown: unknown): CallRefusal {
  const error = new PintleError(code, `${what}: ${describeThrown(thrown)}`, { cause: thrown });
  return new CallRefusal(reason, loggedAs(error, `${what}: ${kindOfThrown(thrown)}`));
}
