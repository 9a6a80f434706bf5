import { type FSWatcher, watch } from "node:fs";

/**
 * Something that says when it is worth looking again. Returns the function that stops listening.
 */
export type Hint = (look: () => void) => () => void;

export interface UntilOptions {
  /**
   * When to look again; without hints, and as a net under them, the condition is looked at every
   * 250 ms.
   */
  readonly hints?: readonly Hint[];
  /**
   * Milliseconds after which waiting is given up. Default 90,000: generous, because test machines
   * are busy.
   */
  readonly deadline?: number;
  /** What the failure says about the state that was reached. */
  readonly state?: () => string;
}

/**
 * Resolves with the first value of `condition` that is not `undefined`, `false` or `null`.
 *
 * Rejects with what was waited for, and how far it had come, when the deadline is over; an error
 * that the condition throws ends the waiting at once.
 */
export function until<T>(
  what: string,
  condition: () => T | undefined | false | null | Promise<T | undefined | false | null>,
  { hints = [], deadline = 90_000, state }: UntilOptions = {},
): Promise<T> {
  return new Promise((resolve, reject) => {
    let looking = false;
    let again = false;
    let settled = false;
    const look = async (): Promise<void> => {
      if (settled) return;
      if (looking) {
        again = true;
        return;
      }
      looking = true;
      try {
        do {
          again = false;
          const value = await condition();
          if (value !== undefined && value !== false && value !== null) {
            end(() => resolve(value));
            return;
          }
        } while (again && !settled);
      } catch (error) {
        end(() => reject(error));
      } finally {
        looking = false;
      }
    };
    const stops = hints.map((hint) => hint(() => void look()));
    const net = setInterval(() => void look(), 250);
    const over = setTimeout(() => {
      const reached = state === undefined ? "" : `; reached: ${state()}`;
      end(() => reject(new Error(`waited ${deadline / 1000} s for ${what}${reached}`)));
    }, deadline);
    const end = (settle: () => void): void => {
      if (settled) return;
      settled = true;
      clearInterval(net);
      clearTimeout(over);
      for (const stop of stops) stop();
      settle();
    };
    void look();
  });
}

/** Rejects, naming `what`, when the promise has not settled by the deadline. */
export async function within<T>(what: string, deadline: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${deadline / 1000} s for ${what}`)), deadline);
  });
  try {
    return await Promise.race([promise, over]);
  } finally {
    clearTimeout(timer);
  }
}

/** Looks again at each `event` of an emitter. */
export function onEvent(
  emitter: { on(event: string, listener: () => void): unknown; off(event: string, listener: () => void): unknown },
  event: string,
): Hint {
  return (look) => {
    emitter.on(event, look);
    return () => emitter.off(event, look);
  };
}

/** Looks again when something in the folder changes. */
export function onFolder(folder: string): Hint {
  return (look) => {
    let watcher: FSWatcher | undefined;
    try {
      watcher = watch(folder, look);
      watcher.on("error", () => watcher?.close());
    } catch {
      // A folder that cannot be watched is looked at by the net alone.
    }
    return () => watcher?.close();
  };
}
