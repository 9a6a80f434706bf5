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

/** What an engine that was closed answers. */
export function closedError(): EngineError {
  return new EngineError("PINTLE_ENGINE_CLOSED", "the engine is closed");
}

/** What an engine answers that does not write the topic. */
export function notOwner(topic: string): EngineError {
  return new EngineError("PINTLE_ENGINE_NOT_OWNER", `topic ${topic} is written by another engine`);
}
