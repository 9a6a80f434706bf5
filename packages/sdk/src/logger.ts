/**
 * Where the client says what it does. `console` is one, and so is a pino or winston logger.
 *
 * @example
 * ```ts
 * import { type Logger, Pintle } from "@pintle/sdk";
 *
 * const problems: string[] = [];
 * const logger: Logger = {
 *   debug() {},
 *   info() {},
 *   warn: (message) => problems.push(message),
 *   error: (message) => problems.push(message),
 * };
 * const client = new Pintle(WRITE_KEY, DATA_PLANE_URL, { logger });
 * await client.close();
 * ```
 */
export interface Logger {
  /** What is of interest when somebody looks for something: with `verbose` only. */
  debug(message: string): void;
  /** What happened. */
  info(message: string): void;
  /** A problem that mends itself, such as a request that is tried again. */
  warn(message: string): void;
  /** A problem that costs messages, or needs somebody to mend it. */
  error(message: string): void;
}
