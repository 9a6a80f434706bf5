import { MessageChannel, type MessagePort } from "node:worker_threads";
import type { PlaneLogger } from "../logger.ts";
import type { EngineConfig } from "../model/engine.ts";
import { EmbeddedEngine } from "./embedded/embedded-engine.ts";
import type { Engine, Retention } from "./engine.ts";

/** Milliseconds between two looks at what retention may remove. */
const retainEvery = 60_000;

/** The topic that the main thread writes; the router's thread writes all others. */
const mainTopic = "events";

export interface EngineOptions {
  readonly config: EngineConfig;
  /** The data folder. Whoever opens the engine holds its lock. */
  readonly directory: string;
  readonly logger: PlaneLogger;
  /** What is kept of the topics that the thread writes. @default everything */
  readonly retention?: ((topic: string) => Retention | undefined) | undefined;
}

/** The engine of the main thread, which writes `events`. */
export interface MainEngine extends Engine {
  /**
   * Resolves when a topic that this thread writes takes records, as far as can be said without one:
   * where a write has failed, what is needed to go on is done first.
   *
   * @throws EngineError why it does not
   */
  revive(topic: string): Promise<void>;
  /** The way to the engine of the router's thread. */
  link(): EngineLink;
  /**
   * An engine that writes the topics of the router's thread while there is none. It is closed
   * before one starts.
   */
  standIn(): Engine;
}

/** What the engine of the router's thread is made of, and what ends its connection to this one. */
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
    await engine.prepare(mainTopic);
  } catch (error) {
    await engine.close();
    throw error;
  }
  return engine;
}

/** Opens the engine of the router's thread. */
export function openThreadEngine(
  { config, directory, channel }: ThreadEngineData,
  { logger, retention }: Pick<EngineOptions, "logger" | "retention">,
): Engine {
  return new EmbeddedEngine({
    directory,
    owns: isOfThread,
    partitions: partitionsOf(config),
    channel,
    logger,
    retention,
    retainEvery,
  });
}

class MainEmbeddedEngine extends EmbeddedEngine implements MainEngine {
  readonly #made: EngineOptions;

  constructor(made: EngineOptions) {
    const { config, directory, logger, retention } = made;
    const owns = (topic: string): boolean => topic === mainTopic;
    super({ directory, owns, partitions: partitionsOf(config), logger, retention, retainEvery });
    this.#made = made;
  }

  link(): EngineLink {
    const { config, directory } = this.#made;
    const { port1, port2 } = new MessageChannel();
    this.serve(port1);
    return { data: { config, directory, channel: port2 }, transfer: [port2], close: () => port1.close() };
  }

  standIn(): Engine {
    const { config, directory, logger } = this.#made;
    return new EmbeddedEngine({ directory, owns: isOfThread, partitions: partitionsOf(config), logger });
  }
}

function isOfThread(topic: string): boolean {
  return topic !== mainTopic;
}

/**
 * The events that wait for another attempt are divided as `events` is: who owns a partition owns
 * what it parks.
 */
function partitionsOf({ partitions }: EngineConfig): (topic: string) => number {
  return (topic) => (topic === mainTopic || topic.startsWith("retry.") ? partitions : 1);
}
