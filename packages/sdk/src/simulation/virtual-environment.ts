// Loaded beforehand: reading a file takes real time, in which virtual time would pass.
import "../send/response-handler.ts";
import { hashUserKey } from "@pintle/events";
import type { Environment, Lifecycle, OpenOutbox, Resident } from "../environment.ts";
import { Pipeline } from "../outbox/pipeline.ts";
import { openLog } from "../report/problem-log.ts";
import type { Gzip } from "../transport/gzip.ts";
import type { Transport } from "../transport/transport.ts";

interface VirtualTimer {
  readonly at: number;
  readonly order: number;
  readonly callback: () => void;
}

/**
 * Surroundings for tests: time passes only when the test says so, randomness comes from a seed, and
 * the network is a function. Timers fire in the order of their moments, each after everything that
 * was to happen before has happened.
 */
export class VirtualEnvironment implements Environment {
  readonly runtime: string = "virtual/1";
  gzip: Gzip = async (bytes) => bytes;
  /** Clients with messages that wait. */
  readonly residents: Set<Resident> = new Set();
  readonly lifecycle: Lifecycle = {
    enter: (resident) => this.residents.add(resident),
    leave: (resident) => this.residents.delete(resident),
    forget: (resident) => this.residents.delete(resident),
    onSignal: () => () => {},
  };
  transport: Transport;
  /** How many times the program is held. */
  holds = 0;
  /** What the wall clock is ahead of the monotonic one. */
  wallOffset: number = Date.UTC(2026, 0, 1);
  #time = 0;
  #order = 0;
  #timers: VirtualTimer[] = [];
  #random: number;
  #ids = 0;

  constructor(transport: Transport, seed = 1) {
    this.transport = transport;
    this.#random = seed >>> 0 || 1;
  }

  get time(): number {
    return this.#time;
  }

  get timers(): number {
    return this.#timers.length;
  }

  readonly now = (): number => this.#time + this.wallOffset;
  readonly monotonic = (): number => this.#time;
  readonly soon = (callback: () => void): void => queueMicrotask(callback);
  readonly openLog: Environment["openLog"] = openLog;
  openOutbox: OpenOutbox = (...given) => new Pipeline(...given);
  readonly loadTransport = async (): Promise<Transport> => this.transport;

  readonly after = (milliseconds: number, callback: () => void): (() => void) => {
    const timer: VirtualTimer = { at: this.#time + milliseconds, order: this.#order++, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  };

  readonly hold = (): (() => void) => {
    this.holds++;
    return () => {
      this.holds--;
    };
  };

  /** Marsaglia's xorshift, 32 bit. */
  readonly random = (): number => {
    this.#random ^= this.#random << 13;
    this.#random ^= this.#random >>> 17;
    this.#random ^= this.#random << 5;
    return (this.#random >>> 0) / 2 ** 32;
  };

  readonly lane = (userKey: string): number => hashUserKey(userKey) | 0;

  readonly uuid = (): string => `00000000-0000-4000-8000-${String(++this.#ids).padStart(12, "0")}`;

  /** Lets that many milliseconds pass, or all that it takes until the promise is settled. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.#time + milliseconds;
    await settled();
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.#time = Math.max(this.#time, next.at);
      next.callback();
      await settled();
    }
    this.#time = end;
  }

  /** Lets time pass, as much as is needed, until the promise is settled. */
  async until<T>(promise: Promise<T>, most = 1e12): Promise<T> {
    let isSettled = false;
    const end = (): void => {
      isSettled = true;
    };
    promise.then(end, end);
    await settled();
    while (!isSettled) {
      const next = this.#next(this.#time + most);
      if (next === undefined) throw new Error("nothing will ever happen any more, and the promise is not settled");
      this.#time = Math.max(this.#time, next.at);
      next.callback();
      await settled();
    }
    return promise;
  }

  #next(end: number): VirtualTimer | undefined {
    let next: VirtualTimer | undefined;
    for (const timer of this.#timers) {
      if (
        timer.at <= end &&
        (next === undefined || timer.at < next.at || (timer.at === next.at && timer.order < next.order))
      ) {
        next = timer;
      }
    }
    if (next !== undefined) this.#timers = this.#timers.filter((timer) => timer !== next);
    return next;
  }
}

/**
 * Resolves when everything that promises set off has happened: a macrotask comes after all
 * microtasks.
 */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
