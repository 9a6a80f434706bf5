/** What one destination may hold in memory, and how long things may take. */
export interface ConsumerLimits {
  /** Events in memory, of which some are on their way. When there are more, reading stops; one record may exceed it. */
  readonly windowEvents: number;
  /** Bytes of the records' payloads in memory. */
  readonly windowBytes: number;
  /**
   * Lanes that are ready to go out, above which reading pauses: what is read long before it goes out only grows old in the
   * heap (with 10,000 events read ahead, a fifth of the time went into collecting garbage). At least two batches are read.
   */
  readonly readAhead: number;
  /** Finished events above the low-water mark that progress lists: how far others may run ahead of a waiting lane. */
  readonly finishedAbove: number;
  /** Bytes that are on their way at a time; a single batch may exceed it. */
  readonly inFlightBytes: number;
  /** Bytes for each read of the log. */
  readonly readBytes: number;
  /** Milliseconds between two saves of progress. */
  readonly saveInterval: number;
}

export const defaultLimits: ConsumerLimits = {
  windowEvents: 10_000,
  windowBytes: 16 << 20,
  readAhead: 512,
  finishedAbove: 100_000,
  inFlightBytes: 8 << 20,
  readBytes: 1 << 20,
  saveInterval: 100,
};
