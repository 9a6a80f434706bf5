import { errorMessage } from "@pintle/events";
import {
  type Damage,
  type FileSystem,
  isDiskFull,
  Log,
  LogError,
  type LogErrorCode,
  type RetentionReport,
  type RetentionRules,
} from "@pintle/log";
import { groupsBefore, markAbsent, markPresent } from "./absence.ts";
import { Claims } from "./claims.ts";
import { DurableEnd } from "./durable-end.ts";
import type { RecordPosition } from "./engine.ts";
import { EngineError, type EngineErrorCode } from "./engine-error.ts";
import type { FedTopic } from "./feed.ts";

/** When old records go; which of them are needed is the engine's own knowledge. */
export type Retention = Omit<RetentionRules, "neededFrom">;

export interface TopicLogOptions {
  readonly fs: FileSystem | undefined;
  readonly retention: Retention | undefined;
  /** Where the groups of the topic keep their progress. */
  readonly progressDirectory: string;
  readonly onDamage: (damage: Damage) => void;
  readonly onRetention: (report: RetentionReport) => void;
  /** That a group is, or is no longer, absent could not be written down; it counts all the same until the next start. */
  readonly onUnmarked: (group: string, error: unknown) => void;
}

/** A topic that this engine writes: its log, how far it is durable, and what its consumer groups still need of it. */
export class TopicLog implements FedTopic {
  readonly durable: DurableEnd;
  readonly #log: Log;
  readonly #options: TopicLogOptions;
  readonly #listeners: Set<() => void>;
  readonly #claims: Claims;
  /** Marks are written one after the other, so that the last word about a group stays. */
  #marking: Promise<void> = Promise.resolve();

  /** Rejects with an `EngineError`: `PINTLE_STORAGE_FAILED`, `PINTLE_STORAGE_FULL`, `PINTLE_RECORD_TOO_NEW`. */
  static async open(directory: string, options: TopicLogOptions): Promise<TopicLog> {
    const { fs, retention, progressDirectory } = options;
    const durable = new DurableEnd(0, 0);
    const listeners = new Set<() => void>();
    const moved = (start: number, end: number): void => {
      durable.advance(start, end);
      for (const listener of listeners) listener();
    };
    try {
      const claims = new Claims(retention === undefined ? [] : await groupsBefore(progressDirectory, fs));
      const log: Log = await Log.open(directory, {
        ...(fs === undefined ? {} : { fs }),
        retention: { ...retention, neededFrom: () => claims.neededFrom(Date.now()) },
        onDurable: (end) => moved(log.start, end),
        onRetention: (report) => {
          options.onRetention(report);
          if (report.removed !== undefined) moved(log.start, log.end);
        },
      });
      durable.advance(log.start, log.end);
      for (const damage of log.damage) options.onDamage(damage);
      return new TopicLog(log, durable, listeners, claims, options);
    } catch (error) {
      throw engineError(error, "the log cannot be opened");
    }
  }

  private constructor(
    log: Log,
    durable: DurableEnd,
    listeners: Set<() => void>,
    claims: Claims,
    options: TopicLogOptions,
  ) {
    this.#log = log;
    this.durable = durable;
    this.#listeners = listeners;
    this.#claims = claims;
    this.#options = options;
  }

  get start(): number {
    return this.durable.start;
  }

  get end(): number {
    return this.durable.end;
  }

  append(header: Uint8Array, payload: Uint8Array): Promise<RecordPosition> {
    return this.#log.append(header, payload).then(position, refuse);
  }

  /** @throws EngineError while nothing can be appended */
  async revive(): Promise<void> {
    await this.#log.revive().catch((error: unknown) => {
      throw engineError(error, "the log takes no records");
    });
  }

  /** A reader, at which groups may join, is there. */
  appeared(reader: object): void {
    this.#claims.appeared(reader, Date.now());
  }

  /** A reader is gone with all its members. */
  vanished(reader: object): void {
    this.#claims.vanished(reader, Date.now());
  }

  needed(reader: object, group: string, from: number): void {
    const wasAbsent = this.#claims.hold(reader, group, from);
    if (wasAbsent) this.#mark(group, () => markPresent(this.#options.progressDirectory, group, this.#options.fs));
  }

  left(reader: object, group: string): void {
    this.#claims.free(reader, group, Date.now());
  }

  onDurable(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Removes what the retention rules allow. */
  async retain(): Promise<void> {
    const { progressDirectory, fs } = this.#options;
    const now = Date.now();
    for (const group of this.#claims.findAbsent(now)) {
      this.#mark(group, () => markAbsent(progressDirectory, group, now, fs));
    }
    await this.#marking;
    await this.#log.retain();
  }

  async close(): Promise<void> {
    await this.#marking;
    await this.#log.close();
  }

  #mark(group: string, write: () => Promise<void>): void {
    this.#marking = this.#marking.then(write).catch((error: unknown) => this.#options.onUnmarked(group, error));
  }
}

function position(offset: number): RecordPosition {
  return { partition: 0, offset };
}

function refuse(error: unknown): never {
  throw engineError(error, "the record was not stored");
}

const codes: Readonly<Partial<Record<LogErrorCode, EngineErrorCode>>> = {
  PINTLE_LOG_CLOSED: "PINTLE_ENGINE_CLOSED",
  PINTLE_LOG_RECORD_TOO_LARGE: "PINTLE_RECORD_TOO_LARGE",
  PINTLE_LOG_NEWER_FORMAT: "PINTLE_RECORD_TOO_NEW",
};

/** What the log or its file system reported, as the engine's own error. */
export function engineError(error: unknown, what: string): EngineError {
  if (error instanceof EngineError) return error;
  const code = error instanceof LogError ? codes[error.code] : undefined;
  const cause = error instanceof LogError && error.cause !== undefined ? error.cause : error;
  const message = errorMessage(error);
  const refused = isDiskFull(cause) ? "PINTLE_STORAGE_FULL" : "PINTLE_STORAGE_FAILED";
  return new EngineError(code ?? refused, `${what}: ${message}`, { cause: error });
}
