/** Time as the router sees it. Tests put a virtual one in its place. */
export interface Clock {
  /**
   * Milliseconds that only ever move forward, from an arbitrary point: delays and ages are measured
   * in it.
   */
  now(): number;
  /** Milliseconds since the epoch: for people, and for what is stored. It may jump. */
  wall(): number;
  /**
   * Calls `task` after `delay` milliseconds, unless the function that it returns is called before.
   */
  after(delay: number, task: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  after(delay, task) {
    const timer = setTimeout(task, delay);
    return () => clearTimeout(timer);
  },
};

/** Resolves with the work, which does not reject, or when so many milliseconds are over. */
export async function atMost(clock: Clock, milliseconds: number, work: Promise<unknown>): Promise<void> {
  await new Promise<void>((resolve) => {
    const cancel = clock.after(milliseconds, resolve);
    void work.then(() => {
      cancel();
      resolve();
    });
  });
}
