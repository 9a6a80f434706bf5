import { type EventSource, requestKey, requestKeys } from "@pintle/destinations/kit";
import { stringifyJson } from "@pintle/events";
import type { DeliveredEvent } from "@pintle/events/gateway";
import type { Staged } from "../stage.ts";
import type { EventId } from "./running-file.ts";

/** An event on its way through a transformation. */
export interface Job {
  readonly run: Run;
  /** Its position there. */
  readonly index: number;
  readonly id: EventId;
  readonly json: string;
  /** JSON, as the function is told it. */
  readonly source: string;
}

/** Events that came together, and what became of them. */
export interface Run {
  readonly jobs: readonly Job[];
  readonly staged: (Staged | undefined)[];
  open: number;
  /** Somebody has its results, or it was rejected: what is left of it is nobody's. */
  isOver: boolean;
  resolve(staged: readonly Staged[]): void;
  reject(error: Error): void;
}

export function newRun(
  events: readonly DeliveredEvent[],
  sources: readonly EventSource[],
  takesRequests: boolean,
  resolve: (staged: readonly Staged[]) => void,
  reject: (error: Error) => void,
): Run {
  const jobs: Job[] = [];
  const run: Run = {
    jobs,
    staged: new Array<Staged | undefined>(events.length).fill(undefined),
    open: events.length,
    isOver: false,
    resolve: (staged) => {
      run.isOver = true;
      resolve(staged);
    },
    reject: (error) => {
      run.isOver = true;
      reject(error);
    },
  };
  for (const [index, event] of events.entries()) {
    const { id, name } = sources[index]!;
    jobs.push({
      run,
      index,
      id: { source: id, messageId: event.messageId },
      json: stringifyJson(withoutChoice(event, takesRequests)),
      source: JSON.stringify({ id, name }),
    });
  }
  return run;
}

/** No client chooses what the function may choose, also where that passes on what it does not know. */
function withoutChoice(event: DeliveredEvent, takesRequests: boolean): DeliveredEvent {
  const keys = takesRequests ? requestKeys : [requestKey];
  if (!keys.some((key) => Object.hasOwn(event, key))) return event;
  const copy = { ...event };
  for (const key of keys) delete copy[key];
  return copy;
}

/** The results of its first events, as far as they are there without a gap. */
export function firstOf({ staged }: Run): readonly Staged[] {
  const end = staged.indexOf(undefined);
  return (end === -1 ? staged : staged.slice(0, end)) as readonly Staged[];
}
