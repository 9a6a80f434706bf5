import { type Damage, type FileSystem, Log, LogError, type RetentionReport, type RetentionRules } from "@pintle/log";
import { DurableEnd } from "./durable-end.ts";
import type { RecordPosition } from "./engine.ts";
import { EngineError, type EngineErrorCode } from "./engine-error.ts";
import type { FedTopic } from "./feed.ts";

/** When old records go; which of them are needed is the engine's own knowledge. */
export type Retention = Omit<RetentionRules, "neededFrom">;

export interface TopicLogOptions {
  readonly fs: FileSystem | undefined;
  readonly retention: Retention | undefined;
  readonly onDamage: (damage: Damage) => void;
  readonly onRetention: (report: RetentionReport) => void;
}

/** A topic that this engine writes: its log, how far it is durable, and what its consumers still need of it. */
export class TopicLog implements FedTopic {
  readonly durable: DurableEnd;
  readonly #log: Log;
  readonly #listeners: Set<() => void>;
  readonly #needs: Map<unknown, number>;

  /** Rejects with an `EngineError`: `STORAGE_FAILED`, `STORAGE_FULL`, `RECORD_TOO_NEW`. */
  static async open(directory: string, options: TopicLogOptions): Promise<TopicLog> {
    const durable = new DurableEnd(0, 0);
    const listeners = new Set<() => void>();
    const needs = new Map<unknown, number>();
    const log = await Log.open(directory, {
      ...(options.fs === undefined ? {} : { fs: options.fs }),
      retention: {
        ...options.retention,
        // Until a consumer has said where it stands, it may need everything.
        neededFrom: () => (needs.size === 0 ? undefined : Math.min(...needs.values())),
      },
      onDurable: (end) => {
        durable.advance(log.start, end);
        for (const listener of listeners) listener();
      },
      onRetention: options.onRetention,
    }).catch((error: unknown) => {
      throw engineError(error, "the log cannot be opened");
    });
    durable.advance(log.start, log.end);
    for (const damage of log.damage) options.onDamage(damage);
    return new TopicLog(log, durable, listeners, needs);
  }

  private constructor(log: Log, durable: DurableEnd, listeners: Set<() => void>, needs: Map<unknown, number>) {
    this.#log = log;
    this.durable = durable;
    this.#listeners = listeners;
    this.#needs = needs;
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

  /** The lowest offset that `consumer` has not finished. */
  needed(consumer: unknown, from: number): void {
    this.#needs.set(consumer, from);
  }

  onDurable(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Removes what the retention rules allow. */
  async retain(): Promise<void> {
    await this.#log.retain();
    this.durable.advance(this.#log.start, this.#log.end);
  }

  close(): Promise<void> {
    return this.#log.close();
  }
}

function position(offset: number): RecordPosition {
  return { partition: 0, offset };
}

function refuse(error: unknown): never {
  throw engineError(error, "the record was not stored");
}

const codes: Readonly<Record<string, EngineErrorCode>> = {
  "log.closed": "CLOSED",
  "log.record_too_large": "RECORD_TOO_LARGE",
  "log.newer_format": "RECORD_TOO_NEW",
};

/** No room is no room, whether a disk, a quota or a bound on a file's size says so. */
const fullCodes: ReadonlySet<unknown> = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);

/** What the log or its file system reported, as the engine's own error. */
export function engineError(error: unknown, what: string): EngineError {
  if (error instanceof EngineError) return error;
  const code = error instanceof LogError ? codes[error.code] : undefined;
  const cause = error instanceof LogError && error.cause !== undefined ? error.cause : error;
  const full = fullCodes.has((cause as { code?: unknown } | undefined)?.code);
  const message = error instanceof Error ? error.message : String(error);
  return new EngineError(code ?? (full ? "STORAGE_FULL" : "STORAGE_FAILED"), `${what}: ${message}`, { cause: error });
}
