/** What the gateway needs to know about the events of a body. */
export interface BodyEvents {
  readonly messageIds: string[];
  readonly keyHashes: number[];
  /** `sentAt` of the batch, whatever it is. */
  readonly batchSentAt: unknown;
  /** How many times of the events and the batch are numbers. */
  readonly numericTimes: number;
  /** How many cannot be read. */
  readonly unreadableTimes: number;
}
