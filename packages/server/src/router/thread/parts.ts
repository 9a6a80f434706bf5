import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { lockForDestination } from "../../destination-lock.ts";
import { openThreadEngine, type ThreadEngine } from "../../engine/open-engine.ts";
import type { PlaneLogger } from "../../logger.ts";
import type { Destination } from "../../model/destination.ts";
import { DeadLetters } from "../dead/dead-letters.ts";
import { RateLimit } from "../deliver/rate-limit.ts";
import { DestinationRegistry } from "../registry/destination-registry.ts";
import { LogReplays } from "../replay/log-replays.ts";
import { type DestinationPipeline, Router } from "../router.ts";
import { systemClock } from "../time/clock.ts";
import { Transformation } from "../transform/transformation.ts";
import { type Homes, homeOf } from "./homes.ts";
import type { TypeLoader } from "./load-types.ts";
import type { RouterThreadData, ThreadConfig } from "./thread-messages.ts";
import { retentionOf } from "./topic-retention.ts";

/** What a router thread is made of. */
export interface Parts {
  readonly engine: ThreadEngine;
  readonly router: Router;
  readonly dead: DeadLetters;
  readonly replays: LogReplays;
  readonly types: TypeLoader;
  /** Goes on with another configuration. */
  change(config: ThreadConfig): Promise<void>;
}

/**
 * Puts a thread together.
 *
 * @param types with what `prepare` and `take` have loaded
 */
export async function openParts(data: RouterThreadData, types: TypeLoader, logger: PlaneLogger): Promise<Parts> {
  let homes: Homes = data.homes;
  const livesHere = (destinationId: string): boolean => homeOf(homes, destinationId) === data.thread;
  const engine = openThreadEngine(data.engine, livesHere, { logger, retention: retentionOf });
  const registry = DestinationRegistry.of(engine, data.registry);
  let router: Router | undefined;
  // First: as soon as the router is there, events go out, and somebody may ask how everything
  // stands.
  const replays = await LogReplays.open({
    engine,
    clock: systemClock,
    random: Math.random,
    newId: () => randomUUID().slice(0, 8),
    target: (destinationId) => router?.replayTarget(destinationId),
    livesHere,
  });
  router = await openRouter({ data, engine, registry, types, logger });
  const opened = router;
  return {
    engine,
    router: opened,
    dead: new DeadLetters(engine, () => Date.now()),
    replays,
    types,
    async change(config) {
      const left = Object.keys(homes).filter((id) => livesHere(id) && homeOf(config.homes, id) !== data.thread);
      await types.take(config.destinations);
      registry.learn(config.registry);
      if (left.length === 0) homes = config.homes;
      // What a destination on its way out has to write is still its own.
      await opened.change(config);
      homes = config.homes;
      await replays.leave();
      for (const topic of left.flatMap((id) => [`retry.${id}`, `dead.${id}`])) await engine.release(topic);
      await replays.take(config.replaysEnd);
    },
  };
}

function openRouter({
  data,
  engine,
  registry,
  types: { types },
  logger,
}: {
  readonly data: RouterThreadData;
  readonly engine: ThreadEngine;
  readonly registry: DestinationRegistry;
  readonly types: TypeLoader;
  readonly logger: PlaneLogger;
}): Promise<Router> {
  return Router.open({
    engine,
    registry,
    sources: data.sources,
    destinations: data.destinations,
    types,
    tools: {
      directory: data.configDirectory,
      now: () => Date.now(),
      userAgent: `Pintle/${data.version}`,
      lock: lockForDestination,
    },
    clock: systemClock,
    random: Math.random,
    logger,
    memory: data.memory,
    beginnings: data.beginnings,
    // Nobody waits for it: the thread ends, and the next one says what it is.
    failed: (error) => void Promise.reject(error),
    pipelineOf: (destination) => pipelineOf(destination, data, types.get(destination.type)?.takesRequests === true),
  });
}

function pipelineOf(
  { id: destinationId, name: destination, rateLimit, transform }: Destination,
  { directory, configTimeout }: RouterThreadData,
  takesRequests: boolean,
): DestinationPipeline {
  return {
    ...(rateLimit === undefined ? {} : { throttle: new RateLimit(rateLimit) }),
    ...(transform === undefined
      ? {}
      : {
          transform: new Transformation({
            ...transform,
            destination,
            clock: systemClock,
            startLimit: configTimeout,
            takesRequests,
            notes: { folder: join(directory, "transform"), destinationId },
          }),
        }),
  };
}
