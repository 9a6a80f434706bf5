import { brand, CodedError } from "@pintle/events";

/** What can go wrong in the client. Keys are codes; a row says what to do, and whether the same call may succeed later. */
export const sdkErrors = {
  CONFIG_INVALID: { retryable: false, advice: "correct the option" },

  MESSAGE_NOT_ENCODABLE: {
    retryable: false,
    advice: "remove what JSON cannot carry (a BigInt, a cycle, a throwing getter)",
  },
  MESSAGE_TOO_DEEP: { retryable: false, advice: "send flatter objects and lists, or a text of them" },
  MESSAGE_TOO_LARGE: { retryable: false, advice: "send less in one message, or raise maxMessageBytes" },
  MESSAGE_FILTERED: { retryable: false, advice: "beforeSend returned null; nothing to do if that was meant" },
  BEFORE_SEND_FAILED: { retryable: false, advice: "correct beforeSend" },
  MESSAGE_NOT_IN_PLAN: { retryable: false, advice: "send what the tracking plan declares, or extend the plan" },
  QUEUE_FULL: { retryable: true, advice: "await client.ready() before each call, or raise maxQueueBytes" },
  CLIENT_CLOSED: { retryable: false, advice: "make no calls after close()" },

  MESSAGE_EVICTED: { retryable: true, advice: "raise maxQueueBytes, or await client.ready() before each call" },
  MESSAGE_REJECTED: { retryable: false, advice: "correct what the data plane names" },
  MESSAGE_EXPIRED: { retryable: false, advice: "see the problem reported before; raise maxAge to wait longer" },
  MESSAGE_ABANDONED: { retryable: false, advice: "await close() before the program ends, and give it enough time" },

  MESSAGE_LEFT_ON_DISK: { retryable: true, advice: "nothing to do: the next client on the folder delivers it" },

  DURABLE_UNAVAILABLE: {
    retryable: true,
    advice: "make the folder usable; until then messages are kept in memory only",
  },
  DURABLE_REFUSED: {
    retryable: false,
    advice: "give each write key and data plane a durable.directory of its own; messages are kept in memory only",
  },
  DURABLE_WRITE_FAILED: { retryable: true, advice: "look at the disk; the messages concerned are kept in memory only" },
  DURABLE_DAMAGED: { retryable: false, advice: "look at the disk" },

  SEND_FAILED: { retryable: true, advice: "nothing to do: it is tried again" },
  SEND_HELD: {
    retryable: true,
    advice: "check the write key and the data plane's URL; messages are kept until maxAge",
  },
  ANSWER_FLAWED: { retryable: false, advice: "have the data plane, or what stands before it, mend its answers" },
  CONTEXT_NOT_ENCODABLE: { retryable: false, advice: "give withContext an object that JSON can carry" },
  CONTEXT_NOT_CARRIED: { retryable: false, advice: "give each message its context, or switch on nodejs_compat" },
  LISTENER_FAILED: { retryable: false, advice: "correct the listener" },
  OPTION_FAILED: { retryable: false, advice: "correct the function given as an option" },
} as const;

/** A code of {@link PintleError}; the documentation lists what each of them means. */
export type SdkErrorCode = keyof typeof sdkErrors;

/**
 * Any problem of the client. The message shows what was wrong and says what to do; it never holds a write key or a body.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { PintleError } from "@pintle/sdk";
 *
 * const { error } = client.track({ userId: "123", event: "Paid", properties: { amount: 12n } });
 *
 * assert(error instanceof PintleError);
 * assert.equal(error.code, "MESSAGE_NOT_ENCODABLE");
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
    options: { readonly cause?: unknown; readonly status?: number; readonly advice?: string } = {},
  ) {
    super(
      `${what}; ${options.advice ?? sdkErrors[code].advice}`,
      "cause" in options ? { cause: options.cause } : undefined,
    );
    this.code = code;
    this.retryable = sdkErrors[code].retryable;
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
  /** Name of the option at fault, for example `durable.sync`; `writeKey` and `dataPlaneUrl` stand for the first two arguments. */
  readonly option: string;
  /** Its value as it was given; `undefined` where that could be a secret. */
  readonly value: unknown;
  /** What it may be, in words. */
  readonly allowed: string;

  constructor(option: string, value: unknown, shown: string, allowed: string) {
    super("CONFIG_INVALID", `${option} is ${shown}, allowed is ${allowed}`);
    this.option = option;
    this.value = value;
    this.allowed = allowed;
  }
}
