/** What one destination may hold in memory, and how long things may take. */
export interface ConsumerLimits {
  /**
   * Events in memory, of which some are on their way. When there are more, reading stops; one
   * record may exceed it.
   */
  readonly windowEvents: number;
  /** Bytes of the records' payloads in memory. */
  readonly windowBytes: number;
  /**
   * Lanes that are ready to go out, above which reading pauses: what is read long before it goes
   * out only grows old in the heap (with 10,000 events read ahead, a fifth of the time went into
   * collecting garbage). At least two batches are read.
   */
  readonly readAhead: number;
  /**
   * Finished events above the low-water mark that progress lists: how far others may run ahead of a
   * waiting lane.
   */
  readonly finishedAbove: number;
  /** Bytes that are on their way at a time; a single batch may exceed it. */
  readonly inFlightBytes: number;
  /** Bytes for each read of the log; less where memory is small and destinations are many. */
  readonly readBytes: number;
  /** Milliseconds that a lane waits in memory before it is parked. */
  readonly parkAfter: number;
  /** Events behind the one that fails, above which its lane is parked at once. */
  readonly parkAbove: number;
  /** Events and bytes in one record of the retry topic, about. */
  readonly sliceEvents: number;
  readonly sliceBytes: number;
  /**
   * Records of the retry topic that are not finished: what is kept in memory of parked lanes is so
   * many times 300 bytes or so.
   */
  readonly parkedRecords: number;
  /**
   * Events of the retry topic that have ended, above which a lane that keeps them there is moved
   * forward.
   */
  readonly compactAbove: number;
  /** Milliseconds for which what comes for a parked lane is gathered before it is written. */
  readonly gatherFor: number;
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
  parkAfter: 10_000,
  parkAbove: 1000,
  sliceEvents: 500,
  sliceBytes: 256 << 10,
  parkedRecords: 100_000,
  compactAbove: 1000,
  gatherFor: 100,
  saveInterval: 100,
};
