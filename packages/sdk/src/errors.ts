import { brand, CodedError } from "@pintle/events";

/**
 * What can go wrong in the client. Keys are codes, values say what to do. In few words: every
 * program that goes to a browser carries them.
 */
export const sdkErrors = {
  PINTLE_OPTION_INVALID: "correct the option",

  PINTLE_MESSAGE_NOT_ENCODABLE: "remove what JSON cannot carry",
  PINTLE_MESSAGE_LOSSY: "give what JSON can carry",
  PINTLE_MESSAGE_TOO_DEEP: "send flatter objects and lists",
  PINTLE_MESSAGE_TOO_LARGE: "send less, or raise maxMessageBytes",
  PINTLE_MESSAGE_FILTERED: "nothing to do if that was meant",
  PINTLE_BEFORE_SEND_FAILED: "correct beforeSend",
  PINTLE_MESSAGE_NOT_IN_PLAN: "send what the plan declares, or extend it",
  PINTLE_QUEUE_FULL: "await client.ready() before each call, or raise maxQueueBytes",
  PINTLE_CLIENT_DISABLED: "nothing to do: enabled is false",
  PINTLE_CLIENT_CLOSED: "make no calls after close()",

  PINTLE_MESSAGE_EVICTED: "await client.ready() before each call, or raise maxQueueBytes",
  PINTLE_MESSAGE_EXPIRED: "see the problem reported before, or raise maxAge",
  PINTLE_MESSAGE_ABANDONED: "await close() before the program ends, and give it time",

  PINTLE_SEND_FAILED: "nothing to do: it is tried again",
  PINTLE_CONTEXT_NOT_ENCODABLE: "give the scope an object that JSON can carry",
  PINTLE_CONTEXT_NOT_CARRIED: "give each message its context, or switch on nodejs_compat",
  PINTLE_OPTION_FAILED: "correct the function",
} as const;

/** Where the same call may succeed later. */
const retryable: ReadonlySet<SdkErrorCode> = new Set<SdkErrorCode>([
  "PINTLE_QUEUE_FULL",
  "PINTLE_MESSAGE_EVICTED",
  "PINTLE_SEND_FAILED",
]);

/** Codes of answers; `send/response-errors.ts` says what to do. */
export type ResponseErrorCode = "PINTLE_MESSAGE_REJECTED" | "PINTLE_SEND_HELD" | "PINTLE_ANSWER_FLAWED";

/** Codes of durable mode; `durable-errors.ts` says what to do. */
export type DurableErrorCode =
  | "PINTLE_MESSAGE_LEFT_ON_DISK"
  | "PINTLE_DURABLE_UNAVAILABLE"
  | "PINTLE_DURABLE_REFUSED"
  | "PINTLE_DURABLE_WRITE_FAILED"
  | "PINTLE_DURABLE_DAMAGED";

/** A code of {@link PintleError}; the documentation lists what each of them means. */
export type SdkErrorCode = keyof typeof sdkErrors | ResponseErrorCode | DurableErrorCode;

/**
 * Any problem of the client. The message shows what was wrong and says what to do; it never holds a
 * write key or a body.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { PintleError } from "@pintle/sdk";
 *
 * const { error } = client.track({ userId: "123", event: "Paid", properties: { amount: 12n } });
 *
 * assert(error instanceof PintleError);
 * assert.equal(error.code, "PINTLE_MESSAGE_NOT_ENCODABLE");
 * assert.equal(error.retryable, false);
 * ```
 */
export class PintleError extends CodedError<SdkErrorCode> {
  static {
    brand(PintleError, "PintleError");
  }

  override readonly name: string = "PintleError";
  override readonly code: SdkErrorCode;
  override readonly retryable: boolean;
  /** HTTP status of the data plane's answer, where there was one. */
  readonly status: number | undefined;

  /** @param options `advice`: in the place of the table's, where it is known better what to do */
  constructor(
    code: SdkErrorCode,
    what: string,
    options: {
      readonly cause?: unknown;
      readonly status?: number | undefined;
      readonly advice?: string | undefined;
      readonly retryable?: boolean;
    } = {},
  ) {
    const advice = options.advice ?? sdkErrors[code as keyof typeof sdkErrors];
    super(`${what}; ${advice}`, "cause" in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.retryable = options.retryable ?? retryable.has(code);
    this.status = options.status;
  }
}

/**
 * Thrown by the constructor, and the only thing that it throws.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { ConfigError, Pintle } from "@pintle/sdk";
 *
 * try {
 *   new Pintle(WRITE_KEY, DATA_PLANE_URL, { batchSize: 0 });
 *   assert.fail("0 is not allowed");
 * } catch (error) {
 *   assert(error instanceof ConfigError);
 *   assert.equal(error.option, "batchSize");
 *   assert.equal(error.allowed, "a whole number from 1 to 20000");
 * }
 * ```
 */
export class ConfigError extends PintleError {
  static {
    brand(ConfigError, "ConfigError");
  }

  override readonly name: string = "ConfigError";
  /**
   * Name of the option at fault, for example `durable.sync`; `writeKey` and `dataPlaneUrl` stand
   * for the first two arguments.
   */
  readonly option: string;
  /** The value as it was given; `undefined` where that could be a secret. */
  readonly value: unknown;
  /** What it may be, in words. */
  readonly allowed: string;

  constructor(option: string, value: unknown, shown: string, allowed: string) {
    super("PINTLE_OPTION_INVALID", `${option} is ${shown}, allowed is ${allowed}`);
    this.option = option;
    this.value = value;
    this.allowed = allowed;
  }
}
