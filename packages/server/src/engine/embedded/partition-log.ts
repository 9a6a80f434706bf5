import { errorMessage } from "@pintle/events";
import {
  type Damage,
  type FileSystem,
  isDiskFull,
  Log,
  LogError,
  type LogErrorCode,
  type RetentionReport,
} from "@pintle/log";
import type { RecordPosition, Retention } from "../engine.ts";
import { EngineError, type EngineErrorCode } from "../engine-error.ts";
import { groupsBefore, markAbsent, markPresent } from "./expired-groups.ts";
import { GroupOffsets } from "./group-offsets.ts";
import { HighWatermark } from "./high-watermark.ts";
import type { ServedPartition } from "./high-watermark-channel.ts";

export interface PartitionLogOptions {
  readonly fs: FileSystem | undefined;
  readonly retention: Retention | undefined;
  /** The number of the partition. */
  readonly partition: number;
  /** Whether the topic has more partitions than this one. */
  readonly isOneOfSeveral: boolean;
  /** How many readers there are when all are there. */
  readonly readers: () => number;
  /** Where the groups keep their progress. */
  readonly progressDirectory: string;
  readonly onDamage: (damage: Damage) => void;
  readonly onRetention: (report: RetentionReport) => void;
  /**
   * Called when it could not be written down that a group is, or is no longer, absent; it counts
   * all the same until the next start.
   */
  readonly onUnmarked: (group: string, error: unknown) => void;
}

/**
 * A partition that this engine writes: its log, how far it is durable, and what consumer groups
 * still need of it.
 */
export class PartitionLog implements ServedPartition {
  readonly watermark: HighWatermark;
  readonly #log: Log;
  readonly #position: (offset: number) => RecordPosition;
  readonly #options: PartitionLogOptions;
  readonly #listeners: Set<() => void>;
  readonly #offsets: GroupOffsets;
  /** Marks are written one after the other, so that the last word about a group stays. */
  #marking: Promise<void> = Promise.resolve();

  /**
   * Rejects with an `EngineError`: `PINTLE_STORAGE_FAILED`, `PINTLE_STORAGE_FULL`,
   * `PINTLE_RECORD_TOO_NEW`.
   */
  static async open(directory: string, options: PartitionLogOptions): Promise<PartitionLog> {
    const { fs, retention, isOneOfSeveral, progressDirectory, readers } = options;
    const watermark = new HighWatermark(0, 0);
    const listeners = new Set<() => void>();
    const moved = (start: number, end: number): void => {
      watermark.advance(start, end);
      for (const listener of listeners) listener();
    };
    try {
      const before = retention === undefined ? [] : await groupsBefore(progressDirectory, fs);
      const offsets = new GroupOffsets(before, readers);
      const log: Log = await Log.open(directory, {
        ...(fs === undefined ? {} : { fs }),
        isOneOfSeveral,
        retention: { ...retention, neededFrom: () => offsets.neededFrom(Date.now()) },
        onDurable: (end) => moved(log.start, end),
        onRetention: (report) => {
          options.onRetention(report);
          if (report.removed !== undefined) moved(log.start, log.end);
        },
      });
      watermark.advance(log.start, log.end);
      for (const damage of log.damage) options.onDamage(damage);
      return new PartitionLog(log, watermark, listeners, offsets, options);
    } catch (error) {
      throw engineError(error, "the log cannot be opened");
    }
  }

  private constructor(
    log: Log,
    watermark: HighWatermark,
    listeners: Set<() => void>,
    offsets: GroupOffsets,
    options: PartitionLogOptions,
  ) {
    this.#log = log;
    this.watermark = watermark;
    this.#listeners = listeners;
    this.#offsets = offsets;
    this.#options = options;
    const { partition } = options;
    this.#position = (offset) => ({ partition, offset });
  }

  get start(): number {
    return this.watermark.start;
  }

  get end(): number {
    return this.watermark.end;
  }

  append(header: Uint8Array, payload: Uint8Array): Promise<RecordPosition> {
    return this.#log.append(header, payload).then(this.#position, refuse);
  }

  /** @throws EngineError while nothing can be appended */
  async revive(): Promise<void> {
    await this.#log.revive().catch((error: unknown) => {
      throw engineError(error, "the log takes no records");
    });
  }

  /** A reader, at which groups may join, is there. */
  appeared(reader: object): void {
    this.#offsets.appeared(reader, Date.now());
  }

  /** A reader is gone with all its members. */
  vanished(reader: object): void {
    this.#offsets.vanished(reader, Date.now());
  }

  needed(reader: object, group: string, from: number): void {
    const wasAbsent = this.#offsets.hold(reader, group, from);
    if (wasAbsent) this.#mark(group, () => markPresent(this.#options.progressDirectory, group, this.#options.fs));
  }

  left(reader: object, group: string): void {
    this.#offsets.free(reader, group, Date.now());
  }

  onDurable(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Removes what the retention rules allow. */
  async retain(): Promise<void> {
    const { progressDirectory, fs } = this.#options;
    const now = Date.now();
    for (const group of this.#offsets.findAbsent(now)) {
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

/** What a read of a topic that fails rejects with. */
export function refuseRead(topic: string): (error: unknown) => never {
  return (error) => {
    throw engineError(error, `topic ${topic} cannot be read`);
  };
}
