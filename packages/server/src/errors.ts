/**
 * The errors with which the data plane and its commands refuse to work, by code. `retryable`: the
 * same call may succeed later without any change but what the machine's owner does about it.
 */
export const serverErrors = {
  /**
   * The command line names a command or flag that does not exist, or a value that is not allowed.
   */
  PINTLE_USAGE: { retryable: false },
  /** The configuration file does not exist. */
  PINTLE_CONFIG_NOT_FOUND: { retryable: false },
  /** The configuration file exists and cannot be read, parsed or run. */
  PINTLE_CONFIG_UNREADABLE: { retryable: false },
  /** The configuration is a program that does not come to its end in time. */
  PINTLE_CONFIG_TIMEOUT: { retryable: true },
  /**
   * The configuration says something that is not allowed; `InvalidConfigError.problems` lists all
   * of it.
   */
  PINTLE_CONFIG_INVALID: { retryable: false },
  /** A table of cases, or what it names, cannot be used. */
  PINTLE_CASES_UNREADABLE: { retryable: false },
  /** Another program listens on the port. */
  PINTLE_PORT_IN_USE: { retryable: true },
  /** The address or port cannot be listened on: no such interface, or no right to. */
  PINTLE_ADDRESS_UNAVAILABLE: { retryable: false },
  /** The data folder cannot be made or written. */
  PINTLE_FOLDER_NOT_WRITABLE: { retryable: false },
  /** Another data plane works in the data folder. */
  PINTLE_FOLDER_LOCKED: { retryable: true },
  /**
   * What lies in the data folder cannot be used: the disk refuses it, or a newer version has
   * written it.
   */
  PINTLE_FOLDER_UNUSABLE: { retryable: false },
  /** No data plane answers where the command looks for one. */
  PINTLE_NOT_RUNNING: { retryable: true },
  /** The data plane answers that it cannot do what the command asks. */
  PINTLE_ADMIN_REFUSED: { retryable: false },

  // Errors of an engine: `EngineError`.
  /** No room on the disk. */
  PINTLE_STORAGE_FULL: { retryable: true },
  /** The disk, or what stands for it, refused to write, to sync or to read. */
  PINTLE_STORAGE_FAILED: { retryable: true },
  /** A record contradicts itself: it was damaged, or a program with a fault wrote it. */
  PINTLE_RECORD_INVALID: { retryable: false },
  /** A record was written by a newer version. */
  PINTLE_RECORD_TOO_NEW: { retryable: false },
  /** A record is larger than the engine takes. */
  PINTLE_RECORD_TOO_LARGE: { retryable: false },
  /** The topic may only be read by this engine: another one writes it. */
  PINTLE_ENGINE_NOT_OWNER: { retryable: false },
  /** A topic is there with another number of partitions than the configuration says. */
  PINTLE_ENGINE_PARTITIONS: { retryable: false },
  /** The engine was closed. */
  PINTLE_ENGINE_CLOSED: { retryable: false },
} as const;

export type ServerErrorCode = keyof typeof serverErrors;

/**
 * An error whose message is meant for the person who gave the command: one clear line, no secret in
 * it.
 */
export class ServerError extends Error {
  override readonly name: string = "ServerError";
  readonly code: ServerErrorCode;
  readonly retryable: boolean;

  constructor(code: ServerErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
    this.retryable = serverErrors[code].retryable;
  }
}

/**
 * Why the system refused to read, write or make a file, in words: its own message names the path
 * once more, and its call. For an error of another kind, the message.
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
