import { join } from "node:path";
import { type Damage, type FileSystem, LogReader, nodeFileSystem, ProgressFile } from "@pintle/log";
import type { PlaneLogger } from "../../logger.ts";
import { commonPartitions } from "../common-partitions.ts";
import type {
  AssignmentHandler,
  Engine,
  EngineRecord,
  NewRecord,
  PartitionRange,
  RecordPosition,
  Retention,
  ScanOptions,
  Subscription,
  TopicSize,
} from "../engine.ts";
import { closedError, EngineError, notOwner } from "../engine-error.ts";
import { seek } from "../seek.ts";
import { type ChannelPort, HighWatermarkFollower, serveHighWatermarks } from "./high-watermark-channel.ts";
import { engineError, PartitionLog, refuseRead } from "./partition-log.ts";
import { PartitionMember, type ReadablePartition } from "./partition-member.ts";
import { RemoteAppends, serveAppends } from "./remote-appends.ts";
import { StorageReports } from "./storage-reports.ts";
import { countPartitions, partitionFolder, topicSizes } from "./topic-folders.ts";

export interface EmbeddedEngineOptions {
  /** The data folder. Whoever makes the engine holds its `FolderLock`. */
  readonly directory: string;
  /** Whether this engine writes a topic. A topic has one writer among all threads. */
  readonly owns: (topic: string) => boolean;
  /** @default every topic has one */
  readonly partitions?: (topic: string) => number;
  /** The way to the engine that owns the other topics; without one they cannot be read. */
  readonly channel?: ChannelPort;
  /** Topics of that engine to which records are appended through it. @default none */
  readonly appendsThere?: (topic: string) => boolean;
  /** How many readers there are when all are there. @default 1 */
  readonly readers?: () => number;
  readonly logger: PlaneLogger;
  /** @default the real one */
  readonly fs?: FileSystem;
  /** What is kept of the topics that this engine writes. @default everything */
  readonly retention?: ((topic: string) => Retention | undefined) | undefined;
  /**
   * Milliseconds between two looks at what retention may remove. @default nobody looks but who
   * calls `retain`
   */
  readonly retainEvery?: number;
}

/** Bytes that a scan reads at a time. */
const scanBytes = 1 << 16;

/**
 * The engine over `@pintle/log`: a partition of a topic is a folder with a log; where groups stand
 * is in its `progress/<group>`. All partitions are assigned to the one member that a group has.
 * Engines in several threads share a data folder, each writing some of the topics; a channel to the
 * one of the main thread says how far its topics are durable, and takes what is appended to them.
 *
 * Topics are opened at their first use. One that could not be opened is tried again at the next.
 */
export class EmbeddedEngine implements Engine {
  readonly #options: EmbeddedEngineOptions;
  readonly #logs = new Map<string, Promise<PartitionLog>>();
  /**
   * The logs that are open already, by topic and partition: an append finds its own without
   * waiting.
   */
  readonly #opened = new Map<string, Map<number, PartitionLog>>();
  readonly #readers = new Map<string, Promise<LogReader>>();
  readonly #subscriptions = new Set<Subscription>();
  /** Topics and groups that have a member. */
  readonly #members = new Set<string>();
  readonly #reports: StorageReports;
  readonly #follower: HighWatermarkFollower | undefined;
  readonly #remote: RemoteAppends | undefined;
  /** Where groups can join: ports that are served, and this engine itself once it has a member. */
  readonly #audience = new Set<object>();
  /** What ends the serving of a port. */
  readonly #stops = new Set<() => void>();
  readonly #retaining: NodeJS.Timeout | undefined;
  #closed: Promise<void> | undefined;

  constructor(options: EmbeddedEngineOptions) {
    this.#options = options;
    const { retainEvery, logger } = options;
    this.#reports = new StorageReports(logger);
    if (retainEvery !== undefined) {
      this.#retaining = setInterval(() => {
        this.retain().catch((error: unknown) => logger.error({ err: error }, "old records could not be removed"));
      }, retainEvery).unref();
    }
    this.#follower = options.channel === undefined ? undefined : new HighWatermarkFollower(options.channel);
    this.#remote = options.channel === undefined ? undefined : new RemoteAppends(options.channel);
  }

  partitions(topic: string): number {
    return this.#options.partitions?.(topic) ?? 1;
  }

  append(topic: string, record: NewRecord): Promise<RecordPosition> {
    const { partition = 0, header, payload } = record;
    const log = this.#closed === undefined ? this.#opened.get(topic)?.get(partition) : undefined;
    if (log !== undefined) return log.append(header, payload);
    if (this.#remote !== undefined && this.#closed === undefined && this.#options.appendsThere?.(topic) === true) {
      return this.#remote.append(topic, record);
    }
    return this.#logOf(topic, partition).then((opened) => opened.append(header, payload));
  }

  async subscribe(topics: readonly string[], group: string, handler: AssignmentHandler): Promise<Subscription> {
    this.#assertOpen();
    const count = commonPartitions(topics, (topic) => this.partitions(topic));
    const names = topics.map((topic) => `${topic} ${group}`);
    const taken = topics.find((_, at) => this.#members.has(names[at]!));
    if (taken !== undefined) throw new Error(`group ${group} has a member on topic ${taken} already`);
    for (const name of names) this.#members.add(name);
    const members: PartitionMember[] = [];
    const assigned: number[] = [];
    let left: Promise<void> | undefined;
    const leave = async (): Promise<void> => {
      for (const partition of assigned) await handler.revoked(partition, "handed over");
      for (const member of members) await member.close();
      this.#subscriptions.delete(subscription);
      for (const name of names) this.#members.delete(name);
    };
    const subscription: Subscription = {
      close() {
        left ??= leave();
        return left;
      },
    };
    this.#subscriptions.add(subscription);
    try {
      for (let partition = 0; partition < count; partition++) {
        const sources: PartitionMember[] = [];
        for (const topic of topics) sources.push(await this.#join(topic, partition, group));
        members.push(...sources);
        assigned.push(partition);
        await handler.assigned(sources);
      }
    } catch (error) {
      await subscription.close();
      throw error;
    }
    return subscription;
  }

  async *scan(topic: string, { partition = 0, from = 0 }: ScanOptions = {}): AsyncGenerator<EngineRecord, void, void> {
    const { watermark } = await this.#readable(topic, partition);
    const { end } = watermark;
    const reader = await this.#readerOf(topic, partition);
    for (let at = Math.max(from, watermark.start); at < end; ) {
      const { records, next, damage } = await reader.read(at, { end, maxBytes: scanBytes }).catch(refuseRead(topic));
      this.#reports.damaged(topic, damage);
      if (next === at) break;
      for (const record of records) yield { partition, ...record };
      at = next;
    }
  }

  async ranges(topic: string): Promise<readonly PartitionRange[]> {
    const ranges: PartitionRange[] = [];
    for (let partition = 0; partition < this.partitions(topic); partition++) {
      const { start, end } = (await this.#readable(topic, partition)).watermark;
      ranges.push({ start, end });
    }
    return ranges;
  }

  async offsetAt(topic: string, partition: number, time: number): Promise<number> {
    const { start, end } = (await this.#readable(topic, partition)).watermark;
    const reader = await this.#readerOf(topic, partition);
    return seek({ start, end }, time, async (offset) => {
      const { records } = await reader.read(offset, { end, maxBytes: 1 }).catch(refuseRead(topic));
      return records[0];
    });
  }

  topics(): Promise<readonly TopicSize[]> {
    return topicSizes(this.#options.directory);
  }

  /**
   * Serves the engine behind the other end of `port` with the topics that this one writes.
   *
   * @param takes topics to which it may append
   */
  serve(port: ChannelPort, takes: (topic: string) => boolean = () => false): void {
    this.#appeared(port);
    const stopAppends = serveAppends(port, (topic, record) =>
      takes(topic) ? this.append(topic, record) : Promise.reject(notOwner(topic)),
    );
    const stopWatermarks = serveHighWatermarks(port, (topic, partition) => this.#logOf(topic, partition), {
      failed: (topic, error) => this.#options.logger.error({ topic, err: error }, "a topic cannot be opened"),
      closed: () => {
        stopAppends();
        this.#stops.delete(stop);
        this.#audience.delete(port);
        for (const log of this.#openLogs()) log.vanished(port);
      },
    });
    const stop = (): void => {
      stopAppends();
      stopWatermarks();
    };
    this.#stops.add(stop);
  }

  /**
   * Closes a topic for which there is another writer from now on. Whoever has joined a group on it
   * has to have left.
   */
  async release(topic: string): Promise<void> {
    const isOfTopic = (key: string): boolean => key.slice(0, key.lastIndexOf("-")) === topic;
    const opened = [...this.#logs, ...this.#readers].filter(([key]) => isOfTopic(key));
    for (const key of [...this.#logs.keys()].filter(isOfTopic)) this.#logs.delete(key);
    for (const key of [...this.#readers.keys()].filter(isOfTopic)) this.#readers.delete(key);
    this.#opened.delete(topic);
    for (const one of await Promise.allSettled(opened.map(([, log]) => log))) {
      if (one.status === "fulfilled") await one.value.close();
    }
  }

  /**
   * Opens a topic that this engine writes ahead of its first use, so that it finds no fault then.
   *
   * @throws EngineError also for a folder that has it with another number of partitions
   */
  async prepare(topic: string): Promise<void> {
    const count = this.partitions(topic);
    const found = await this.#countMade(topic);
    if (found !== 0 && found !== count) {
      const partitions = found === 1 ? "1 partition" : `${found} partitions`;
      throw new EngineError(
        "PINTLE_ENGINE_PARTITIONS",
        `its topic ${topic} has ${partitions}, and the configuration says ${count} (engine.partitions). The number decides ` +
          `the order of events and cannot be changed: write ${found}, or use another folder`,
      );
    }
    // The first one last: where it is, all of them are.
    for (let partition = count - 1; partition >= 0; partition--) await this.#logOf(topic, partition);
  }

  /**
   * Resolves when a topic that this engine writes takes records, as far as can be said without one:
   * where a write has failed, what is needed to go on is done first.
   *
   * @throws EngineError why it does not
   */
  async revive(topic: string): Promise<void> {
    this.#assertOpen();
    for (let partition = 0; partition < this.partitions(topic); partition++) {
      await (await this.#logOf(topic, partition)).revive();
    }
  }

  /**
   * Removes old records of the topics that this engine has open. To be called every minute or so.
   */
  async retain(): Promise<void> {
    for (const log of this.#openLogs()) await log.retain();
    this.#reports.tell(Date.now());
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    clearInterval(this.#retaining);
    for (const subscription of [...this.#subscriptions]) await subscription.close();
    for (const stop of this.#stops) stop();
    this.#reports.flush(Date.now());
    this.#remote?.stop();
    this.#follower?.stop();
    // Appends that were taken are written, whoever waits for them.
    for (const log of await Promise.allSettled(this.#logs.values())) {
      if (log.status === "fulfilled") await log.value.close();
    }
    for (const reader of await Promise.allSettled(this.#readers.values())) {
      if (reader.status === "fulfilled") await reader.value.close();
    }
  }

  #assertOpen(): void {
    if (this.#closed !== undefined) throw closedError();
  }

  /** How many partitions of a topic the data folder has; 0 where they were not all made. */
  async #countMade(topic: string): Promise<number> {
    const { directory, fs = nodeFileSystem } = this.#options;
    try {
      return await countPartitions((folder) => fs.list(folder), directory, topic);
    } catch (error) {
      throw engineError(error, `topic ${topic} cannot be opened`);
    }
  }

  *#openLogs(): Iterable<PartitionLog> {
    for (const logs of this.#opened.values()) yield* logs.values();
  }

  #logOf(topic: string, partition: number): Promise<PartitionLog> {
    const { directory, fs, owns, retention, logger } = this.#options;
    if (this.#closed !== undefined) return Promise.reject(closedError());
    return once(this.#logs, keyOf(topic, partition), async () => {
      if (!owns(topic)) throw notOwner(topic);
      const count = this.partitions(topic);
      const rules = retention?.(topic);
      const log = await PartitionLog.open(partitionFolder(directory, topic, partition), {
        fs,
        partition,
        isOneOfSeveral: count > 1,
        readers: this.#options.readers ?? (() => 1),
        retention: rules?.maxBytes === undefined ? rules : { ...rules, maxBytes: rules.maxBytes / count },
        progressDirectory: this.#progressFolder(topic, partition),
        onDamage: (damage) => this.#reports.damaged(topic, [damage]),
        onRetention: (report) => this.#reports.retained(topic, report, Date.now()),
        onUnmarked: (group, error) => logger.warn({ topic, group, err: error }, "a mark beside its progress failed"),
      });
      const opened = this.#opened.get(topic) ?? new Map<number, PartitionLog>();
      this.#opened.set(topic, opened.set(partition, log));
      for (const reader of this.#audience) log.appeared(reader);
      return log;
    });
  }

  #readerOf(topic: string, partition: number): Promise<LogReader> {
    const { directory, fs } = this.#options;
    return once(this.#readers, keyOf(topic, partition), () =>
      LogReader.open(partitionFolder(directory, topic, partition), fs === undefined ? {} : { fs }),
    );
  }

  async #readable(topic: string, partition: number): Promise<ReadablePartition> {
    this.#assertOpen();
    if (this.#options.owns(topic)) {
      const log = await this.#logOf(topic, partition);
      return {
        watermark: log.watermark,
        needed: (group, from) => log.needed(this, group, from),
        left: (group) => log.left(this, group),
      };
    }
    if (this.#follower === undefined) {
      const message = `topic ${topic} is written by another engine, and there is no channel from it`;
      throw new EngineError("PINTLE_ENGINE_NOT_OWNER", message);
    }
    return this.#follower.follow(topic, partition);
  }

  async #join(topic: string, partition: number, group: string): Promise<PartitionMember> {
    const { fs, logger } = this.#options;
    if (this.#options.owns(topic)) this.#appeared(this);
    try {
      const source = await this.#readable(topic, partition);
      const reader = await this.#readerOf(topic, partition);
      const file = await ProgressFile.open(join(this.#progressFolder(topic, partition), group), {
        ...(fs === undefined ? {} : { fs }),
        onError: (error) => logger.warn({ topic, group, err: error }, "progress cannot be saved; it is tried again"),
        onMended: () => logger.info({ topic, group }, "progress is saved again"),
      });
      const damaged = (damage: readonly Damage[]): void => this.#reports.damaged(topic, damage);
      return new PartitionMember({ topic, partition, group, source, reader, file, damaged });
    } catch (error) {
      throw engineError(error, `topic ${topic} cannot be read by group ${group}`);
    }
  }

  #progressFolder(topic: string, partition: number): string {
    return join(partitionFolder(this.#options.directory, topic, partition), "progress");
  }

  #appeared(reader: object): void {
    if (this.#audience.has(reader)) return;
    this.#audience.add(reader);
    for (const log of this.#openLogs()) log.appeared(reader);
  }
}

/** Remembers a promise under a key, and forgets it when it rejects. */
function once<T>(map: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  let made = map.get(key);
  if (made === undefined) {
    made = make();
    map.set(key, made);
    made.catch(() => map.delete(key));
  }
  return made;
}

function keyOf(topic: string, partition: number): string {
  return `${topic}-${partition}`;
}
