import type {
  AssignedPartition,
  AssignmentHandler,
  Engine,
  EngineRecord,
  NewRecord,
  Progress,
  RecordPosition,
} from "../../engine/engine.ts";
import { EngineError } from "../../engine/engine-error.ts";

/** What outlives a crash of the process: the records of every topic, and every progress that was saved. */
export class MemoryStore {
  readonly topics: Map<string, EngineRecord[]> = new Map();
  /** By topic and group: every save, the latest one last. */
  readonly saves: Map<string, Progress[]> = new Map();

  recordsOf(topic: string): EngineRecord[] {
    const records = this.topics.get(topic) ?? [];
    this.topics.set(topic, records);
    return records;
  }

  savesOf(topic: string, group: string): Progress[] {
    const key = `${topic} ${group}`;
    const saves = this.saves.get(key) ?? [];
    this.saves.set(key, saves);
    return saves;
  }
}

/**
 * An engine in memory, of one partition for each topic. Everything takes turns through promises, nothing takes time. After
 * `crash()` it is dead: nothing it does reaches the store.
 */
export class MemoryEngine implements Engine {
  readonly flags = { keepsForSlowConsumers: true };
  readonly store: MemoryStore;
  /** Makes the next appends fail: asked before each one. */
  appendFault: ((topic: string) => Error | undefined) | undefined;
  /** Makes the next reads fail: asked before each one. */
  readFault: ((topic: string) => Error | undefined) | undefined;
  /** Offsets grow by this many from record to record, as they may. */
  readonly #step: number;
  readonly #wall: () => number;
  #dead = false;
  #waiting = new Set<() => void>();
  #handlers = new Set<{ handler: AssignmentHandler; partition: AssignedPartition }>();

  constructor(store: MemoryStore, { step = 1, wall = () => 0 }: { step?: number; wall?: () => number } = {}) {
    this.store = store;
    this.#step = step;
    this.#wall = wall;
  }

  crash(): void {
    this.#dead = true;
  }

  async append(topic: string, { header, payload }: NewRecord): Promise<RecordPosition> {
    await Promise.resolve();
    if (this.#dead) return new Promise(() => {});
    const fault = this.appendFault?.(topic);
    if (fault !== undefined) throw fault;
    const records = this.store.recordsOf(topic);
    const offset = nextOffset(records) + (records.length === 0 ? 0 : this.#step - 1);
    records.push({ partition: 0, offset, time: this.#wall(), header, payload });
    for (const wake of this.#waiting) wake();
    return { partition: 0, offset };
  }

  async subscribe(topic: string, group: string, handler: AssignmentHandler): Promise<{ close(): Promise<void> }> {
    if (this.#dead) throw new EngineError("PINTLE_ENGINE_CLOSED", "the engine has crashed");
    const records = this.store.recordsOf(topic);
    const saves = this.store.savesOf(topic, group);
    const partition: AssignedPartition = {
      partition: 0,
      progress: saves.at(-1),
      start: () => records[0]?.offset ?? nextOffset(records),
      end: () => nextOffset(records),
      read: async (from, maxBytes) => {
        await Promise.resolve();
        if (this.#dead) return new Promise(() => {});
        const fault = this.readFault?.(topic);
        if (fault !== undefined) throw fault;
        const found: EngineRecord[] = [];
        let bytes = 0;
        let next = from;
        for (let at = firstAtOrAbove(records, from); at < records.length; at++) {
          const record = records[at]!;
          if (found.length > 0 && bytes + record.payload.length > maxBytes) break;
          found.push(record);
          bytes += record.payload.length;
          next = record.offset + 1;
        }
        return { records: found, next };
      },
      wait: (from, signal) =>
        new Promise((resolve) => {
          const check = () => {
            if (!signal.aborted && nextOffset(records) <= from) return;
            this.#waiting.delete(check);
            signal.removeEventListener("abort", check);
            resolve();
          };
          this.#waiting.add(check);
          signal.addEventListener("abort", check);
          check();
        }),
      save: (progress) => {
        if (!this.#dead) saves.push(structuredClone(progress) as Progress);
      },
    };
    const member = { handler, partition };
    this.#handlers.add(member);
    handler.assigned(partition);
    return {
      close: async () => {
        if (this.#handlers.delete(member)) await handler.revoked(0);
      },
    };
  }

  async close(): Promise<void> {
    this.#dead = true;
  }
}

function nextOffset(records: readonly EngineRecord[]): number {
  const last = records.at(-1);
  return last === undefined ? 0 : last.offset + 1;
}

function firstAtOrAbove(records: readonly EngineRecord[], offset: number): number {
  let low = 0;
  let high = records.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (records[middle]!.offset < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
