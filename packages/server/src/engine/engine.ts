/**
 * The engine: everything durable is a topic of records with offsets, read by consumer groups.
 *
 * The gateway appends, the router reads, and they meet only here: asynchronous, bytes, a wake-up, no shared objects. The
 * interface has the shape of Apache Kafka (partitions assigned and revoked, offsets with gaps, progress per group and
 * partition), so that a second implementation can sit behind it; the rest of the server cannot tell which one runs.
 */
export interface Engine {
  readonly flags: EngineFlags;
  /**
   * Appends one record; resolves when it is durable (on the embedded engine: after fdatasync). Rejects with an
   * `EngineError` when it cannot be stored; nothing is promised about a rejected record, but it is never reported durable.
   * Records appended one after the other by one caller to one partition keep that order.
   */
  append(topic: string, record: NewRecord): Promise<RecordPosition>;
  /** Joins the consumer group `group` on `topic`. */
  subscribe(topic: string, group: string, handler: AssignmentHandler): Promise<Subscription>;
  /** Waits for what is being written, then lets go of every file. Called again it does nothing. */
  close(): Promise<void>;
}

/** What an engine can and cannot do. */
export interface EngineFlags {
  /** Whether records are kept for a consumer that is behind retention. Kafka cannot. */
  readonly keepsForSlowConsumers: boolean;
}

export interface NewRecord {
  /** Kafka's murmur2 of the user key, which picks the partition; absent: any partition. */
  readonly keyHash?: number;
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

export interface AssignmentHandler {
  /** The group member now owns this partition and reads it from `partition.progress`. */
  assigned(partition: AssignedPartition): void;
  /** The partition is taken away; after the promise resolves the member neither reads it nor saves its progress. */
  revoked(partition: number): Promise<void>;
}

export interface AssignedPartition {
  readonly partition: number;
  /** Where the group stood when the partition was assigned; `undefined` when it has never saved anything. */
  readonly progress: Progress | undefined;
  /** Offset of the oldest record still kept. */
  start(): number;
  /** Offset that the next durable record will have at the earliest. */
  end(): number;
  /**
   * Durable records with offset >= `from`, in order, about `maxBytes` of them (always at least one if there is one; none
   * at the end). Offsets may have gaps. `next` is where to read on. Never returns what is not durable.
   */
  read(from: number, maxBytes: number): Promise<{ records: EngineRecord[]; next: number }>;
  /** Resolves as soon as `end() > from`, or when the signal is aborted (it does not reject). */
  wait(from: number, signal: AbortSignal): Promise<void>;
  /** Saves where the group stands. Cheap (no sync): progress that a crash loses is work done again, never work lost. */
  save(progress: Progress): void;
}

/**
 * Progress of a consumer group on one partition: every event of every record below `low` is finished, and so are those in
 * `finished`, which lists (offset, index of the event in its record) at or above `low`.
 */
export interface Progress {
  readonly low: number;
  readonly finished: ReadonlyArray<readonly [offset: number, index: number]>;
}

export interface Subscription {
  /** Leaves the group: `revoked` is called for each assigned partition first. */
  close(): Promise<void>;
}
