import { setImmediate } from "node:timers/promises";
import type { Engine } from "../../engine/engine.ts";
import {
  type EndedReplay,
  type ReplayFact,
  type ReplayRequest,
  replayRecord,
  type StartedReplay,
} from "../../records/replay-record.ts";
import type { Clock } from "../time/clock.ts";
import { LogReplay, type ReplayTarget } from "./log-replay.ts";

const topic = "replays";

/** Replays that have ended and are still listed. */
export const mostEnded = 20;

export interface LogReplaysOptions {
  readonly engine: Engine;
  readonly clock: Clock;
  /** Gives a number in [0, 1). */
  readonly random: () => number;
  /** Makes the id of a replay: a few of `[a-z0-9]`. */
  readonly newId: () => string;
  /** A destination as it is now; `undefined` while it is not at work. */
  readonly target: (destinationId: string) => ReplayTarget | undefined;
  /** Whether a destination lives here, now: its replays run where it does. @default all do */
  readonly livesHere?: (destinationId: string) => boolean;
}

/** How a replay stands. */
export interface ReplayStatus extends ReplayRequest {
  readonly id: string;
  readonly at: number;
  readonly state: "running" | "done" | "stopped";
  /** Records of the log that are still to be looked at. */
  readonly left: number;
  /** Events that were given to the destination since the data plane began. */
  readonly given: number;
  readonly problem?: string;
}

interface Known {
  readonly started: StartedReplay;
  running: LogReplay | undefined;
  ended: EndedReplay | undefined;
  given: number;
}

/**
 * Replays of the log. That one was started, and what it covers, is durable before it begins, so
 * that it goes on after a restart; so is that it has ended.
 */
export class LogReplays {
  readonly #options: LogReplaysOptions;
  readonly #known = new Map<string, Known>();
  /** Offset in the topic up to which it was read. */
  #next = 0;
  #closed = false;

  private constructor(options: LogReplaysOptions) {
    this.#options = options;
  }

  /** Goes on with every replay that has not ended and whose destination lives here. */
  static async open(options: LogReplaysOptions): Promise<LogReplays> {
    const replays = new LogReplays(options);
    await replays.take();
    return replays;
  }

  /** Goes no further with those whose destination lives elsewhere from now on. */
  async leave(): Promise<void> {
    for (const known of this.#known.values()) {
      if (this.#isHere(known)) continue;
      await known.running?.close();
      known.running = undefined;
    }
  }

  /**
   * Goes on with those whose destination lives here, also where they were started elsewhere.
   *
   * @param until the offset up to which the topic is to be read at least: news of it may be on its
   * way. @default 0
   */
  async take(until = 0): Promise<void> {
    while ((await this.#options.engine.ranges(topic))[0]!.end < until) await setImmediate();
    for await (const record of this.#options.engine.scan(topic, { from: this.#next })) {
      this.#learn(replayRecord.decode(record));
      this.#next = record.offset + 1;
    }
    for (const known of this.#known.values()) {
      if (known.ended === undefined && known.running === undefined && this.#isHere(known)) await this.#run(known);
    }
    this.#forget();
  }

  #learn(fact: ReplayFact | undefined): void {
    if (fact?.kind === "started") {
      if (this.#known.has(fact.id)) return;
      const { kind: _kind, ...started } = fact;
      this.#known.set(fact.id, { started, running: undefined, ended: undefined, given: 0 });
    } else if (fact?.kind === "ended") {
      const known = this.#known.get(fact.id);
      if (known !== undefined) known.ended ??= fact;
    }
  }

  #isHere({ started }: Known): boolean {
    return this.#options.livesHere?.(started.destinationId) ?? true;
  }

  /** Resolves when it is durable that this will be replayed. */
  async start(request: ReplayRequest): Promise<ReplayStatus> {
    const { engine, clock, newId } = this.#options;
    const id = newId();
    const ranges: StartedReplay["ranges"][number][] = [];
    for (const [partition, { end: now }] of (await engine.ranges("events")).entries()) {
      const begin = await engine.offsetAt("events", partition, request.from);
      const end = request.to === undefined ? now : await engine.offsetAt("events", partition, request.to);
      ranges.push({ partition, begin, end });
    }
    const started: StartedReplay = { ...request, id, at: clock.wall(), ranges };
    await this.#append({ kind: "started", ...started });
    this.#learn({ kind: "started", ...started });
    const known = this.#known.get(id)!;
    if (known.running === undefined) await this.#run(known);
    return statusOf(known);
  }

  /**
   * Ends a replay for good. What it has given to the destination goes out all the same.
   * `undefined`: there is none that runs.
   */
  async stop(id: string): Promise<ReplayStatus | undefined> {
    const known = this.#known.get(id);
    if (known === undefined || known.ended !== undefined || !this.#isHere(known)) return undefined;
    await this.#end(known, "stopped");
    return statusOf(known);
  }

  /** The replays that run, and the latest that have ended, oldest first. */
  list(): ReplayStatus[] {
    return [...this.#known.values()].filter((known) => this.#isHere(known)).map(statusOf);
  }

  /** Stops all of them for now. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#known.values()].map(({ running }) => running?.close()));
  }

  async #run(known: Known): Promise<void> {
    const { engine, clock, random, target } = this.#options;
    const { started } = known;
    known.running = new LogReplay({
      replay: started,
      engine,
      clock,
      random,
      target: () => target(started.destinationId),
      // What cannot be written now is known at the next start: there is nothing left to do then.
      done: () => void this.#end(known, "done").catch(() => {}),
    });
    await known.running.start();
  }

  async #end(known: Known, outcome: EndedReplay["outcome"]): Promise<void> {
    if (known.ended !== undefined || this.#closed) return;
    const { clock } = this.#options;
    known.ended = { id: known.started.id, at: clock.wall(), outcome };
    await known.running?.close();
    known.given = known.running?.given ?? 0;
    known.running = undefined;
    await this.#append({ kind: "ended", ...known.ended });
    this.#forget();
  }

  #forget(): void {
    const ended = [...this.#known.values()].filter((known) => known.ended !== undefined);
    for (const { started } of ended.slice(0, Math.max(0, ended.length - mostEnded))) this.#known.delete(started.id);
  }

  async #append(fact: ReplayFact): Promise<void> {
    await this.#options.engine.append(topic, replayRecord.encode(fact));
  }
}

function statusOf({ started, running, ended, given }: Known): ReplayStatus {
  const { ranges: _ranges, ...request } = started;
  const problem = ended === undefined ? running?.problem : undefined;
  return {
    ...request,
    state: ended?.outcome ?? "running",
    left: running?.left ?? 0,
    given: running?.given ?? given,
    ...(problem === undefined ? {} : { problem }),
  };
}
