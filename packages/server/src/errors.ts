/**
 * The errors with which the data plane and its commands refuse to work, each with a code that scripts can match. `retryable`: whether the
 * same call can succeed later with nothing changed but time.
 */
const errorCodes: Readonly<Record<ErrorCode, { readonly retryable: boolean }>> = {
  /** The command line names a command or flag that does not exist, or a value that is not allowed. */
  USAGE: { retryable: false },
  /** The configuration file does not exist. */
  CONFIG_NOT_FOUND: { retryable: false },
  /** The configuration file exists and cannot be read, parsed or run. */
  CONFIG_UNREADABLE: { retryable: false },
  /** The configuration is a program that does not come to its end in time. */
  CONFIG_TIMEOUT: { retryable: true },
  /** The configuration says something that is not allowed; `ConfigError.problems` lists all of it. */
  CONFIG_INVALID: { retryable: false },
  /** A table of cases, or what it names, cannot be used. */
  CASES_UNREADABLE: { retryable: false },
  /** Another program listens on the port. */
  PORT_IN_USE: { retryable: true },
  /** The address or port cannot be listened on: no such interface, or no right to. */
  ADDRESS_UNAVAILABLE: { retryable: false },
  /** The data folder cannot be made or written. */
  FOLDER_NOT_WRITABLE: { retryable: false },
  /** Another data plane works in the data folder. */
  FOLDER_LOCKED: { retryable: true },
  /** What lies in the data folder cannot be used: the disk refuses it, or a newer version has written it. */
  FOLDER_UNUSABLE: { retryable: false },
  /** No data plane answers where the command looks for one. */
  NOT_RUNNING: { retryable: true },
  /** The data plane answers that it cannot do what the command asks. */
  ADMIN_REFUSED: { retryable: false },
};

export type ErrorCode =
  | "USAGE"
  | "CONFIG_NOT_FOUND"
  | "CONFIG_UNREADABLE"
  | "CONFIG_TIMEOUT"
  | "CONFIG_INVALID"
  | "CASES_UNREADABLE"
  | "PORT_IN_USE"
  | "ADDRESS_UNAVAILABLE"
  | "FOLDER_NOT_WRITABLE"
  | "FOLDER_LOCKED"
  | "FOLDER_UNUSABLE"
  | "NOT_RUNNING"
  | "ADMIN_REFUSED";

/** An error whose message is meant for the person who gave the command: one clear line, no secret in it. */
export class ServerError extends Error {
  override readonly name: string = "ServerError";
  readonly code: ErrorCode;
  readonly retryable: boolean;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
    this.retryable = errorCodes[code].retryable;
  }
}

/**
 * Why the system refused to read, write or make a file, in words: its own message names the path once more, and its call. For an error of
 * another kind, the message.
 */
export function systemReason(error: unknown): string {
  return reasons[systemCode(error)] ?? (error instanceof Error ? error.message || error.name : String(error));
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: "no permission",
  EPERM: "no permission",
  EROFS: "the file system is read-only",
  EEXIST: "there is a file of this name",
  EISDIR: "it is a folder",
  ENOENT: "there is no such file",
  ENOTDIR: "a part of it is a file",
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  ELOOP: "it is a symbolic link, or one that leads in circles",
  ENAMETOOLONG: "the name is too long",
  EMFILE: "too many files are open",
  ENFILE: "too many files are open",
  ERR_INVALID_ARG_VALUE: "a path has no null characters",
  EIO: "the disk does not answer as it should",
};

/** The system's code of an error (`ENOENT`, `EADDRINUSE`), `""` where it has none. */
export function systemCode(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : "";
}
