import { AppendQueue, type PendingAppend, rejectAll } from "./append-queue.ts";
import type { Damage } from "./damage.ts";
import { errorMessage, isDiskFull, LogError, systemCode } from "./errors.ts";
import { type LogOptions, type LogSettings, settingsOf } from "./options.ts";
import { recordBytes } from "./record.ts";
import { type ActiveSegment, type Recovered, recover, type SealedSegment } from "./recovery.ts";
import { planRetention, type RetentionPlan, type RetentionReport } from "./retention.ts";
import { encodeSegmentHeader, type SealedEnd, segmentHeaderBytes } from "./segment-header.ts";
import { SegmentSupply } from "./segment-supply.ts";

/** The pause between two attempts to start a segment after a failure, milliseconds. */
const repairPause = 1000;
/**
 * A disk that was full has room again, in the words of `revive`, from so many free bytes on: a few
 * of the largest requests.
 */
const revivedFrom = 16 * 1024 * 1024;
/** Free bytes below which the disk counts as full, though nothing has failed yet. */
const fullBelow = 64 * 1024;
/**
 * The writer of one log: a folder of segment files, docs/log-format.md. There must be no other on
 * the same folder; hold its `FolderLock`, or that of a folder above.
 *
 * A log is always in one of these modes:
 * - *open*: groups of appends are written one after the other, each by one write and one sync.
 * - *broken* (`#failure` is set): a write, a sync or the start of a segment has failed, or there
 *   was no room for one when it was opened. The next group begins with a repair, which starts a
 *   fresh segment. If that succeeds the log is open again, otherwise all that waits is rejected and
 *   it stays broken.
 * - *closed* (`#closed` is set): appends are refused. What was taken before is still written, or
 *   rejected.
 */
export class Log {
  readonly directory: string;
  /** What could not be read when the log was opened. */
  readonly damage: readonly Damage[];
  readonly #settings: LogSettings;
  readonly #queue: AppendQueue;
  readonly #sealed: SealedSegment[];
  #active: ActiveSegment | undefined;
  /** The end of the segment before the active one. */
  #last: SealedEnd;
  /**
   * Offset of the next record to be written. May be above `end`: the offsets of a group that failed
   * are spent.
   */
  #nextOffset: number;
  readonly #supply: SegmentSupply;
  #scheduled = false;
  #failure: { readonly cause: unknown } | undefined;
  #repairedAt = Number.NEGATIVE_INFINITY;
  /** What changes the active segment runs one after the other. */
  #serial: Promise<unknown> = Promise.resolve();
  #retaining: Promise<RetentionReport> | undefined;
  #closed: Promise<void> | undefined;

  /**
   * Opens the log in `directory`, which is created if it is not there. Reads the headers of all
   * segments and the last segment whole. Rejects with `PINTLE_LOG_NEWER_FORMAT`,
   * `PINTLE_LOG_OPTION_INVALID` or an error of the file system.
   */
  static async open(directory: string, options: LogOptions = {}): Promise<Log> {
    const settings = settingsOf(options);
    await settings.fs.makeDirectory(directory);
    const log = new Log(directory, settings, await recover(settings.fs, directory));
    if (log.#active === undefined) {
      // On a disk that is full what is there can still be read, and a log can be opened before
      // there is room for more.
      await log.#startSegment().catch((error: unknown) => {
        if (!isDiskFull(error)) throw error;
        log.#failure = { cause: error };
        log.#repairedAt = settings.now();
      });
    }
    return log;
  }

  private constructor(directory: string, settings: LogSettings, found: Recovered) {
    this.directory = directory;
    this.damage = found.damage;
    this.#settings = settings;
    this.#queue = new AppendQueue(settings.now);
    this.#sealed = found.sealed;
    this.#active = found.active;
    this.#last = found.last;
    this.#nextOffset = found.nextOffset;
    this.#supply = new SegmentSupply(directory, settings, found.lastSequence);
  }

  /** The lowest offset that a record may have. */
  get start(): number {
    return this.#sealed[0]?.base ?? this.#active?.base ?? this.#nextOffset;
  }

  /**
   * The durable end: every record below it is on disk, and the next record has this offset or a
   * higher one.
   */
  get end(): number {
    return this.#active?.next ?? this.#last.next;
  }

  /** Bytes of all segments. */
  get bytes(): number {
    return this.#sealed.reduce((sum, segment) => sum + segment.bytes, this.#active?.position ?? 0);
  }

  /** Why the last write failed, until the log has repaired itself; `undefined` when it is well. */
  get failure(): unknown {
    return this.#failure?.cause;
  }

  /**
   * Appends a record and resolves with its offset when it is durable. Header and payload must not
   * be changed until then.
   *
   * Rejects with `PINTLE_LOG_APPEND_FAILED` if writing it failed, `PINTLE_LOG_UNAVAILABLE` if it
   * was not tried because an earlier failure could not be repaired (both retryable, both with the
   * file system's error as `cause`), `PINTLE_LOG_RECORD_TOO_LARGE`, `PINTLE_LOG_CLOSED`.
   */
  append(header: Uint8Array, payload: Uint8Array): Promise<number> {
    if (this.#closed !== undefined) return Promise.reject(this.#closedError());
    const body = header.byteLength + payload.byteLength;
    const { maxRecordBytes } = this.#settings;
    if (body > maxRecordBytes) {
      const message = `A record of ${body} bytes is larger than maxRecordBytes, ${maxRecordBytes}. Split it, or raise the option.`;
      return Promise.reject(new LogError("PINTLE_LOG_RECORD_TOO_LARGE", message));
    }
    return new Promise((resolve, reject) => {
      const bytes = recordBytes(header.byteLength, payload.byteLength);
      this.#queue.push({ header, payload, bytes, resolve, reject });
      this.#schedule();
    });
  }

  /**
   * Repairs the log, if a write has failed. Resolves when it is open, as far as is known without a
   * write, and the disk has room for some; rejects with `PINTLE_LOG_UNAVAILABLE`, with the file
   * system's error as `cause`, or `PINTLE_LOG_CLOSED`.
   */
  revive(): Promise<void> {
    if (this.#closed !== undefined) return Promise.reject(this.#closedError());
    return this.#inTurn(async () => {
      const before = this.#failure;
      const { free, total } = await this.#settings.fs.space(this.directory);
      if (before === undefined) {
        if (free < fullBelow) throw this.#unavailable(noSpace());
        return;
      }
      try {
        if (isDiskFull(before.cause) && free < Math.min(revivedFrom, total / 50)) throw before.cause;
        await this.#repair();
      } catch (error) {
        this.#failure = { cause: error };
        throw this.#unavailable(error);
      }
    });
  }

  /**
   * Removes what the retention rules allow, and reports it. Also done after each roll; call it now
   * and then (every minute) for age and free disk. Rejects with an error of the file system, or
   * `PINTLE_LOG_CLOSED`.
   */
  retain(): Promise<RetentionReport> {
    if (this.#closed !== undefined) return Promise.reject(this.#closedError());
    this.#retaining ??= this.#retain().finally(() => {
      this.#retaining = undefined;
    });
    return this.#retaining;
  }

  /** Writes what waits, then closes the files. Called again it waits for the same. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    await this.#inTurn(async () => {
      while (!this.#queue.isEmpty) await this.#writeGroup();
    });
    await this.#retaining?.catch(() => {});
    await this.#supply.settled();
    // Everything acknowledged is durable already, so an error from here on costs nothing but is
    // still told.
    await this.#supply.discard();
    await this.#active?.file.close();
  }

  /**
   * The next group begins at the end of this turn of the event loop, so that it has all that this
   * turn appends: the requests that arrived together share a sync.
   */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      void this.#inTurn(async () => {
        try {
          await this.#writeGroup();
        } finally {
          this.#scheduled = false;
          if (!this.#queue.isEmpty) this.#schedule();
        }
      });
    });
  }

  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#serial.then(run);
    this.#serial = result.catch(() => {});
    return result;
  }

  async #writeGroup(): Promise<void> {
    const { first } = this.#queue;
    if (first === undefined) return;
    try {
      if (this.#failure !== undefined) await this.#repair();
      if (this.#isFull(first)) await this.#startSegment();
    } catch (error) {
      this.#failure = { cause: error };
      rejectAll(this.#queue.takeAll(), this.#unavailable(error));
      return;
    }
    const active = this.#activeSegment();
    const { target, encoder, group } = this.#queue.takeGroup(active, this.#nextOffset);
    // Spent from here on, whatever happens: bytes with these offsets may be found on the disk.
    this.#nextOffset += group.length;
    try {
      const written = active.file.write(encoder.finish(), active.position);
      // What comes while this group is on its way is encoded at once, as what follows it.
      const position = target.position + encoder.bytes;
      this.#queue.follow({ active, position, group: target.group + 1, offset: this.#nextOffset });
      await written;
    } catch (error) {
      this.#queue.followNothing();
      this.#failure = { cause: error };
      const message = `Appending to the log in ${this.directory} failed: ${errorMessage(error)}. Retry later.`;
      rejectAll(group, new LogError("PINTLE_LOG_APPEND_FAILED", message, error));
      return;
    }
    active.position += encoder.bytes;
    active.next = this.#nextOffset;
    active.since ??= encoder.time;
    active.time = encoder.time;
    active.group++;
    for (let index = 0; index < group.length; index++) {
      const waiting = group[index]!;
      waiting.resolve(target.offset + index);
    }
    this.#supply.writeAhead(active);
    this.#settings.onDurable(active.next);
  }

  #unavailable(error: unknown): LogError {
    const message = `Nothing can be appended to the log in ${this.directory}: ${errorMessage(error)}. Retry later.`;
    return new LogError("PINTLE_LOG_UNAVAILABLE", message, error);
  }

  /**
   * Whether the segment has to be left before this append. An empty one is not: then the record is
   * larger than its capacity.
   */
  #isFull(first: PendingAppend): boolean {
    const active = this.#activeSegment();
    if (active.since === undefined) return false;
    const tooOld = this.#settings.now() - active.since >= this.#settings.segmentAge;
    return tooOld || active.position + first.bytes > active.capacity;
  }

  /**
   * Leaves the segment in which something failed. It is cut at its durable end first, so that no
   * reader meets what was rejected.
   */
  async #repair(): Promise<void> {
    const now = this.#settings.now();
    if (Math.abs(now - this.#repairedAt) < repairPause) throw this.#failure!.cause;
    this.#repairedAt = now;
    const active = this.#active;
    if (active !== undefined) await active.file.truncate(active.position);
    await this.#startSegment();
    this.#failure = undefined;
  }

  /**
   * Starts the next segment, durably, and only then leaves the active one. If it rejects nothing
   * has changed.
   */
  async #startSegment(): Promise<void> {
    const { fs, now, random, isOneOfSeveral } = this.#settings;
    const left = this.#active;
    const used = left !== undefined && left.since !== undefined;
    const previous = used
      ? { sequence: left.sequence, end: left.position, next: left.next, time: left.time }
      : this.#last;
    const segment = this.#supply.next(used ? left.position : 0);
    const { sequence, capacity, path } = segment;
    const { file, isWrittenAhead } = await segment.open();
    const place = { sequence, base: this.#nextOffset, capacity, previous };
    const header = { epoch: random(), created: now(), isOneOfSeveral, ...place };
    try {
      await file.write([encodeSegmentHeader(header)], 0);
      if (!isWrittenAhead) await fs.syncDirectory(this.directory);
    } catch (error) {
      await this.#supply.letGo(file, path);
      throw error;
    }
    this.#last = previous;
    this.#active = {
      ...header,
      file,
      path,
      ahead: isWrittenAhead,
      since: undefined,
      position: segmentHeaderBytes,
      next: header.base,
      time: 0,
      group: 0,
    };
    if (left === undefined) return;
    if (!used) return this.#supply.leave(left);
    const { path: leftPath, base, next, position: bytes, time } = left;
    this.#sealed.push({ path: leftPath, base, next, bytes, time });
    this.#supply.seal(left);
    void this.retain().catch(() => {
      // The next call of `retain` meets the same error, and has somebody to tell it to.
    });
  }

  async #retain(): Promise<RetentionReport> {
    const { fs, onRetention } = this.#settings;
    let plan = await this.#planRetention();
    if (plan.roll) {
      await this.#inTurn(async () => {
        if ((await this.#planRetention()).roll && this.#failure === undefined) await this.#startSegment();
      });
      plan = await this.#planRetention();
    }
    const gone = this.#sealed.splice(0, plan.remove);
    const removed = gone.length === 0 ? undefined : { from: gone[0]!.base, to: gone.at(-1)!.next };
    const bytes = gone.reduce((sum, segment) => sum + segment.bytes, 0);
    const report = { removed, bytes, forced: plan.forced, warning: plan.warning };
    if (removed !== undefined || plan.warning !== undefined) onRetention(report);
    // One after the other, oldest first, so that what a crash leaves is the log from some segment
    // on.
    for (const { path } of gone) {
      await fs.remove(path).catch((error: unknown) => {
        if (systemCode(error) !== "ENOENT") throw error;
      });
    }
    return report;
  }

  async #planRetention(): Promise<RetentionPlan> {
    const { fs, now, retention } = this.#settings;
    const space = retention.minFree === undefined ? undefined : await fs.space(this.directory);
    const none = { base: this.#nextOffset, next: this.#nextOffset, position: 0, time: 0 };
    const { base, next, position: bytes, time } = this.#active ?? none;
    return planRetention(retention, { sealed: this.#sealed, active: { base, next, bytes, time }, now: now(), space });
  }

  #activeSegment(): ActiveSegment {
    if (this.#active === undefined) throw new Error("a log that is open has an active segment");
    return this.#active;
  }

  #closedError(): LogError {
    return new LogError("PINTLE_LOG_CLOSED", `The log in ${this.directory} is closed.`);
  }
}

/** The error that the file system would give. */
function noSpace(): Error {
  return Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" });
}
