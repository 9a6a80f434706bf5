import { join } from "node:path";
import { type Damage, type FileSystem, LogReader, ProgressFile } from "@pintle/log";
import type { Logger } from "../logger.ts";
import type { DurableEnd } from "./durable-end.ts";
import type {
  AssignedPartition,
  AssignmentHandler,
  Engine,
  NewRecord,
  Progress,
  RecordPosition,
  Subscription,
} from "./engine.ts";
import { EngineError } from "./engine-error.ts";
import { type FeedPort, followFeed, serveFeed } from "./feed.ts";
import { RetentionReports } from "./retention-reports.ts";
import { engineError, type Retention, TopicLog } from "./topic-log.ts";

export type { FeedPort } from "./feed.ts";
export type { Retention } from "./topic-log.ts";

export interface EmbeddedEngineOptions {
  /** The data folder. Whoever opens the engine holds its `FolderLock`. */
  readonly directory: string;
  /** Which topics this engine writes. A topic has one writer among all threads. */
  readonly owns: (topic: string) => boolean;
  /** The way to the engine that owns the other topics; without one they cannot be subscribed to. */
  readonly feed?: FeedPort;
  readonly logger: Logger;
  /** @default the real one */
  readonly fs?: FileSystem;
  /** For the topics that this engine writes. @default everything is kept */
  readonly retention?: Retention | ((topic: string) => Retention | undefined);
}

export interface EmbeddedEngine extends Engine {
  /** Serves the engine behind the other end of `port` with the topics that this one owns. */
  serve(port: FeedPort): void;
  /** Opens topics ahead of their first use, so that it finds no fault then. */
  prepare(...topics: string[]): Promise<void>;
  /**
   * Resolves when a topic that this engine writes takes records, as far as can be said without one: where a write has failed, what is
   * needed to go on is done first.
   *
   * @throws EngineError why it does not
   */
  revive(topic: string): Promise<void>;
  /** Offsets of the oldest record and of the next, of a topic that this engine writes. */
  range(topic: string): Promise<{ readonly start: number; readonly end: number }>;
  /** Removes old records of the topics that this engine has open. To be called every minute or so. */
  retain(): Promise<void>;
}

/** A topic to read: its own or fed, and up to where. */
interface ReadableTopic {
  readonly durable: DurableEnd;
  /** Tells the writer what a group still needs. */
  needed(group: string, from: number): void;
  /** Tells the writer that a group has no member here any more. */
  left(group: string): void;
}

/**
 * The engine over `@pintle/log`: a topic has one partition, and that is a folder with a log, `topics/<topic>-0` in the data
 * folder; where groups stand is in its `progress/<group>`. Two engines in two threads share a data folder, each
 * owning some of the topics; a feed between them says how far a topic is durable (feed.ts).
 *
 * Topics are opened at their first use. One that could not be opened is tried again at the next.
 */
export function openEmbeddedEngine(options: EmbeddedEngineOptions): EmbeddedEngine {
  const { directory, owns, logger, fs } = options;
  const logs = new Map<string, Promise<TopicLog>>();
  /** The logs that are open already: an append finds its own without waiting. */
  const opened = new Map<string, TopicLog>();
  const readers = new Map<string, Promise<LogReader>>();
  const subscriptions = new Set<Subscription>();
  const groups = new Set<string>();
  const stops = new Set<() => void>();
  const reports = new Map<string, RetentionReports>();
  const itself = {};
  /** Where groups can join: ports that are served, and this engine itself once it has a member. */
  const audience = new Set<object>();
  const followed = options.feed === undefined ? undefined : followFeed(options.feed);
  let closed: Promise<void> | undefined;

  const folder = (topic: string): string => join(directory, "topics", `${topic}-0`);
  const progressFolder = (topic: string): string => join(folder(topic), "progress");
  const fileSystem = fs === undefined ? {} : { fs };

  function reportDamage(topic: string, damage: readonly Damage[]): void {
    for (const { remains, ...item } of damage) {
      if (remains !== true) logger.error({ topic, ...item }, "part of the log cannot be read");
      else logger.info({ topic, ...item }, "the last write was broken off, and what is left of it is passed over");
    }
  }

  function reportsOf(topic: string): RetentionReports {
    const found = reports.get(topic) ?? new RetentionReports(topic, logger);
    reports.set(topic, found);
    return found;
  }

  function appeared(reader: object): void {
    if (audience.has(reader)) return;
    audience.add(reader);
    for (const log of opened.values()) log.appeared(reader);
  }

  function vanished(reader: object): void {
    audience.delete(reader);
    for (const log of opened.values()) log.vanished(reader);
  }

  function assertOpen(): void {
    if (closed !== undefined) throw new EngineError("PINTLE_ENGINE_CLOSED", "the engine is closed");
  }

  /** Remembers a promise under a key, and forgets it when it rejects. */
  function once<T>(map: Map<string, Promise<T>>, name: string, make: () => Promise<T>): Promise<T> {
    let made = map.get(name);
    if (made === undefined) {
      made = make();
      map.set(name, made);
      made.catch(() => map.delete(name));
    }
    return made;
  }

  function logOf(topic: string): Promise<TopicLog> {
    return once(logs, topic, async () => {
      assertOpen();
      if (!owns(topic)) throw new EngineError("PINTLE_ENGINE_NOT_OWNER", `topic ${topic} is written by another engine`);
      const log = await TopicLog.open(folder(topic), {
        fs,
        retention: typeof options.retention === "function" ? options.retention(topic) : options.retention,
        progressDirectory: progressFolder(topic),
        onDamage: (damage) => reportDamage(topic, [damage]),
        onRetention: (report) => reportsOf(topic).add(report, Date.now()),
        onUnmarked: (group, error) => logger.warn({ topic, group, err: error }, "a mark beside its progress failed"),
      });
      opened.set(topic, log);
      for (const reader of audience) log.appeared(reader);
      return log;
    });
  }

  function readerOf(topic: string): Promise<LogReader> {
    return once(readers, topic, () => LogReader.open(folder(topic), fileSystem));
  }

  async function readable(topic: string): Promise<ReadableTopic> {
    if (owns(topic)) {
      appeared(itself);
      const log = await logOf(topic);
      return {
        durable: log.durable,
        needed: (group, from) => log.needed(itself, group, from),
        left: (group) => log.left(itself, group),
      };
    }
    if (followed === undefined) {
      throw new EngineError(
        "PINTLE_ENGINE_NOT_OWNER",
        `topic ${topic} is written by another engine, and there is no feed from it`,
      );
    }
    return followed.follow(topic);
  }

  async function append(topic: string, record: NewRecord): Promise<RecordPosition> {
    assertOpen();
    const log = opened.get(topic) ?? (await logOf(topic));
    return log.append(record.header, record.payload);
  }

  async function subscribe(topic: string, group: string, handler: AssignmentHandler): Promise<Subscription> {
    assertOpen();
    const name = `${topic} ${group}`;
    if (groups.has(name)) throw new Error(`group ${group} has a member on topic ${topic} already`);
    groups.add(name);
    try {
      const source = await readable(topic);
      const reader = await readerOf(topic);
      const file = await ProgressFile.open(join(progressFolder(topic), group), {
        ...fileSystem,
        onError: (error) => logger.warn({ topic, group, err: error }, "progress cannot be saved; it is tried again"),
        onMended: () => logger.info({ topic, group }, "progress is saved again"),
      });
      const progress = file.load();
      // A new group has said nothing yet about where it will begin.
      if (progress !== undefined) source.needed(group, progress.low);

      let left: Promise<void> | undefined;
      const subscription: Subscription = {
        close() {
          left ??= (async () => {
            await handler.revoked(0);
            await file.close();
            source.left(group);
            subscriptions.delete(subscription);
            groups.delete(name);
          })();
          return left;
        },
      };
      subscriptions.add(subscription);
      handler.assigned(
        assignedPartition(source, reader, progress, {
          save(next) {
            file.save(next);
            source.needed(group, next.low);
          },
          damaged: (damage) => reportDamage(topic, damage),
        }),
      );
      return subscription;
    } catch (error) {
      groups.delete(name);
      throw engineError(error, `topic ${topic} cannot be read by group ${group}`);
    }
  }

  async function close(): Promise<void> {
    for (const subscription of [...subscriptions]) await subscription.close();
    for (const stop of stops) stop();
    for (const report of reports.values()) report.flush(Date.now());
    followed?.stop();
    // Appends that were taken are written, whoever waits for them.
    for (const log of await Promise.allSettled(logs.values())) if (log.status === "fulfilled") await log.value.close();
    for (const reader of await Promise.allSettled(readers.values())) {
      if (reader.status === "fulfilled") await reader.value.close();
    }
  }

  return {
    flags: { keepsForSlowConsumers: true },
    append,
    subscribe,
    serve(port) {
      appeared(port);
      const stop = serveFeed(port, logOf, {
        failed: (topic, error) => logger.error({ topic, err: error }, "a topic cannot be opened"),
        closed: () => {
          stops.delete(stop);
          vanished(port);
        },
      });
      stops.add(stop);
    },
    async prepare(...topics) {
      for (const topic of topics) await logOf(topic);
    },
    async revive(topic) {
      assertOpen();
      await (await logOf(topic)).revive();
    },
    async range(topic) {
      const { start, end } = await logOf(topic);
      return { start, end };
    },
    async retain() {
      for (const [topic, log] of opened) {
        await log.retain();
        reports.get(topic)?.tell(Date.now());
      }
    },
    close() {
      closed ??= close();
      return closed;
    },
  };
}

/** The one partition of a topic, as a member of a group sees it. */
function assignedPartition(
  { durable }: ReadableTopic,
  reader: LogReader,
  progress: Progress | undefined,
  callbacks: { save(progress: Progress): void; damaged(damage: readonly Damage[]): void },
): AssignedPartition {
  return {
    partition: 0,
    progress,
    // A read that finds the oldest records gone knows it before the writer's word arrives.
    start: () => Math.max(durable.start, reader.start),
    end: () => durable.end,
    async read(from, maxBytes) {
      const { records, next, damage } = await reader.read(from, { end: durable.end, maxBytes });
      if (damage.length > 0) callbacks.damaged(damage);
      return { records: records.map((record) => ({ partition: 0, ...record })), next };
    },
    wait: (from, signal) => durable.wait(from, signal),
    save: (next) => callbacks.save(next),
  };
}
