/**
 * The errors of an engine. `retryable`: whether the same call can succeed later with nothing changed but time and what the
 * machine's owner does about it.
 */
const engineErrorCodes: Readonly<Record<EngineErrorCode, { readonly retryable: boolean }>> = {
  /** There is no room on the disk. */
  STORAGE_FULL: { retryable: true },
  /** The disk, or what stands for it, refused to write, to sync or to read. */
  STORAGE_FAILED: { retryable: true },
  /** A record contradicts itself: it was damaged, or a program with a fault wrote it. */
  RECORD_INVALID: { retryable: false },
  /** A record was written by a newer version. */
  RECORD_TOO_NEW: { retryable: false },
  /** A record is larger than the engine takes. */
  RECORD_TOO_LARGE: { retryable: false },
  /** This engine may only read the topic: another one writes it. */
  NOT_OWNER: { retryable: false },
  /** The engine was closed. */
  CLOSED: { retryable: false },
};

export type EngineErrorCode =
  | "STORAGE_FULL"
  | "STORAGE_FAILED"
  | "RECORD_INVALID"
  | "RECORD_TOO_NEW"
  | "RECORD_TOO_LARGE"
  | "NOT_OWNER"
  | "CLOSED";

export class EngineError extends Error {
  override readonly name: string = "EngineError";
  readonly code: EngineErrorCode;
  readonly retryable: boolean;

  constructor(code: EngineErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
    this.retryable = engineErrorCodes[code].retryable;
  }
}
