import type { Progress } from "@pintle/log";

/**
 * The engine: everything durable is a topic of records with offsets, read by consumer groups.
 *
 * The gateway appends, the router reads, and they meet only here: asynchronous, bytes, a wake-up,
 * no shared objects. The interface has the shape of Apache Kafka (partitions that are assigned and
 * revoked, offsets with gaps, progress per group and partition), so that a second implementation
 * can sit behind it; the rest of the server cannot tell which one runs.
 */
export interface Engine {
  /** How many partitions a topic has. That never changes. */
  partitions(topic: string): number;
  /**
   * Appends one record; resolves when it is durable (on the embedded engine: after fdatasync).
   * Rejects with an `EngineError` when it cannot be stored; nothing is promised about a rejected
   * record, but it is never reported durable. Records appended one after the other by one caller to
   * one partition keep that order.
   */
  append(topic: string, record: NewRecord): Promise<RecordPosition>;
  /**
   * Joins the consumer group `group` on topics that have as many partitions: the same partition of
   * each is assigned to the same member, at once. Resolves when the partitions that are free now
   * are assigned, and what their handler does then is done; rejects with what it rejects with.
   */
  subscribe(topics: readonly string[], group: string, handler: AssignmentHandler): Promise<Subscription>;
  /**
   * The records that a partition of a topic has now, in order, without joining a group. A topic
   * that is not there has none.
   */
  scan(topic: string, options?: ScanOptions): AsyncIterable<EngineRecord>;
  /** Where each partition of a topic begins and ends now, in the order of their numbers. */
  ranges(topic: string): Promise<readonly PartitionRange[]>;
  /**
   * The offset of the first record of a partition that was appended at `time` or later, the end if
   * there is none. Where the system's clock was set back in between, one of those where that holds.
   *
   * @param time milliseconds since the epoch
   */
  offsetAt(topic: string, partition: number, time: number): Promise<number>;
  /** The topics that are there, with what they take, whoever writes them. */
  topics(): Promise<readonly TopicSize[]>;
  /** Waits for what is being written, then lets go of everything. Called again it does nothing. */
  close(): Promise<void>;
}

export interface NewRecord {
  /** @default 0 */
  readonly partition?: number;
  readonly header: Uint8Array;
  readonly payload: Uint8Array;
}

export interface RecordPosition {
  readonly partition: number;
  readonly offset: number;
}

export interface EngineRecord extends RecordPosition {
  /** Time of the append, milliseconds since the epoch. */
  readonly time: number;
  readonly header: Uint8Array;
  readonly payload: Uint8Array;
}

export interface ScanOptions {
  /** @default 0 */
  readonly partition?: number;
  /** Records below this offset are left out. @default 0 */
  readonly from?: number;
}

/** Offsets of the oldest record that is kept and of the next one. */
export interface PartitionRange {
  readonly start: number;
  readonly end: number;
}

export interface TopicSize {
  readonly name: string;
  /** Bytes on disk, all partitions together. */
  readonly bytes: number;
}

export interface AssignmentHandler {
  /**
   * The group member now owns a partition, and reads it from its `progress`.
   *
   * @param sources this partition of each topic, in the order in which the topics were given
   */
  assigned(sources: readonly AssignedPartition[]): void | Promise<void>;
  /**
   * The partition is taken away. It is not given to another member before the promise resolves, or
   * before the member is held to be lost. After that this member neither reads it nor saves its
   * progress.
   *
   * @param why `lost`: another member may have it already, so nothing may be saved
   */
  revoked(partition: number, why: "handed over" | "lost"): Promise<void>;
}

export interface AssignedPartition {
  readonly topic: string;
  readonly partition: number;
  /**
   * Where the group stood when the partition was assigned; `undefined` when it has never saved
   * anything.
   */
  readonly progress: Progress | undefined;
  /** Offset of the oldest record still kept. */
  start(): number;
  /**
   * Offset that the next durable record will have at the earliest, as was last heard: see
   * `Engine.ranges`.
   */
  end(): number;
  /**
   * Durable records with offset >= `from`, in order, about `maxBytes` of them (always at least one
   * if there is one; none at the end). Offsets may have gaps. `next` is where to read on. Never
   * returns what is not durable.
   *
   * @param room gives so many bytes at least that may be read into, in place of a new buffer; then
   *   the records are only good until they are used for something else
   */
  read(
    from: number,
    maxBytes: number,
    room?: (bytes: number) => Uint8Array,
  ): Promise<{ records: EngineRecord[]; next: number }>;
  /** Resolves as soon as `end() > from`, or when the signal is aborted (it does not reject). */
  wait(from: number, signal: AbortSignal): Promise<void>;
  /**
   * Saves where the group stands. Cheap (no sync): progress that a crash loses is work done again,
   * never work lost. It may list 100,000 events.
   */
  save(progress: Progress): void;
}

export interface Subscription {
  /** Leaves the group: `revoked` is called for each assigned partition first. */
  close(): Promise<void>;
}

/** What is kept of a topic. @default everything */
export interface Retention {
  /** Milliseconds. */
  readonly maxAge?: number;
  /** Bytes of all partitions together. */
  readonly maxBytes?: number;
  /** Share of the disk that is kept free. */
  readonly minFree?: number;
}
