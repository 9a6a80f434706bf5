import { stringifyJson } from "@pintle/events";
import type { DeliveredEvent } from "@pintle/events/gateway";
import type { EventSource } from "@pintle/kit";
import { requestKey, requestKeys } from "@pintle/kit/values";
import type { Transformed } from "./event-transform.ts";
import type { EventId } from "./running-file.ts";

/** An event on its way through a transformation. */
export interface Job {
  readonly run: Run;
  /** The position in its batch. */
  readonly index: number;
  readonly id: EventId;
  readonly json: string;
  /** JSON, as the function is told it. */
  readonly source: string;
}

/** Events that came together, and what became of them. */
export interface Run {
  readonly jobs: readonly Job[];
  readonly transformed: (Transformed | undefined)[];
  open: number;
  /** Whether somebody has its results, or it was rejected: what is left of it is nobody's. */
  isOver: boolean;
  resolve(transformed: readonly Transformed[]): void;
  reject(error: Error): void;
}

export function newRun(
  events: readonly DeliveredEvent[],
  sources: readonly EventSource[],
  takesRequests: boolean,
  resolve: (transformed: readonly Transformed[]) => void,
  reject: (error: Error) => void,
): Run {
  const jobs: Job[] = [];
  const run: Run = {
    jobs,
    transformed: new Array<Transformed | undefined>(events.length).fill(undefined),
    open: events.length,
    isOver: false,
    resolve: (transformed) => {
      run.isOver = true;
      resolve(transformed);
    },
    reject: (error) => {
      run.isOver = true;
      reject(error);
    },
  };
  const keys = takesRequests ? requestKeys : chosenKeys;
  let last: EventSource | undefined;
  let source = "";
  for (let index = 0; index < events.length; index++) {
    const event = events[index]!;
    const from = sources[index]!;
    if (from !== last) {
      source = sourceJson(from);
      last = from;
    }
    const id = { source: from.id, messageId: event.messageId };
    jobs.push({ run, index, id, json: stringifyJson(withoutChoice(event, keys)), source });
  }
  return run;
}

/** Sources are few, and the same for as long as the configuration is. */
const known = new WeakMap<EventSource, string>();

function sourceJson(source: EventSource): string {
  const before = known.get(source);
  if (before !== undefined) return before;
  const json = JSON.stringify({ id: source.id, name: source.name });
  known.set(source, json);
  return json;
}

const chosenKeys = [requestKey];

/**
 * No client chooses what the function may choose, also where that passes on what it does not know.
 */
function withoutChoice(event: DeliveredEvent, keys: readonly string[]): DeliveredEvent {
  let copy: Record<string, unknown> | undefined;
  for (const key of keys) {
    if (!Object.hasOwn(event, key)) continue;
    copy ??= { ...event };
    delete copy[key];
  }
  return (copy as DeliveredEvent | undefined) ?? event;
}

/** The results of its first events, as far as they are there without a gap. */
export function firstOf({ transformed }: Run): readonly Transformed[] {
  const end = transformed.indexOf(undefined);
  return (end === -1 ? transformed : transformed.slice(0, end)) as readonly Transformed[];
}
