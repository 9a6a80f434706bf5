import { totalmem } from "node:os";
import { getHeapStatistics } from "node:v8";

const mebibyte = 1 << 20;

/** What the setting `memory` can be at the least, bytes. */
export const leastMemory: number = 64e6;
const mostByDefault = 512e6;

/**
 * MB of heap that the router's thread gets beside what it may hold: its code and its young garbage,
 * and what the largest request takes for the moment in which it is parsed (4 MB, 28 times as much
 * on the heap).
 */
const besideEvents = 256;

/** The memory of the machine, in bytes. */
export interface Machine {
  /** Memory of the machine. */
  readonly total: number;
  /** What the container may use; 0 or more than there is: as much as it likes. */
  readonly constrained: number | undefined;
  /** The bound of this thread's heap, which `--max-old-space-size` sets. */
  readonly heap: number;
}

export function thisMachine(): Machine {
  return {
    total: totalmem(),
    constrained: process.constrainedMemory(),
    heap: getHeapStatistics().heap_size_limit,
  };
}

/** What this process can use in all, bytes. */
export function usable({ total, constrained = 0 }: Machine): number {
  return constrained > 0 ? Math.min(total, constrained) : total;
}

/**
 * What the events of all destinations may take where the configuration does not say it: a quarter
 * of what the machine or the container has, at least 64 MB, at most 512 MB, and no more than a heap
 * that was bounded by hand has room for.
 */
export function defaultMemory(machine: Machine): number {
  const inHeap = machine.heap - besideEvents * mebibyte;
  return Math.max(leastMemory, Math.min(mostByDefault, usable(machine) / 4, inHeap));
}

/**
 * How many threads the router has.
 *
 * @param wanted the setting
 * @param destinations those that are enabled: each lives in one thread
 */
export function threadsFor(wanted: number, destinations: number): number {
  return Math.max(1, Math.min(wanted, destinations));
}

/** How `memory` is divided, in bytes but for the heap. */
export interface MemoryShares {
  /**
   * What events are charged to, in each router thread; as much again is for what is kept of records
   * and lanes, and for what no estimate knows.
   */
  readonly events: number;
  /** MB: the bounds of the heap of a router thread. */
  readonly oldGeneration: number;
  readonly youngGeneration: number;
  /** Bodies that the gateway is receiving or writing. They come on top of `memory`. */
  readonly bodies: number;
}

/**
 * Young generation: with 96 MB instead of 48 no time is saved that could be measured, and 12 MB are
 * lost at rest and 50 MB at 5,000 events a second, since V8 counts the bytes that buffers hold for
 * little: what young garbage keeps of them goes with the next scavenge only.
 */
export function sharesOf(memory: number, threads = 1): MemoryShares {
  const part = memory / threads;
  return {
    events: Math.floor(part / 2),
    oldGeneration: Math.ceil(part / mebibyte) + besideEvents,
    youngGeneration: part < 128e6 ? 24 : 48,
    bodies: Math.floor(Math.min(64 * mebibyte, memory / 4)),
  };
}
