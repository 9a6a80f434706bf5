import { type ServerErrorCode, serverErrors } from "../errors.ts";

/** The codes of an engine's errors, whatever engine it is. */
export type EngineErrorCode = Extract<
  ServerErrorCode,
  `PINTLE_STORAGE_${string}` | `PINTLE_RECORD_${string}` | `PINTLE_ENGINE_${string}`
>;

export class EngineError extends Error {
  override readonly name: string = "EngineError";
  readonly code: EngineErrorCode;
  readonly retryable: boolean;

  constructor(code: EngineErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
    this.retryable = serverErrors[code].retryable;
  }
}
