import type { Progress } from "@pintle/log";
import { commonPartitions } from "../../engine/common-partitions.ts";
import type {
  AssignedPartition,
  AssignmentHandler,
  Engine,
  EngineRecord,
  NewRecord,
  PartitionRange,
  RecordPosition,
  ScanOptions,
  Subscription,
  TopicSize,
} from "../../engine/engine.ts";
import { EngineError } from "../../engine/engine-error.ts";
import { seek } from "../../engine/seek.ts";

/**
 * What outlives a crash of the process: the records of every topic, and every progress that was
 * saved.
 */
export class MemoryDisk {
  /** Records by topic and partition. */
  readonly #records = new Map<string, EngineRecord[]>();
  /** Every save by topic, partition and group, the latest one last. */
  readonly #saves = new Map<string, Progress[]>();

  get topics(): string[] {
    return [...new Set([...this.#records.keys()].map((key) => key.slice(0, key.lastIndexOf("-"))))];
  }

  /** Forgets a topic, as if it had never been. */
  forget(topic: string): void {
    for (const key of [...this.#records.keys()]) if (key.startsWith(`${topic}-`)) this.#records.delete(key);
  }

  /** Forgets the last saves, as a power failure may. */
  forgetSaves(): void {
    this.#saves.clear();
  }

  recordsOf(topic: string, partition = 0): EngineRecord[] {
    return entry(this.#records, `${topic}-${partition}`);
  }

  savesOf(topic: string, group: string, partition = 0): Progress[] {
    return entry(this.#saves, `${topic}-${partition} ${group}`);
  }
}

export interface MemoryEngineOptions {
  /** Offsets grow by this many from record to record, as they may. @default 1 */
  readonly step?: number;
  /** Milliseconds since the epoch. @default it stands still */
  readonly wall?: () => number;
  /** @default every topic has one */
  readonly partitions?: (topic: string) => number;
}

/**
 * An engine in memory. Everything takes turns through promises, nothing takes time. All partitions
 * are assigned to a member when it joins; `revoke` and `assign` move them, as a rebalance does.
 * After `crash()` it is dead: nothing it does reaches the store.
 */
export class MemoryEngine implements Engine {
  readonly store: MemoryDisk;
  /** What was done to partitions by somebody who did not own them. */
  readonly violations: string[] = [];
  /** Makes the next appends fail: asked before each one. */
  appendFault: ((topic: string) => Error | undefined) | undefined;
  /** Makes the next reads fail: asked before each one. */
  readFault: ((topic: string) => Error | undefined) | undefined;
  readonly #step: number;
  readonly #wall: () => number;
  readonly #partitions: (topic: string) => number;
  #dead = false;
  readonly #waiting = new Set<() => void>();
  readonly #members = new Set<GroupMember>();

  constructor(store: MemoryDisk, { step = 1, wall = () => 0, partitions = () => 1 }: MemoryEngineOptions = {}) {
    this.store = store;
    this.#step = step;
    this.#wall = wall;
    this.#partitions = partitions;
  }

  crash(): void {
    this.#dead = true;
  }

  get hasCrashed(): boolean {
    return this.#dead;
  }

  partitions(topic: string): number {
    return this.#partitions(topic);
  }

  async append(topic: string, { partition = 0, header, payload }: NewRecord): Promise<RecordPosition> {
    await Promise.resolve();
    if (this.#dead) return new Promise(() => {});
    const fault = this.appendFault?.(topic);
    if (fault !== undefined) throw fault;
    if (partition >= this.partitions(topic)) throw new RangeError(`${topic} has no partition ${partition}`);
    // Who writes a topic that is read in a group with others writes the partitions that it owns.
    const writers = [...this.#members].filter(({ topics }) => topics.indexOf(topic) > 0);
    if (writers.length > 0 && !writers.some(({ owned }) => owned.has(partition))) {
      this.violations.push(`${topic} ${partition} is written without being owned`);
    }
    const records = this.store.recordsOf(topic, partition);
    const offset = endOf(records) + (records.length === 0 ? 0 : this.#step - 1);
    records.push({ partition, offset, time: this.#wall(), header, payload });
    for (const wake of this.#waiting) wake();
    return { partition, offset };
  }

  async subscribe(topics: readonly string[], group: string, handler: AssignmentHandler): Promise<Subscription> {
    if (this.#dead) throw new EngineError("PINTLE_ENGINE_CLOSED", "the engine has crashed");
    const count = commonPartitions(topics, (topic) => this.partitions(topic));
    const member: GroupMember = { topics, group, handler, owned: new Set(), turn: Promise.resolve() };
    this.#members.add(member);
    const leave = async (): Promise<void> => {
      if (!this.#members.delete(member)) return;
      for (const partition of [...member.owned]) await this.#revoke(member, partition);
    };
    try {
      for (let partition = 0; partition < count; partition++) await this.#assign(member, partition);
    } catch (error) {
      await leave();
      throw error;
    }
    return { close: leave };
  }

  /** Takes a partition away from the member of each group that owns it, which hands it over. */
  async revoke(partition: number): Promise<void> {
    await Promise.all([...this.#members].map((member) => this.#revoke(member, partition)));
  }

  /** The partitions that some group does not own now. */
  get revoked(): number[] {
    const revoked = new Set<number>();
    for (const { topics, owned } of this.#members) {
      for (let partition = 0; partition < this.partitions(topics[0]!); partition++) {
        if (!owned.has(partition)) revoked.add(partition);
      }
    }
    return [...revoked];
  }

  /** Gives a partition to the member of each group whose topics have one of this number. */
  async assign(partition: number): Promise<void> {
    const able = [...this.#members].filter(({ topics }) => partition < this.partitions(topics[0]!));
    await Promise.all(able.map((member) => this.#assign(member, partition)));
  }

  async *scan(topic: string, { partition = 0, from = 0 }: ScanOptions = {}): AsyncGenerator<EngineRecord, void, void> {
    for (const record of [...this.store.recordsOf(topic, partition)]) {
      await this.#beforeRead(topic);
      if (record.offset >= from) yield record;
    }
  }

  async ranges(topic: string): Promise<readonly PartitionRange[]> {
    await this.#beforeRead(topic);
    return Array.from({ length: this.partitions(topic) }, (_, partition) => {
      const records = this.store.recordsOf(topic, partition);
      return { start: startOf(records), end: endOf(records) };
    });
  }

  async offsetAt(topic: string, partition: number, time: number): Promise<number> {
    const records = this.store.recordsOf(topic, partition);
    const range = { start: startOf(records), end: endOf(records) };
    return seek(range, time, async (offset) => records[firstAtOrAbove(records, offset)]);
  }

  async topics(): Promise<readonly TopicSize[]> {
    return this.store.topics.map((name) => ({ name, bytes: 0 }));
  }

  async close(): Promise<void> {
    this.#dead = true;
  }

  /** What happens to the partitions of a member takes turns. */
  #inTurn(member: GroupMember, change: () => Promise<void>): Promise<void> {
    const done = member.turn.then(change);
    member.turn = done.catch(() => {});
    return done;
  }

  #assign(member: GroupMember, partition: number): Promise<void> {
    return this.#inTurn(member, async () => {
      if (member.owned.has(partition) || !this.#members.has(member)) return;
      member.owned.add(partition);
      const { topics, group, handler } = member;
      try {
        await handler.assigned(topics.map((topic) => this.#assigned(topic, partition, group, member)));
      } catch (error) {
        member.owned.delete(partition);
        throw error;
      }
    });
  }

  #revoke(member: GroupMember, partition: number): Promise<void> {
    return this.#inTurn(member, async () => {
      if (!member.owned.has(partition)) return;
      await member.handler.revoked(partition, "handed over");
      member.owned.delete(partition);
    });
  }

  #assigned(topic: string, partition: number, group: string, { owned }: GroupMember): AssignedPartition {
    const records = this.store.recordsOf(topic, partition);
    const saves = this.store.savesOf(topic, group, partition);
    return {
      topic,
      partition,
      progress: saves.at(-1),
      start: () => startOf(records),
      end: () => endOf(records),
      read: async (from, maxBytes) => {
        await this.#beforeRead(topic);
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
            if (!signal.aborted && endOf(records) <= from) return;
            this.#waiting.delete(check);
            signal.removeEventListener("abort", check);
            resolve();
          };
          this.#waiting.add(check);
          signal.addEventListener("abort", check);
          check();
        }),
      save: (progress) => {
        if (this.#dead) return;
        if (!owned.has(partition)) this.violations.push(`${group} saves progress of ${topic} ${partition}`);
        saves.push(structuredClone(progress) as Progress);
      },
    };
  }

  async #beforeRead(topic: string): Promise<void> {
    await Promise.resolve();
    if (this.#dead) return new Promise(() => {});
    const fault = this.readFault?.(topic);
    if (fault !== undefined) throw fault;
  }
}

/** The member of a group. */
interface GroupMember {
  readonly topics: readonly string[];
  readonly group: string;
  readonly handler: AssignmentHandler;
  readonly owned: Set<number>;
  turn: Promise<void>;
}

function entry<T>(map: Map<string, T[]>, key: string): T[] {
  const found = map.get(key) ?? [];
  map.set(key, found);
  return found;
}

function startOf(records: readonly EngineRecord[]): number {
  return records[0]?.offset ?? 0;
}

function endOf(records: readonly EngineRecord[]): number {
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
