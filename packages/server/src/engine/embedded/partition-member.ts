import type { Damage, LogReader, Progress, ProgressFile } from "@pintle/log";
import type { AssignedPartition, EngineRecord } from "../engine.ts";
import type { HighWatermark } from "./high-watermark.ts";
import { refuseRead } from "./partition-log.ts";

/** A partition to read: its own or followed, and up to where. */
export interface ReadablePartition {
  readonly watermark: HighWatermark;
  /** Tells the writer what a group still needs. */
  needed(group: string, from: number): void;
  /** Tells the writer that a group has no member here any more. */
  left(group: string): void;
}

/** A partition as the member of a group sees it. */
export class PartitionMember implements AssignedPartition {
  readonly topic: string;
  readonly partition: number;
  readonly progress: Progress | undefined;
  readonly #group: string;
  readonly #source: ReadablePartition;
  readonly #reader: LogReader;
  readonly #file: ProgressFile;
  readonly #damaged: (damage: readonly Damage[]) => void;

  constructor(parts: {
    readonly topic: string;
    readonly partition: number;
    readonly group: string;
    readonly source: ReadablePartition;
    readonly reader: LogReader;
    readonly file: ProgressFile;
    readonly damaged: (damage: readonly Damage[]) => void;
  }) {
    this.topic = parts.topic;
    this.partition = parts.partition;
    this.#group = parts.group;
    this.#source = parts.source;
    this.#reader = parts.reader;
    this.#file = parts.file;
    this.#damaged = parts.damaged;
    this.progress = parts.file.load();
    // A new group has said nothing yet about where it will begin.
    if (this.progress !== undefined) parts.source.needed(parts.group, this.progress.low);
  }

  start(): number {
    // A read that finds the oldest records gone knows it before the writer's word arrives.
    return Math.max(this.#source.watermark.start, this.#reader.start);
  }

  end(): number {
    return this.#source.watermark.end;
  }

  async read(
    from: number,
    maxBytes: number,
    room?: (bytes: number) => Uint8Array,
  ): Promise<{ records: EngineRecord[]; next: number }> {
    const { partition } = this;
    const { end } = this.#source.watermark;
    const { records, next, damage } = await this.#reader
      .read(from, { end, maxBytes, room })
      .catch(refuseRead(this.topic));
    if (damage.length > 0) this.#damaged(damage);
    return { records: records.map((record) => ({ partition, ...record })), next };
  }

  wait(from: number, signal: AbortSignal): Promise<void> {
    return this.#source.watermark.wait(from, signal);
  }

  save(progress: Progress): void {
    this.#file.save(progress);
    this.#source.needed(this.#group, progress.low);
  }

  /** Waits for the latest save, and leaves. */
  async close(): Promise<void> {
    await this.#file.close();
    this.#source.left(this.#group);
  }
}
