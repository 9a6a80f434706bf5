/** Where the client says what it does. `console` is one, and so is a pino or winston logger. */
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
