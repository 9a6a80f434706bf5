/**
 * A stretch of the log that cannot be read. Acknowledged records may have been there; nothing
 * behind it is affected.
 */
export interface Damage {
  /**
   * `record`: the body of one record, whose offset is certain. `bytes`: prefixes too, so that only
   * the range of offsets is known. `header`: a segment's header (its records are read all the same,
   * unless `bytes` says otherwise). `missing`: records, or whole segments, that were once durable
   * are not there.
   */
  readonly kind: "record" | "bytes" | "header" | "missing";
  /** Name of the segment's file. */
  readonly file: string;
  /** Byte in the file where the stretch begins, and how many bytes it has. */
  readonly position: number;
  readonly bytes: number;
  /** The offsets that are affected: `from <= offset < to`. */
  readonly from: number;
  readonly to: number;
  /**
   * The group of the damaged records, or that behind them; used to tell damage from the remains of
   * a crash.
   */
  readonly group: number;
  /**
   * Set where it may be the remains of a write that a crash or a full disk broke off, and that was
   * never acknowledged: nothing is known to be missing. Only set when a log is opened; `verifyLog`
   * says the same by `acknowledged`.
   */
  readonly remains?: true;
}
