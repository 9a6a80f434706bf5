import { MessageChannel, type MessagePort } from "node:worker_threads";
import type { PlaneLogger } from "../logger.ts";
import type { EngineConfig } from "../model/engine.ts";
import { EmbeddedEngine } from "./embedded/embedded-engine.ts";
import type { Engine, Retention } from "./engine.ts";

/** Milliseconds between two looks at what retention may remove. */
const retainEvery = 60_000;

/** The topic that only the main thread appends to. */
const eventsTopic = "events";

/** What the main thread writes beside `events`, also for router threads. */
const sharedTopics: ReadonlySet<string> = new Set(["destinations", "replays"]);

function isOfMain(topic: string): boolean {
  return topic === eventsTopic || sharedTopics.has(topic);
}

function isShared(topic: string): boolean {
  return sharedTopics.has(topic);
}

export interface EngineOptions {
  readonly config: EngineConfig;
  /** The data folder. Whoever opens the engine holds its lock. */
  readonly directory: string;
  readonly logger: PlaneLogger;
  /** What is kept of the topics that the thread writes. @default everything */
  readonly retention?: ((topic: string) => Retention | undefined) | undefined;
}

/** The engine of the main thread, which writes `events`, `destinations` and `replays`. */
export interface MainEngine extends Engine {
  /**
   * Resolves when a topic that this thread writes takes records, as far as can be said without one:
   * where a write has failed, what is needed to go on is done first.
   *
   * @throws EngineError why it does not
   */
  revive(topic: string): Promise<void>;
  /**
   * The way to the engine of a router thread.
   *
   * @param threads how many there are when all run: until they do, nothing that one of them may
   * need is forgotten. @default 1
   */
  link(threads?: number): EngineLink;
}

/** The engine of a router thread, which writes the topics of the destinations that live there. */
export interface ThreadEngine extends Engine {
  /** Closes a topic of a destination that lives elsewhere from now on. */
  release(topic: string): Promise<void>;
}

/** What the engine of a router thread is made of, and what ends its connection to this one. */
export interface EngineLink {
  readonly data: ThreadEngineData;
  /** What of `data` is transferred, not copied. */
  readonly transfer: readonly MessagePort[];
  close(): void;
}

export interface ThreadEngineData {
  readonly config: EngineConfig;
  readonly directory: string;
  readonly channel: MessagePort;
}

/**
 * Opens the engine of the main thread, and recovers what a crash has left.
 *
 * @throws EngineError
 */
export async function openEngine(options: EngineOptions): Promise<MainEngine> {
  const engine = new MainEmbeddedEngine(options);
  try {
    await engine.prepare(eventsTopic);
  } catch (error) {
    await engine.close();
    throw error;
  }
  return engine;
}

/**
 * Opens the engine of a router thread.
 *
 * @param livesHere whether a destination, by its id, lives in this thread, now
 */
export function openThreadEngine(
  { config, directory, channel }: ThreadEngineData,
  livesHere: (destinationId: string) => boolean,
  { logger, retention }: Pick<EngineOptions, "logger" | "retention">,
): ThreadEngine {
  return new EmbeddedEngine({
    directory,
    owns: (topic) => {
      const [, destinationId] = /^(?:retry|dead)\.(.+)$/.exec(topic) ?? [];
      return destinationId === undefined ? !isOfMain(topic) : livesHere(destinationId);
    },
    partitions: partitionsOf(config),
    channel,
    appendsThere: isShared,
    logger,
    retention,
    retainEvery,
  });
}

class MainEmbeddedEngine extends EmbeddedEngine implements MainEngine {
  readonly #made: EngineOptions;
  readonly #links: { threads: number };

  constructor(made: EngineOptions) {
    const { config, directory, logger, retention } = made;
    const links = { threads: 1 };
    super({
      directory,
      owns: isOfMain,
      partitions: partitionsOf(config),
      readers: () => links.threads,
      logger,
      // What must not be forgotten is kept, and small.
      retention: (topic) => (isShared(topic) ? undefined : retention?.(topic)),
      retainEvery,
    });
    this.#made = made;
    this.#links = links;
  }

  link(threads = 1): EngineLink {
    const { config, directory } = this.#made;
    const { port1, port2 } = new MessageChannel();
    this.#links.threads = threads;
    this.serve(port1, isShared);
    return { data: { config, directory, channel: port2 }, transfer: [port2], close: () => port1.close() };
  }
}

/**
 * The events that wait for another attempt are divided as `events` is: who owns a partition owns
 * what it parks.
 */
function partitionsOf({ partitions }: EngineConfig): (topic: string) => number {
  return (topic) => (topic === eventsTopic || topic.startsWith("retry.") ? partitions : 1);
}
