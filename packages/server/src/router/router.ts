import type { DestinationType } from "@pintle/destinations/kit";
import { secretsOf, type Tools } from "@pintle/destinations/kit";
import type { Destination, Source } from "../config/config.ts";
import type { Engine } from "../engine/engine.ts";
import type { Logger } from "../logger.ts";
import { redactor } from "../redactor.ts";
import type { Clock } from "./clock.ts";
import { Consumer, type ConsumerDestination } from "./consumer.ts";
import type { ConsumerLimits } from "./limits.ts";
import { Register } from "./register.ts";
import type { RouterStatus } from "./status.ts";

export interface RouterOptions {
  readonly engine: Engine;
  readonly sources: readonly Source[];
  readonly destinations: readonly Destination[];
  readonly types: ReadonlyMap<string, DestinationType>;
  readonly tools: Tools;
  readonly clock: Clock;
  /** Gives a number in [0, 1). */
  readonly random: () => number;
  readonly logger: Logger;
  readonly limits?: Partial<ConsumerLimits>;
}

/** Brings every event of the log to every enabled destination that its source is connected to. */
export class Router {
  readonly #consumers: readonly Consumer[];

  private constructor(consumers: readonly Consumer[]) {
    this.#consumers = consumers;
  }

  /**
   * Resolves when every destination has its place in the log: what is accepted from then on is not missed by any of them.
   *
   * @throws EngineError when the engine cannot be read; TypeError for a destination whose type is not known
   */
  static async open(options: RouterOptions): Promise<Router> {
    const { engine, types, tools, clock, random, logger, limits } = options;
    const register = await Register.open(engine);
    const log = await register.logId();
    const consumers = options.destinations
      .filter(({ enabled }) => enabled)
      .map((entry) => {
        const destination = consumerDestination(entry, options.sources, types);
        const redact = redactor(secretsOf(destination.type.settings, destination.settings));
        const common = { engine, register, log, tools, clock, random, logger, redact };
        return new Consumer({ ...common, destination, ...(limits === undefined ? {} : { limits }) });
      });
    const router = new Router(consumers);
    try {
      for (const consumer of consumers) await consumer.start();
      await register.markOpened();
    } catch (error) {
      await router.close(0);
      throw error;
    }
    return router;
  }

  /** Events in memory, by destination id. */
  get inMemory(): ReadonlyMap<string, number> {
    return new Map(this.#consumers.map(({ id, inMemory }) => [id, inMemory]));
  }

  async status(): Promise<RouterStatus> {
    return { destinations: await Promise.all(this.#consumers.map((consumer) => consumer.status())) };
  }

  /** Finishes what is on its way, at most `within` milliseconds, and saves progress. */
  async close(within = 5000): Promise<void> {
    await Promise.all(this.#consumers.map((consumer) => consumer.close(within)));
  }
}

function consumerDestination(
  { id, name, type: typeName, settings, filter }: Destination,
  sources: readonly Source[],
  types: ReadonlyMap<string, DestinationType>,
): ConsumerDestination {
  const type = types.get(typeName);
  if (type === undefined)
    throw new TypeError(`The destination "${name}" has the type "${typeName}", which is not known`);
  const connected = sources.filter(({ destinations }) => destinations.includes(id));
  return {
    id,
    name,
    type,
    settings: type.settings.parse(settings),
    filter,
    sources: new Map(connected.map((source) => [source.id, { id: source.id, name: source.name }])),
  };
}
