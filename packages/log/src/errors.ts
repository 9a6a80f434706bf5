/** Every code that this package throws; `retryable`: the same call may succeed later without anybody changing anything. */
export const logErrorCodes: Readonly<Record<LogErrorCode, { readonly retryable: boolean }>> = {
  "log.append_failed": { retryable: true },
  "log.unavailable": { retryable: true },
  "log.closed": { retryable: false },
  "log.record_too_large": { retryable: false },
  "log.newer_format": { retryable: false },
  "log.invalid_option": { retryable: false },
  "lock.held": { retryable: true },
  "lock.unsupported": { retryable: false },
};

export type LogErrorCode =
  | "log.append_failed"
  | "log.unavailable"
  | "log.closed"
  | "log.record_too_large"
  | "log.newer_format"
  | "log.invalid_option"
  | "lock.held"
  | "lock.unsupported";

export class LogError extends Error {
  override readonly name = "LogError";
  readonly code: LogErrorCode;
  readonly retryable: boolean;

  constructor(code: LogErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.retryable = logErrorCodes[code].retryable;
  }
}

/**
 * The `code` of an error of the operating system ("ENOSPC"), or undefined. Whatever has a code will do: where a test runner evaluates
 * modules in contexts of its own (Jest), errors of Node are no `instanceof Error`.
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

/** Whether there was no room: no room is no room, whether a disk, a quota or a bound on a file's size says so. */
export function isDiskFull(error: unknown): boolean {
  return fullCodes.has((error as { code?: unknown } | undefined)?.code);
}
