import { errorMessage } from "@pintle/events";
import type { AssignedPartition, Engine, EngineRecord, Subscription } from "../../engine/engine.ts";
import { EngineError } from "../../engine/engine-error.ts";
import { scanRecord } from "../../records/raw/scan-record.ts";
import type { StartedReplay } from "../../records/replay-record.ts";
import { RateLimit } from "../deliver/rate-limit.ts";
import type { FilteredEvent, LaterFilterResult } from "../filter/filter.ts";
import type { ReplayedEvent } from "../retry/retry-partition.ts";
import { backoff } from "../time/backoff.ts";
import type { Clock } from "../time/clock.ts";
import { replayedEvent } from "./replayed-event.ts";

/** A destination as a replay needs it. */
export interface ReplayTarget {
  /** What becomes of an event of a source, by its filter and its sources. */
  judge(event: FilteredEvent, sourceId: string): LaterFilterResult;
  /** Events that wait in its retry topic. */
  waiting(): number;
  /** Whether there is memory for more; a single record may exceed it. */
  hasRoom(): boolean;
  /** Gives it events once more. Resolves when that they will go out is durable. */
  replay(events: readonly ReplayedEvent[]): Promise<void>;
  /** Counts events of the log that are not for it, for this reason. */
  filtered(reason: LaterFilterResult, count: number): void;
}

export interface LogReplayOptions {
  readonly replay: StartedReplay;
  readonly engine: Engine;
  readonly clock: Clock;
  readonly random: () => number;
  /** The destination as it is now; `undefined` while it is not at work. */
  readonly target: () => ReplayTarget | undefined;
  /** Called when it has come to its end. */
  readonly done: () => void;
}

/**
 * Events that may wait in the retry topic of the destination before more are put there: it is a way
 * there, and no store.
 */
const mostWaiting = 1000;

/** Milliseconds between two looks at whether there is room, or the destination is back. */
const lookEvery = 100;

const readBytes = 1 << 18;

/**
 * Replays a part of the log to one destination: a consumer group of its own on `events`, which
 * brings what the destination would get now, by filter and sources, to its retry topic, at a
 * limited rate, and no more than the destination works off. From there events go out as others do,
 * in the order of their user, beside those that are new. The destination's own position is never
 * touched.
 *
 * Progress moves when events are durable in the retry topic. What a crash undoes is given twice,
 * and never left out.
 */
export class LogReplay {
  readonly #options: LogReplayOptions;
  readonly #limit: RateLimit;
  /** Parts by partition. */
  readonly #parts = new Map<number, ReplayPart>();
  /** Partitions that have come to their end. */
  readonly #ended = new Set<number>();
  #closing = false;
  #subscription: Subscription | undefined;
  #given = 0;
  #problem: string | undefined;

  constructor(options: LogReplayOptions) {
    this.#options = options;
    this.#limit = new RateLimit(options.replay.rate);
  }

  /** Events that were given to the destination since this process began. */
  get given(): number {
    return this.#given;
  }

  /** Records that are still to be looked at. */
  get left(): number {
    let left = 0;
    for (const { position, end } of this.#parts.values()) left += Math.max(0, end - position);
    return left;
  }

  /** What keeps it from going on, where something does. */
  get problem(): string | undefined {
    if (this.#options.target() === undefined) return "the destination is not at work";
    return this.#problem;
  }

  /** Joins its group and goes on from where it stands. */
  async start(): Promise<void> {
    const { engine, replay, done } = this.#options;
    this.#subscription = await engine.subscribe(["events"], groupOf(replay.id), {
      assigned: ([source]) => this.#assigned(source!),
      revoked: (partition) => this.#revoked(partition),
    });
    if (replay.ranges.length === 0) done();
  }

  /** Stops it. Where it stands is saved. */
  async close(): Promise<void> {
    this.#closing = true;
    await Promise.all([...this.#parts.keys()].map((partition) => this.#revoked(partition)));
    await this.#subscription?.close();
  }

  #assigned(source: AssignedPartition): void {
    const { partition } = source;
    const range = this.#options.replay.ranges.find((each) => each.partition === partition);
    if (range === undefined || this.#closing) return;
    const position = Math.max(range.begin, source.progress?.low ?? 0, source.start());
    const part = new ReplayPart(source, position, range.end);
    this.#parts.set(partition, part);
    part.save();
    part.running = this.#run(part).then(() => {
      if (!part.hasEnded) return;
      this.#ended.add(partition);
      const { ranges } = this.#options.replay;
      if (!this.#closing && ranges.every((each) => this.#ended.has(each.partition))) this.#options.done();
    });
  }

  /** What it has given is saved before another one goes on from there. */
  async #revoked(partition: number): Promise<void> {
    const part = this.#parts.get(partition);
    if (part === undefined) return;
    part.stop();
    await part.running;
    this.#parts.delete(partition);
  }

  async #run(part: ReplayPart): Promise<void> {
    const { source, end } = part;
    let failures = 0;
    while (!part.hasEnded && !part.isStopped) {
      try {
        const { records, next } = await source.read(part.position, readBytes);
        for (const record of records) {
          if (record.offset >= end) break;
          if (!(await this.#give(record, part))) return;
          part.position = record.offset + 1;
          part.save();
        }
        if (records.length > 0 && records.at(-1)!.offset >= end) part.position = end;
        else if (next === part.position && records.length === 0) part.position = end;
        else part.position = Math.max(part.position, next);
        failures = 0;
        this.#problem = undefined;
      } catch (error) {
        this.#problem = errorMessage(error);
        failures++;
        await this.#pause(backoff(failures, this.#options.random), part);
      }
    }
    part.save();
  }

  /**
   * Gives the events of a record to the destination, as soon as it has room and the rate allows it.
   * `false`: it is to end.
   */
  async #give(record: EngineRecord, part: ReplayPart): Promise<boolean> {
    const { clock } = this.#options;
    for (;;) {
      if (part.isStopped) return false;
      const target = this.#options.target();
      const due = this.#limit.next(clock.now());
      if (target === undefined || target.waiting() >= mostWaiting || !target.hasRoom())
        await this.#pause(lookEvery, part);
      else if (due > clock.now()) await this.#pause(Math.ceil(due - clock.now()), part);
      else {
        const { events, filtered } = meant(record, this.#options.replay, target);
        if (events.length > 0) {
          // What is on its way when this ends may be given once more: it is not waited for.
          await Promise.race([target.replay(events), part.stopped]);
          if (part.isStopped) return false;
          this.#limit.took(events.length, clock.now());
          this.#given += events.length;
        }
        for (const [reason, count] of filtered) target.filtered(reason, count);
        return true;
      }
    }
  }

  async #pause(milliseconds: number, { signal }: ReplayPart): Promise<void> {
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const stop = (): void => {
        cancel();
        resolve();
      };
      const cancel = this.#options.clock.after(milliseconds, () => {
        signal.removeEventListener("abort", stop);
        resolve();
      });
      signal.addEventListener("abort", stop, { once: true });
    });
  }
}

/** A partition of the log of which a part is replayed. */
class ReplayPart {
  readonly source: AssignedPartition;
  /** What is given next. */
  position: number;
  /** The offset before which it ends. */
  readonly end: number;
  running: Promise<void> = Promise.resolve();
  readonly #abort = new AbortController();
  readonly stopped: Promise<void> = new Promise((resolve) => {
    this.#abort.signal.addEventListener("abort", () => resolve(), { once: true });
  });

  constructor(source: AssignedPartition, position: number, end: number) {
    this.source = source;
    this.position = position;
    this.end = end;
  }

  get hasEnded(): boolean {
    return this.position >= this.end;
  }

  get isStopped(): boolean {
    return this.#abort.signal.aborted;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  save(): void {
    this.source.save({ low: this.position, finished: [] });
  }

  /** Stops it. */
  stop(): void {
    this.#abort.abort();
  }
}

/** The consumer group of a replay on `events`. */
function groupOf(replayId: string): string {
  return `replay-${replayId}`;
}

/** What of a record is meant for a replay. */
interface Meant {
  /** What the destination would get now. */
  readonly events: readonly ReplayedEvent[];
  /** How many events of its sources it would not get, by reason. */
  readonly filtered: ReadonlyMap<LaterFilterResult, number>;
}

/**
 * Events without a known type have their dead letters already, and so has a record that cannot be
 * taken apart.
 */
function meant(record: EngineRecord, { from, to }: StartedReplay, target: ReplayTarget): Meant {
  const given: ReplayedEvent[] = [];
  const filtered = new Map<LaterFilterResult, number>();
  const result = { events: given, filtered };
  // The offsets were found by halving, which is only about right where the clock was set back.
  if (record.time < from || (to !== undefined && record.time >= to)) return result;
  try {
    const { sourceId, events } = scanRecord(record);
    const { partition, offset, time: at } = record;
    for (let index = 0; index < events.length; index++) {
      const event = events.at(index);
      const verdict = target.judge(event, sourceId);
      if (verdict === "disconnected") break;
      if (verdict === "deliver") given.push(replayedEvent(event, { sourceId, partition, offset, index, at }));
      else if (verdict !== "type") filtered.set(verdict, (filtered.get(verdict) ?? 0) + 1);
    }
    return result;
  } catch (error) {
    if (error instanceof EngineError && error.code === "PINTLE_RECORD_INVALID") return result;
    throw error;
  }
}
