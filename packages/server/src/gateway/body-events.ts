/** What the gateway needs to know about the events of a body. */
export interface BodyEvents {
  readonly messageIds: string[];
  readonly keyHashes: number[];
  /**
   * Where each event of a batch begins and ends, in pairs, where that was asked for and is known.
   */
  readonly ranges: readonly number[] | undefined;
  /** `sentAt` of the batch, whatever it is. */
  readonly batchSentAt: unknown;
  /** How many times of the events and the batch are numbers. */
  readonly numericTimes: number;
  /** How many cannot be read. */
  readonly unreadableTimes: number;
}
