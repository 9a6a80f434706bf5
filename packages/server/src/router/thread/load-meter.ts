import type { DestinationStatus } from "../ledger/status.ts";
import { type Homes, homeOf, type Loads } from "./homes.ts";
import type { SupervisedThread } from "./supervised-thread.ts";

/** Milliseconds that a thread has to say how its destinations stand. */
const patience = 1000;

/**
 * Measures what destinations cost: of the time for which a thread was busy, each has the share that
 * its events had of those that ended there.
 */
export class LoadMeter {
  readonly #threads: readonly Pick<SupervisedThread, "ask" | "busy">[];
  /** Events that each destination had ended when it was measured last. */
  #handled: ReadonlyMap<string, number> = new Map();
  #busy: readonly number[] = [];
  #at = performance.now();

  constructor(threads: readonly Pick<SupervisedThread, "ask" | "busy">[]) {
    this.#threads = threads;
  }

  /**
   * What each destination has cost since the last call, as a share of one core's time. One that had
   * no events is left out, and so is everything in a thread that does not answer.
   */
  async measure(homes: Homes): Promise<Loads> {
    if (this.#threads.length === 1) return {};
    const statuses = await Promise.all(this.#threads.map((thread) => soon(thread.ask("status", null))));
    const now = performance.now();
    const elapsed = Math.max(1, now - this.#at);
    const handled = new Map(statuses.flatMap((status) => status?.destinations.map(countsOf) ?? []));
    const busy = this.#threads.map((thread) => thread.busy);
    const events = new Map([...handled].map(([id, count]) => [id, grown(this.#handled.get(id), count)]));
    const loads: Record<string, number> = {};
    for (const [thread, total] of busy.entries()) {
      const here = [...events].filter(([id]) => homeOf(homes, id) === thread);
      const all = here.reduce((sum, [, count]) => sum + count, 0);
      for (const [id, count] of here) {
        if (count > 0) loads[id] = (grown(this.#busy[thread], total) / elapsed) * (count / all);
      }
    }
    this.#handled = handled;
    this.#busy = busy;
    this.#at = now;
    return loads;
  }
}

/** What has come since; a count that has begun anew (its thread has) counts whole. */
function grown(before = 0, now: number): number {
  return now >= before ? now - before : now;
}

function countsOf({ id, delivered, duplicate, retried, filtered, dead }: DestinationStatus): [string, number] {
  const rest = [...Object.values(filtered), ...Object.values(dead)].reduce((sum, count) => sum + count, 0);
  return [id, delivered + duplicate + retried + rest];
}

/** `undefined` for what fails, or is not there soon. */
async function soon<T>(answer: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, patience, undefined);
  });
  try {
    return await Promise.race([answer.catch(() => undefined), late]);
  } finally {
    clearTimeout(timer);
  }
}
