import { randomUUID } from "node:crypto";
import type { Engine } from "../../engine/engine.ts";
import { type RegistryFact, registryRecord } from "../../records/registry-record.ts";

/** The topic that says which destinations this data folder has seen. */
const registryTopic = "destinations";

/** What a registry needs of an engine. */
type RegistryEngine = Pick<Engine, "append" | "scan">;

/** What a registry says, as one thread tells it another. */
export interface KnownDestinations {
  readonly opened: boolean;
  readonly logId: string | undefined;
  /** Where each destination began, by partition and id. */
  readonly began: ReadonlyMap<string, number>;
  /** Ids of those that have delivered something. */
  readonly delivered: ReadonlySet<string>;
}

/**
 * The destinations that this data folder has seen, and the offset of `events` at which each began:
 * a few durable records.
 *
 * Progress is saved without a sync, so it may be missing after a crash. A destination without
 * progress must then not be taken for a new one, which would begin at the end of the log and miss
 * what was accepted before. So the beginning of a destination is made durable before it reads its
 * first event, and whoever has lost its progress begins there again.
 */
export class DestinationRegistry {
  readonly #engine: RegistryEngine;
  readonly #began = new Map<string, number>();
  readonly #delivered = new Set<string>();
  #opened = false;
  #logId: string | undefined;
  #loads: Readonly<Record<string, number>> = {};
  /** Offset in the topic up to which it was read. */
  #next = 0;

  private constructor(engine: RegistryEngine) {
    this.#engine = engine;
  }

  /** Reads the registry. */
  static async open(engine: RegistryEngine): Promise<DestinationRegistry> {
    const registry = new DestinationRegistry(engine);
    await registry.readOn();
    return registry;
  }

  /** One that was read elsewhere. What it adds is appended by `engine`. */
  static of(engine: RegistryEngine, known: KnownDestinations): DestinationRegistry {
    const registry = new DestinationRegistry(engine);
    registry.learn(known);
    return registry;
  }

  /** Reads what others have added since. */
  async readOn(): Promise<void> {
    for await (const record of this.#engine.scan(registryTopic, { from: this.#next })) {
      this.#take(registryRecord.decode(record));
      this.#next = record.offset + 1;
    }
  }

  /** What is known now, to be told to another thread. */
  get known(): KnownDestinations {
    return { opened: this.#opened, logId: this.#logId, began: this.#began, delivered: this.#delivered };
  }

  /** Takes what was read elsewhere. */
  learn({ opened, logId, began, delivered }: KnownDestinations): void {
    this.#opened ||= opened;
    this.#logId ??= logId;
    for (const [name, from] of began) this.#began.set(name, from);
    for (const id of delivered) this.#delivered.add(id);
  }

  /** What was measured of each destination before this start, by its id; empty: nothing was. */
  get loads(): Readonly<Record<string, number>> {
    return this.#loads;
  }

  /** Resolves when it is durable what each destination has cost. */
  async addLoads(loads: Readonly<Record<string, number>>, at: number): Promise<void> {
    await this.#append({ kind: "load", at, loads });
    this.#loads = loads;
  }

  /**
   * Whether no router has ever been at work here. Then whatever is in the log was accepted for the
   * destinations that there are now, and they begin at its beginning.
   */
  get firstStart(): boolean {
    return !this.#opened;
  }

  /**
   * Identity of the log in this data folder: by it, destinations that keep their position
   * themselves tell it from any other. Made, and durable, with the first call.
   */
  async logId(): Promise<string> {
    if (this.#logId === undefined) {
      const id = randomUUID();
      await this.#append({ kind: "log", id });
      this.#logId = id;
    }
    return this.#logId;
  }

  /** Where the destination began; `undefined` when it was never seen. */
  beginningOf(destinationId: string, partition: number): number | undefined {
    return this.#began.get(key(destinationId, partition));
  }

  /** Resolves when it is durable that the destination began at `from`. */
  async add(destinationId: string, partition: number, from: number): Promise<void> {
    await this.#append({ kind: "began", destinationId, partition, from });
    this.#began.set(key(destinationId, partition), from);
  }

  /** Whether the destination has delivered anything since this folder first saw it. */
  hasDelivered(destinationId: string): boolean {
    return this.#delivered.has(destinationId);
  }

  /**
   * Notes that the destination has delivered something: the first time durably. Where that cannot
   * be written, the next start takes it for one that never has.
   */
  async addDelivered(destinationId: string): Promise<void> {
    if (this.#delivered.has(destinationId)) return;
    this.#delivered.add(destinationId);
    await this.#append({ kind: "delivered", destinationId }).catch(() => {});
  }

  /**
   * Ends the first start: every destination of now has its beginning, so whichever comes later is
   * new.
   */
  async markOpened(): Promise<void> {
    if (this.#opened) return;
    await this.#append({ kind: "opened" });
    this.#opened = true;
  }

  async #append(fact: RegistryFact): Promise<void> {
    await this.#engine.append(registryTopic, registryRecord.encode(fact));
  }

  #take(fact: RegistryFact | undefined): void {
    if (fact?.kind === "opened") this.#opened = true;
    else if (fact?.kind === "log") this.#logId ??= fact.id;
    else if (fact?.kind === "load") this.#loads = fact.loads;
    else if (fact?.kind === "delivered") this.#delivered.add(fact.destinationId);
    else if (fact?.kind === "began") this.#began.set(key(fact.destinationId, fact.partition), fact.from);
  }
}

function key(destinationId: string, partition: number): string {
  return `${partition} ${destinationId}`;
}
