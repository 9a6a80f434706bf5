/**
 * What must not outlive this process, whatever ends it: child processes, folders. The steps run,
 * latest first, when the process exits and when a signal ends it (a test runner whose patience is
 * over sends SIGTERM, and nothing after an `await` runs then). They cannot wait for anything.
 */
const steps = new Set<() => void>();
const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Adds a step; returns the function that takes it out again, for when the thing has been cleared
 * away in peace.
 */
export function asLastResort(step: () => void): () => void {
  if (steps.size === 0) {
    process.on("exit", runAll);
    for (const signal of signals) process.on(signal, onSignal);
  }
  steps.add(step);
  return () => {
    if (!steps.delete(step) || steps.size > 0) return;
    process.off("exit", runAll);
    for (const signal of signals) process.off(signal, onSignal);
  };
}

function runAll(): void {
  for (const step of [...steps].reverse()) {
    try {
      step();
    } catch {
      // The others have to be tried as well.
    }
  }
  steps.clear();
}

function onSignal(signal: NodeJS.Signals): void {
  runAll();
  process.off("exit", runAll);
  for (const one of signals) process.off(one, onSignal);
  process.kill(process.pid, signal);
}
