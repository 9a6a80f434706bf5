import { LogError } from "./errors.ts";
import type { FileSystem } from "./file-system.ts";
import { nodeFileSystem } from "./node-file-system.ts";
import { largestBody } from "./record.ts";
import type { RetentionReport, RetentionRules } from "./retention.ts";

const KiB = 1024;
const MiB = 1024 * KiB;

export interface LogOptions {
  /** Default: the real one. */
  readonly fs?: FileSystem;
  /** Milliseconds since 1970. Default: `Date.now`. */
  readonly now?: () => number;
  /** A random whole number from 1 to 2^32 - 1. Default: from node:crypto. */
  readonly random?: () => number;
  /**
   * Largest capacity of a segment in bytes. Default 64 MiB, and at most an eighth of
   * `retention.maxBytes`.
   */
  readonly segmentBytes?: number;
  /**
   * Capacity of the first segment, and the smallest one. Default 256 KiB, and at most
   * `segmentBytes`.
   */
  readonly firstSegmentBytes?: number;
  /**
   * A segment whose first record is older is left at the next append. Milliseconds, default 24 h.
   */
  readonly segmentAge?: number;
  /**
   * Header and payload together, bytes. A larger append rejects with `PINTLE_LOG_RECORD_TOO_LARGE`.
   * Default 64 MiB, at most 1 GiB.
   */
  readonly maxRecordBytes?: number;
  /** Default: everything is kept. */
  readonly retention?: RetentionRules;
  /**
   * Whether this is one of several logs that hold what belongs together, so that a version which
   * would read this one alone, and miss the others, refuses it. Default false.
   */
  readonly isOneOfSeveral?: boolean;
  /**
   * Called with the new durable end after each group, before its appends resolve. Must not throw.
   */
  readonly onDurable?: (end: number) => void;
  /**
   * Called when retention removed something, or has to warn; also for what it does by itself after
   * a roll. Must not throw.
   */
  readonly onRetention?: (report: RetentionReport) => void;
}

export interface LogSettings {
  readonly fs: FileSystem;
  readonly now: () => number;
  readonly random: () => number;
  readonly segmentBytes: number;
  readonly firstSegmentBytes: number;
  readonly segmentAge: number;
  readonly maxRecordBytes: number;
  readonly retention: RetentionRules;
  readonly isOneOfSeveral: boolean;
  readonly onDurable: (end: number) => void;
  readonly onRetention: (report: RetentionReport) => void;
}

export function settingsOf(options: LogOptions): LogSettings {
  const retention = options.retention ?? {};
  checkNumber("retention.maxAge", retention.maxAge, 1, Number.POSITIVE_INFINITY, "milliseconds");
  checkNumber("retention.maxBytes", retention.maxBytes, 64 * KiB, Number.POSITIVE_INFINITY, "bytes");
  checkNumber("retention.minFree", retention.minFree, 0, 1, "as a share of the disk");
  checkNumber("segmentBytes", options.segmentBytes, 4 * KiB, largestBody, "bytes");
  checkNumber("firstSegmentBytes", options.firstSegmentBytes, 4 * KiB, largestBody, "bytes");
  checkNumber("segmentAge", options.segmentAge, 1, Number.POSITIVE_INFINITY, "milliseconds");
  checkNumber("maxRecordBytes", options.maxRecordBytes, 1, largestBody, "bytes");
  const eighth = Math.floor((retention.maxBytes ?? Number.POSITIVE_INFINITY) / 8);
  const segmentBytes = Math.min(options.segmentBytes ?? 64 * MiB, eighth);
  return {
    fs: options.fs ?? nodeFileSystem,
    now: options.now ?? Date.now,
    random: options.random ?? randomEpoch,
    segmentBytes,
    firstSegmentBytes: Math.min(options.firstSegmentBytes ?? 256 * KiB, segmentBytes),
    segmentAge: options.segmentAge ?? 24 * 60 * 60 * 1000,
    maxRecordBytes: options.maxRecordBytes ?? 64 * MiB,
    retention,
    isOneOfSeveral: options.isOneOfSeveral ?? false,
    onDurable: options.onDurable ?? (() => {}),
    onRetention: options.onRetention ?? (() => {}),
  };
}

function checkNumber(name: string, value: number | undefined, least: number, most: number, unit: string): void {
  if (value === undefined || (value >= least && value <= most)) return;
  const range = most === Number.POSITIVE_INFINITY ? `at least ${least}` : `from ${least} to ${most}`;
  throw new LogError("PINTLE_LOG_OPTION_INVALID", `${name} is ${value}; give a number ${range} (${unit}).`);
}

function randomEpoch(): number {
  const [value] = crypto.getRandomValues(new Uint32Array(1));
  return value || 1;
}
