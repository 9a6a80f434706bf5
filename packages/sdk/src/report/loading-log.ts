import type { TellLog } from "./problem-log.ts";

/** Lines kept at most for a log whose code cannot be loaded. */
const mostEarly = 100;

/**
 * A log whose code is loaded when there is something to tell. Where that fails, it is tried again
 * with what is told next; listeners are told at once all the same.
 */
export function loadingLog(load: () => Promise<TellLog>): TellLog {
  const early: Parameters<TellLog>[0][] = [];
  let tellLog: TellLog | undefined;
  let isLoading = false;
  return (tell) => {
    if (tellLog !== undefined) {
      tellLog(tell);
      return;
    }
    if (early.length < mostEarly) early.push(tell);
    if (isLoading) return;
    isLoading = true;
    load().then(
      (loaded) => {
        tellLog = loaded;
        for (const each of early.splice(0)) loaded(each);
      },
      () => {
        isLoading = false;
      },
    );
  };
}
