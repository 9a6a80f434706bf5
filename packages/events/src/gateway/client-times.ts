/*
 * What the times of a client mean, on milliseconds since the epoch; NaN stands for a time that is
 * not there, or cannot be read. The reasons are at `completeEvent`.
 */

/**
 * Whether an event's `timestamp` is a reading of the client's clock, to be taken for the
 * `originalTimestamp` that is missing: later than the arrival, beside a batch's `sentAt` alone.
 */
export function isClockReading(
  timestamp: number,
  original: number,
  ownSent: number,
  batchSent: number,
  receivedAt: number,
): boolean {
  return timestamp > receivedAt && Number.isNaN(original) && Number.isNaN(ownSent) && !Number.isNaN(batchSent);
}

/** The `timestamp` of an event that has none: when it happened by the data plane's clock. */
export function arrivalTime(sent: number, original: number, receivedAt: number): number {
  return receivedAt - ((Number.isNaN(sent) ? receivedAt : sent) - (Number.isNaN(original) ? receivedAt : original));
}
