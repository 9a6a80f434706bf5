import { type DurableErrorCode, PintleError } from "../../errors.ts";

/**
 * What can go wrong with the queue on disk: a part of the table of errors that nobody has to carry
 * who has no files.
 */
export const durableErrors: Readonly<
  Record<DurableErrorCode, { readonly retryable: boolean; readonly advice: string }>
> = {
  PINTLE_MESSAGE_LEFT_ON_DISK: { retryable: true, advice: "nothing to do: the next client on the folder delivers it" },
  PINTLE_DURABLE_UNAVAILABLE: {
    retryable: true,
    advice: "make the folder usable; until then messages are kept in memory only",
  },
  PINTLE_DURABLE_REFUSED: {
    retryable: false,
    advice: "give each write key and data plane a durable.directory of its own; messages are kept in memory only",
  },
  PINTLE_DURABLE_WRITE_FAILED: {
    retryable: true,
    advice: "look at the disk; the messages concerned are kept in memory only",
  },
  PINTLE_DURABLE_DAMAGED: { retryable: false, advice: "look at the disk" },
};

/** A problem of durable mode. */
export function durableError(
  code: DurableErrorCode,
  what: string,
  options: { readonly cause?: unknown } = {},
): PintleError {
  return new PintleError(code, what, { ...options, ...durableErrors[code] });
}
