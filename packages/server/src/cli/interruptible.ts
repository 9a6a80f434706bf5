/** Signals by which a user or a supervisor ends a command. */
const ending: readonly NodeJS.Signals[] =
  process.platform === "win32" ? ["SIGINT", "SIGTERM"] : ["SIGINT", "SIGTERM", "SIGHUP"];

/**
 * Does something that holds a process of its own, and ends with it: a signal that would end this
 * one first gives up what is done. Then it has its usual effect.
 */
export async function interruptible<T>(act: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const abort = new AbortController();
  let received: NodeJS.Signals | undefined;
  const give = (signal: NodeJS.Signals): void => {
    received = signal;
    abort.abort();
  };
  for (const signal of ending) process.once(signal, give);
  try {
    return await act(abort.signal);
  } finally {
    for (const signal of ending) process.removeListener(signal, give);
    if (received !== undefined) {
      process.kill(process.pid, received);
      // The signal is on its way; nothing of this command is to be seen any more.
      await new Promise(() => {});
    }
  }
}
