import type { Lifecycle, Resident } from "../environment.ts";

/** The part of `process` that is used. */
export type ProcessEvents = Pick<NodeJS.Process, "pid" | "on" | "prependListener" | "off" | "listeners" | "kill">;

const signals = ["SIGTERM", "SIGINT"] as const;

/**
 * Marks listeners of the SDK, those of another copy of it included: none of them decides when the
 * program ends.
 */
const ours = Symbol.for("@pintle/sdk closes on signals");

/**
 * The end of a process, for all clients in it: each listener is added once, when it is first
 * needed, and goes with the last client.
 *
 * **A program that ends by itself** has no work left that keeps it alive; sockets and timers of
 * clients do not count. Then there is `beforeExit`, and every client with messages waiting is
 * drained; its hold keeps the process alive meanwhile. When the hold ends and nothing else goes on,
 * there is `beforeExit` again, and no client waits any more. (Timers that keep the process alive
 * from the beginning would do as well, but would hold it for a whole `interval`.)
 *
 * **process.exit() and uncaught exceptions** leave no time: there is `exit` alone, and what is left
 * is told as lost.
 *
 * **SIGTERM and SIGINT**, for clients that ask for it: all of them are closed, then the signal is
 * sent again, and has its usual effect. If the program listens to the signal itself, it decides on
 * its own when to end: it is not sent again. A second signal is not waited for. Our listener is the
 * first, because one that was added by `once` is gone when it has been called.
 *
 * **SIGTERM, for all others** that have sent something: only where nobody else listens, every
 * client with messages waiting is drained, and the signal is sent again. The listener steps back
 * before anything else, so that whoever counts listeners (as the package signal-exit does, to find
 * out whether it is to end the program) counts as if it had never been there; and a second signal
 * has its usual effect.
 */
export class ProcessLifecycle implements Lifecycle {
  readonly #process: ProcessEvents;
  readonly #residents = new Set<Resident>();
  readonly #closers = new Set<() => Promise<unknown>>();
  #isWatchingExit = false;
  #isWatchingSignal = false;
  #draining: Promise<unknown> | undefined;
  #isClosing = false;

  constructor(process: ProcessEvents) {
    this.#process = process;
  }

  enter(resident: Resident): void {
    this.#residents.add(resident);
    if (resident.minds && !this.#isWatchingSignal) {
      this.#isWatchingSignal = true;
      this.#process.prependListener("SIGTERM", this.#onTerminate);
    }
    if (this.#isWatchingExit) return;
    this.#isWatchingExit = true;
    this.#process.on("beforeExit", this.#onBeforeExit);
    this.#process.on("exit", this.#onExit);
  }

  leave(resident: Resident): void {
    this.#residents.delete(resident);
  }

  /** A client has been closed: where no other waits for the end, nothing of the SDK is left. */
  forget(resident: Resident): void {
    this.leave(resident);
    if (this.#residents.size > 0 || !this.#isWatchingExit) return;
    this.#stepBack();
    this.#isWatchingExit = false;
    this.#process.off("beforeExit", this.#onBeforeExit);
    this.#process.off("exit", this.#onExit);
  }

  readonly #onBeforeExit = (): void => {
    for (const each of this.#residents) void each.drain();
  };

  readonly #onExit = (): void => {
    for (const each of this.#residents) each.lost();
  };

  readonly #onTerminate = Object.assign(
    (signal: NodeJS.Signals): void => {
      this.#stepBack();
      if (!this.#isForUs(signal)) return;
      const minding = [...this.#residents].filter(({ minds }) => minds);
      this.#draining = Promise.all(minding.map((each) => each.drain()));
      void this.#draining.then(() => this.#pass(signal));
    },
    { [ours]: true },
  );

  #stepBack(): void {
    this.#isWatchingSignal = false;
    this.#process.off("SIGTERM", this.#onTerminate);
  }

  #isForUs(signal: NodeJS.Signals): boolean {
    return this.#process.listeners(signal).every((listener) => ours in listener);
  }

  /**
   * Sends the signal again, unless somebody of another copy of the SDK is still at it, who then
   * sends it.
   */
  #pass(signal: NodeJS.Signals): void {
    if (this.#process.listeners(signal).length === 0) this.#process.kill(this.#process.pid, signal);
  }

  onSignal(close: () => Promise<unknown>): () => void {
    if (this.#closers.size === 0) for (const signal of signals) this.#process.prependListener(signal, this.#onSignal);
    this.#closers.add(close);
    return () => {
      this.#closers.delete(close);
      // While the signal is being handled the listener stays: without one the signal would have its
      // effect at once.
      if (this.#closers.size === 0 && !this.#isClosing) this.#ignoreSignals();
    };
  }

  readonly #onSignal = Object.assign(
    (signal: NodeJS.Signals): void => {
      const isForUs = this.#isForUs(signal);
      const wasClosing = this.#isClosing;
      this.#isClosing = true;
      const closed = wasClosing ? Promise.resolve([]) : Promise.allSettled([...this.#closers].map((close) => close()));
      // Those that are drained at the same time are waited for, too.
      const all = closed.then(() => this.#draining);
      void all.then(() => {
        this.#ignoreSignals();
        if (isForUs) this.#pass(signal);
      });
    },
    { [ours]: true },
  );

  #ignoreSignals(): void {
    for (const signal of signals) this.#process.off(signal, this.#onSignal);
  }
}
