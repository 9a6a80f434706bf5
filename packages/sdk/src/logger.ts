/** Where the client says what it does. `console` is one, and so is a pino or winston logger. */
export interface Logger {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}
