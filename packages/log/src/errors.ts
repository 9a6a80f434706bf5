/**
 * The errors of this package, by code. `retryable`: the same call may succeed later without any
 * change.
 */
export const logErrors = {
  PINTLE_LOG_APPEND_FAILED: { retryable: true },
  PINTLE_LOG_UNAVAILABLE: { retryable: true },
  PINTLE_LOG_CLOSED: { retryable: false },
  PINTLE_LOG_RECORD_TOO_LARGE: { retryable: false },
  PINTLE_LOG_NEWER_FORMAT: { retryable: false },
  PINTLE_LOG_OPTION_INVALID: { retryable: false },
  PINTLE_LOCK_HELD: { retryable: true },
  PINTLE_LOCK_UNSUPPORTED: { retryable: false },
} as const;

export type LogErrorCode = keyof typeof logErrors;

export class LogError extends Error {
  override readonly name = "LogError";
  readonly code: LogErrorCode;
  readonly retryable: boolean;

  constructor(code: LogErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.retryable = logErrors[code].retryable;
  }
}

/**
 * The `code` of an error of the operating system ("ENOSPC"), or undefined. Whatever has a code will
 * do: where a test runner evaluates modules in contexts of its own (Jest), errors of Node are no
 * `instanceof Error`.
 */
export function systemCode(error: unknown): string | undefined {
  return typeof error === "object" && error !== null && "code" in error && typeof error.code === "string"
    ? error.code
    : undefined;
}

/** What an error says, or the text of whatever else was thrown. */
export function errorMessage(error: unknown): string {
  return typeof error === "object" && error !== null && "message" in error && typeof error.message === "string"
    ? error.message
    : String(error);
}

const fullCodes: ReadonlySet<unknown> = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);

/**
 * Whether there was no room: no room is no room, whether a disk, a quota or a bound on a file's
 * size says so.
 */
export function isDiskFull(error: unknown): boolean {
  return fullCodes.has((error as { code?: unknown } | undefined)?.code);
}
