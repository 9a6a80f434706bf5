import { mostEnded, type ReplayStatus } from "../replay/log-replays.ts";
import type { AskedFor } from "./running-router.ts";
import type { SupervisedThread } from "./supervised-thread.ts";
import type { RouterCall, RouterCalls } from "./thread-messages.ts";

/** Where an answer is to be had. */
export interface ThreadDirectory {
  /** The thread in which a destination lives. */
  homeOf(destinationId: string): Pick<SupervisedThread, "ask">;
  /** The answers of all threads that run; rejects when none does. */
  askAll<Name extends keyof RouterCalls>(
    name: Name,
    takes: RouterCalls[Name]["takes"],
  ): Promise<readonly RouterCalls[Name]["gives"][]>;
}

/** Asks the thread that knows it, or all, and gives one answer. */
export async function askThreads<Name extends AskedFor>(
  directory: ThreadDirectory,
  name: Name,
  takes: RouterCalls[Name]["takes"],
): Promise<RouterCalls[Name]["gives"]> {
  return answerOf(directory, { name, takes } as RouterCall);
}

async function answerOf(directory: ThreadDirectory, call: RouterCall): Promise<RouterCalls[AskedFor]["gives"]> {
  switch (call.name) {
    case "retry":
      return directory.homeOf(call.takes).ask("retry", call.takes);
    case "deadList":
    case "deadShow":
    case "deadSettle":
    case "replayStart":
      return directory.homeOf(call.takes.destinationId).ask(call.name, call.takes);
    case "deadCounts": {
      const ids = new Map<Pick<SupervisedThread, "ask">, string[]>();
      for (const id of call.takes) {
        const home = directory.homeOf(id);
        ids.set(home, [...(ids.get(home) ?? []), id]);
      }
      const counts = await Promise.all([...ids].map(([home, its]) => home.ask("deadCounts", its)));
      return Object.assign({}, ...counts);
    }
    case "replayStop": {
      const stopped = await directory.askAll("replayStop", call.takes);
      return stopped.find((status) => status !== null) ?? null;
    }
    case "replayList":
      return oldestFirst((await directory.askAll("replayList", null)).flat());
    default:
      throw new TypeError(`Nobody answers to ${call.name}`);
  }
}

/** Gives the replays that run, and the latest that have ended. */
function oldestFirst(replays: readonly ReplayStatus[]): ReplayStatus[] {
  const all = replays.toSorted((one, other) => one.at - other.at);
  const ended = new Set(all.filter(({ state }) => state !== "running").slice(-mostEnded));
  return all.filter((replay) => replay.state === "running" || ended.has(replay));
}
