import { brand } from "./brand.ts";

/**
 * What the errors of Pintle have in common: one `instanceof`, and a code for programs.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { CodedError, Pintle } from "@pintle/sdk";
 *
 * const strict = new Pintle(WRITE_KEY, DATA_PLANE_URL, { strict: true });
 * try {
 *   strict.track({ userId: "123", event: "" });
 *   assert.fail("an event has a name");
 * } catch (error) {
 *   assert(error instanceof CodedError);
 *   assert.deepEqual([error.code, error.retryable], ["PINTLE_EVENT_FIELD_MISSING", false]);
 * }
 * ```
 */
export abstract class CodedError<Code extends string = string> extends Error {
  static {
    brand(CodedError, "CodedError");
  }

  /** What is wrong, for programs. */
  abstract readonly code: Code;
  /** Whether the same may succeed later without a change. */
  abstract readonly retryable: boolean;
}
