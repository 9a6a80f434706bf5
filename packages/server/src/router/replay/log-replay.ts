import type { DeliveredEvent } from "@pintle/events/gateway";
import type { AssignedPartition, Engine, EngineRecord, Subscription } from "../../engine/engine.ts";
import { EngineError } from "../../engine/engine-error.ts";
import type { DeadLetter } from "../../records/dead-letter.ts";
import { eventsOf } from "../../records/event-record.ts";
import type { StartedReplay } from "../../records/replay-record.ts";
import { RateLimit } from "../deliver/rate-limit.ts";
import type { LaterFilterResult } from "../filter/filter.ts";
import { backoff } from "../time/backoff.ts";
import type { Clock } from "../time/clock.ts";

/** A destination as a replay needs it. */
export interface ReplayTarget {
  /** What becomes of an event of a source, by its filter and its sources. */
  judge(event: DeliveredEvent, sourceId: string): LaterFilterResult;
  /** Events that wait in its retry topic. */
  waiting(): number;
  /** Whether there is memory for more; a single record may exceed it. */
  hasRoom(): boolean;
  /** Gives it events once more. Resolves when that they will go out is durable. */
  replay(events: readonly DeadLetter[]): Promise<void>;
  /** So many events of the log are not for it, for this reason. */
  filtered(reason: LaterFilterResult, count: number): void;
}

export interface LogReplayOptions {
  readonly replay: StartedReplay;
  readonly engine: Engine;
  readonly clock: Clock;
  readonly random: () => number;
  /** The destination as it is now; `undefined` while it is not at work. */
  readonly target: () => ReplayTarget | undefined;
  /** It has come to its end. */
  readonly done: () => void;
}

/** Events that may wait in the retry topic of the destination before more are put there: it is a way there, and no store. */
const mostWaiting = 1000;

/** Milliseconds between two looks at whether there is room, or the destination is back. */
const lookEvery = 100;

const readBytes = 1 << 18;

/**
 * Replays a part of the log to one destination: a consumer group of its own on `events`, which brings what the destination would get
 * now, by filter and sources, to its retry topic, at a limited rate, and no more than the destination works off. From there events
 * go out as others do, in the order of their user, beside those that are new. The destination's own position is never touched.
 *
 * Progress moves when events are durable in the retry topic. What a crash undoes is given twice, and never left out.
 */
export class LogReplay {
  readonly #options: LogReplayOptions;
  readonly #limit: RateLimit;
  readonly #abort = new AbortController();
  readonly #aborted: Promise<void> = new Promise((resolve) => {
    this.#abort.signal.addEventListener("abort", () => resolve(), { once: true });
  });
  readonly #loops = new Map<number, { position: number; readonly end: number; running: Promise<void> }>();
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
    for (const { position, end } of this.#loops.values()) left += Math.max(0, end - position);
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
    this.#subscription = await engine.subscribe("events", groupOf(replay.id), {
      assigned: (source) => {
        const range = replay.ranges.find(({ partition }) => partition === source.partition);
        if (range === undefined) return;
        const position = Math.max(range.begin, source.progress?.low ?? 0, source.start());
        const loop = { position, end: range.end, running: Promise.resolve() };
        this.#loops.set(source.partition, loop);
        source.save({ low: position, finished: [] });
        loop.running = this.#run(source, loop);
      },
      revoked: async () => {},
    });
    void Promise.all([...this.#loops.values()].map(({ running }) => running)).then(() => {
      if (!this.#abort.signal.aborted) done();
    });
  }

  /** Goes no further. Where it stands is saved. */
  async close(): Promise<void> {
    this.#abort.abort();
    await Promise.all([...this.#loops.values()].map(({ running }) => running));
    await this.#subscription?.close();
  }

  async #run(source: AssignedPartition, loop: { position: number; readonly end: number }): Promise<void> {
    let failures = 0;
    while (loop.position < loop.end && !this.#abort.signal.aborted) {
      try {
        const { records, next } = await source.read(loop.position, readBytes);
        for (const record of records) {
          if (record.offset >= loop.end) break;
          if (!(await this.#give(record))) return;
          loop.position = record.offset + 1;
          source.save({ low: loop.position, finished: [] });
        }
        if (records.length > 0 && records.at(-1)!.offset >= loop.end) loop.position = loop.end;
        else if (next === loop.position && records.length === 0) loop.position = loop.end;
        else loop.position = Math.max(loop.position, next);
        failures = 0;
        this.#problem = undefined;
      } catch (error) {
        this.#problem = error instanceof Error ? error.message : String(error);
        failures++;
        await this.#pause(backoff(failures, this.#options.random));
      }
    }
    source.save({ low: loop.position, finished: [] });
  }

  /** Gives the events of a record to the destination, as soon as it has room and the rate allows it. `false`: it is to end. */
  async #give(record: EngineRecord): Promise<boolean> {
    const { clock } = this.#options;
    for (;;) {
      if (this.#abort.signal.aborted) return false;
      const target = this.#options.target();
      const due = this.#limit.next(clock.now());
      if (target === undefined || target.waiting() >= mostWaiting || !target.hasRoom()) await this.#pause(lookEvery);
      else if (due > clock.now()) await this.#pause(Math.ceil(due - clock.now()));
      else {
        const { events, filtered } = meant(record, this.#options.replay, target);
        if (events.length > 0) {
          // What is on its way when this ends may be given once more: it is not waited for.
          await Promise.race([target.replay(events), this.#aborted]);
          if (this.#abort.signal.aborted) return false;
          this.#limit.took(events.length, clock.now());
          this.#given += events.length;
        }
        for (const [reason, count] of filtered) target.filtered(reason, count);
        return true;
      }
    }
  }

  async #pause(milliseconds: number): Promise<void> {
    const { signal } = this.#abort;
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

/** The consumer group of a replay on `events`. */
export function groupOf(replayId: string): string {
  return `replay-${replayId}`;
}

/** What of a record is meant for a replay. */
interface Meant {
  /** What the destination would get now. */
  readonly events: readonly DeadLetter[];
  /** How many events of its sources it would not get, by reason. */
  readonly filtered: ReadonlyMap<LaterFilterResult, number>;
}

/** Events without a known type have their dead letters already, and so has a record that cannot be taken apart. */
function meant(record: EngineRecord, { from, to }: StartedReplay, target: ReplayTarget): Meant {
  const given: DeadLetter[] = [];
  const filtered = new Map<LaterFilterResult, number>();
  const result = { events: given, filtered };
  // The offsets were found by halving, which is only about right where the clock was set back.
  if (record.time < from || (to !== undefined && record.time >= to)) return result;
  try {
    const { sourceId, events } = eventsOf(record);
    const { partition, offset, time: at } = record;
    for (const [index, event] of events.entries()) {
      const verdict = target.judge(event, sourceId);
      if (verdict === "disconnected") break;
      if (verdict === "deliver") given.push({ reason: "", sourceId, partition, offset, index, at, attempts: 0, event });
      else if (verdict !== "type") filtered.set(verdict, (filtered.get(verdict) ?? 0) + 1);
    }
    return result;
  } catch (error) {
    if (error instanceof EngineError && error.code === "PINTLE_RECORD_INVALID") return result;
    throw error;
  }
}
