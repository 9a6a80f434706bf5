/** When the oldest segments of a log go: docs/log-format.md, "Retention". Absent: no bound. */
export interface RetentionRules {
  /** Milliseconds. What is older goes once no consumer needs it. */
  readonly maxAge?: number;
  /** Bytes of all segments. The one bound that also removes what a consumer needs. */
  readonly maxBytes?: number;
  /** Share of the disk (0 to 1) that is kept free by removing what no consumer needs. */
  readonly minFree?: number;
  /**
   * The lowest offset that a consumer still needs; `Infinity` if nobody needs anything; `undefined`
   * if that is not known yet, and then everything is needed. Default: nobody needs anything.
   */
  readonly neededFrom?: () => number | undefined;
}

export interface RetainedSegment {
  readonly base: number;
  /** The offset behind its last record. */
  readonly next: number;
  readonly bytes: number;
  /** Time of its newest record, milliseconds since 1970. */
  readonly time: number;
}

export interface RetentionPlan {
  /** How many of the oldest segments go. */
  readonly remove: number;
  /** Offsets that go although a consumer needs them. */
  readonly forced: OffsetRange | undefined;
  /** The size is nine tenths used and what goes next is needed. */
  readonly warning: RetentionWarning | undefined;
  /** Everything in the active segment has expired: it may go after a roll. */
  readonly roll: boolean;
}

export interface OffsetRange {
  /** `from <= offset < to`. */
  readonly from: number;
  readonly to: number;
}

export interface RetentionWarning {
  readonly bytes: number;
  readonly maxBytes: number;
  /** What would go next, to the extent that it is needed. */
  readonly next: OffsetRange;
}

export interface RetentionReport {
  /** Offsets and bytes that were removed. */
  readonly removed: OffsetRange | undefined;
  readonly bytes: number;
  readonly forced: OffsetRange | undefined;
  readonly warning: RetentionWarning | undefined;
}

export interface RetentionState {
  /** Sealed segments, oldest first. */
  readonly sealed: readonly RetainedSegment[];
  readonly active: RetainedSegment;
  readonly now: number;
  /** Space on the disk; only needed with `minFree`. */
  readonly space: { readonly free: number; readonly total: number } | undefined;
}

export function planRetention(rules: RetentionRules, state: RetentionState): RetentionPlan {
  const { sealed, active, now, space } = state;
  const { maxAge = Number.POSITIVE_INFINITY, maxBytes = Number.POSITIVE_INFINITY, minFree = 0 } = rules;
  const needed = rules.neededFrom === undefined ? Number.POSITIVE_INFINITY : (rules.neededFrom() ?? 0);
  let bytes = sealed.reduce((sum, segment) => sum + segment.bytes, active.bytes);
  let missing = space === undefined ? 0 : space.total * minFree - space.free;
  let remove = 0;
  let forced: OffsetRange | undefined;
  for (const segment of sealed) {
    const free = segment.next <= needed;
    const expired = now - segment.time > maxAge;
    const overfull = bytes > maxBytes;
    if (!(overfull || (free && (expired || missing > 0)))) break;
    if (!free) forced = { from: forced?.from ?? Math.max(segment.base, needed), to: segment.next };
    remove++;
    bytes -= segment.bytes;
    missing -= segment.bytes;
  }
  const following = sealed[remove];
  const tight = following !== undefined && following.next > needed && bytes > 0.9 * maxBytes;
  const warning = tight
    ? { bytes, maxBytes, next: { from: Math.max(following.base, needed), to: following.next } }
    : undefined;
  const activeExpired = active.next > active.base && now - active.time > maxAge && active.next <= needed;
  return { remove, forced, warning, roll: activeExpired && remove === sealed.length };
}
