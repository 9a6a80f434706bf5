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
const mostEnded = 20;

export interface LogReplaysOptions {
  readonly engine: Engine;
  readonly clock: Clock;
  /** Gives a number in [0, 1). */
  readonly random: () => number;
  /** Makes the id of a replay: a few of `[a-z0-9]`. */
  readonly newId: () => string;
  /** A destination as it is now; `undefined` while it is not at work. */
  readonly target: (destinationId: string) => ReplayTarget | undefined;
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
  #closed = false;

  private constructor(options: LogReplaysOptions) {
    this.#options = options;
  }

  /** Opens the replays, and goes on with each that has not ended. */
  static async open(options: LogReplaysOptions): Promise<LogReplays> {
    const replays = new LogReplays(options);
    for await (const record of options.engine.scan(topic)) {
      const fact = replayRecord.decode(record);
      if (fact?.kind === "started") {
        const { kind: _kind, ...started } = fact;
        replays.#known.set(fact.id, { started, running: undefined, ended: undefined, given: 0 });
      } else if (fact?.kind === "ended") {
        const known = replays.#known.get(fact.id);
        if (known !== undefined) known.ended = fact;
      }
    }
    for (const known of replays.#known.values()) if (known.ended === undefined) await replays.#run(known);
    replays.#forget();
    return replays;
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
    const known: Known = { started, running: undefined, ended: undefined, given: 0 };
    this.#known.set(id, known);
    await this.#run(known);
    return statusOf(known);
  }

  /**
   * Ends a replay for good. What it has given to the destination goes out all the same.
   * `undefined`: there is none that runs.
   */
  async stop(id: string): Promise<ReplayStatus | undefined> {
    const known = this.#known.get(id);
    if (known === undefined || known.ended !== undefined) return undefined;
    await this.#end(known, "stopped");
    return statusOf(known);
  }

  /** The replays that run, and the latest that have ended, oldest first. */
  list(): ReplayStatus[] {
    return [...this.#known.values()].map(statusOf);
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
