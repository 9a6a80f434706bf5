import type { PlaneLogger } from "../../logger.ts";
import { sharesOf } from "../../memory-limit.ts";
import type { Destination } from "../../model/destination.ts";
import type { RouterStatus } from "../ledger/status.ts";
import type { WatchedDestinations } from "../ledger/step-sender.ts";
import { askThreads, type ThreadDirectory } from "./ask-threads.ts";
import { type Homes, homeOf, placed } from "./homes.ts";
import { LoadMeter } from "./load-meter.ts";
import { Register } from "./register.ts";
import type { StartRouterOptions } from "./router-thread.ts";
import type { AskedFor, RouterCondition, RunningRouter, StepWatcher } from "./running-router.ts";
import { SupervisedThread } from "./supervised-thread.ts";
import type { RouterCalls, ThreadConfig } from "./thread-messages.ts";
import { Watchers } from "./watchers.ts";

type RoutedConfig = Pick<StartRouterOptions, "sources" | "destinations">;

/** Lives nowhere: a destination on its way from one thread to another. */
const nowhere = -1;

/** The threads of the router, which look like one. */
export class RouterThreads implements RunningRouter {
  readonly #register: Register;
  readonly #logger: PlaneLogger;
  readonly #threads: readonly SupervisedThread[];
  readonly #watchers: Watchers;
  readonly #meter: Pick<LoadMeter, "measure">;
  #config: RoutedConfig;
  #homes: Homes;
  #changing: Promise<unknown> = Promise.resolve();
  #closing: Promise<void> | undefined;

  /** @param meterOf makes what tells the costs of destinations */
  static async start(
    options: StartRouterOptions,
    meterOf: (threads: readonly SupervisedThread[]) => Pick<LoadMeter, "measure"> = (threads) => new LoadMeter(threads),
  ): Promise<RouterThreads> {
    const { engine, destinations, logger, threads = 1 } = options;
    const register = new Register(engine, logger);
    const fault = await register.place(destinations);
    const homes = placed(destinations, threads, register.loads);
    const router = new RouterThreads(options, register, homes, meterOf);
    try {
      await Promise.all(router.#threads.map((thread) => thread.start(fault)));
    } catch (error) {
      await router.close(0);
      throw error;
    }
    return router;
  }

  private constructor(
    options: StartRouterOptions,
    register: Register,
    homes: Homes,
    meterOf: (threads: readonly SupervisedThread[]) => Pick<LoadMeter, "measure">,
  ) {
    const { threads = 1, memory = sharesOf(256e6, threads), launched } = options;
    const early = launched?.fits(memory) ? launched : undefined;
    if (early === undefined) void launched?.worker.terminate();
    this.#register = register;
    this.#logger = options.logger;
    this.#config = options;
    this.#homes = homes;
    this.#watchers = new Watchers((watched) => {
      for (const thread of this.#threads) thread.watch(watched);
    });
    this.#threads = Array.from({ length: threads }, (_, thread) => {
      const config = this.#configOf(thread);
      return new SupervisedThread({
        ...options,
        ...{ thread, threads, memory, config },
        launched: thread === 0 ? early : undefined,
        steps: (steps, dropped) => this.#watchers.tell(steps, dropped),
        beforeStart: async () => {
          await this.#register.placeOrThrow(this.#config.destinations);
          return this.#register.told;
        },
      });
    });
    this.#meter = meterOf(this.#threads);
  }

  get condition(): RouterCondition {
    const down = this.#threads.flatMap(({ condition }, thread) =>
      condition.state === "running" ? [] : [{ condition, thread }],
    );
    const [first] = down.toSorted((one, other) => (one.condition.at < other.condition.at ? -1 : 1));
    if (first === undefined) return { state: "running" };
    if (down.length === this.#threads.length) return first.condition;
    const waiting = new Set(down.map(({ thread }) => thread));
    const destinations = this.#config.destinations
      .filter(({ id, enabled }) => enabled && waiting.has(homeOf(this.#homes, id)))
      .map(({ id }) => id);
    return { ...first.condition, destinations };
  }

  async stats(): Promise<RouterStatus> {
    const all = await this.#directory.askAll("status", null);
    const memory = { held: 0, bytes: 0 };
    const found = new Map<string, RouterStatus["destinations"][number]>();
    for (const { memory: part, destinations } of all) {
      memory.held += part.held;
      memory.bytes += part.bytes;
      for (const destination of destinations) found.set(destination.id, destination);
    }
    const order = [...this.#config.destinations.map(({ id }) => id), ...found.keys()];
    const destinations = [...new Set(order)].flatMap((id) => found.get(id) ?? []);
    return { memory, destinations };
  }

  async ask<Name extends AskedFor>(name: Name, takes: RouterCalls[Name]["takes"]): Promise<RouterCalls[Name]["gives"]> {
    if (this.#closing !== undefined) throw new Error("The router is closed");
    return askThreads(this.#directory, name, takes);
  }

  watch(destinations: WatchedDestinations, watcher: StepWatcher): () => void {
    return this.#watchers.add(destinations, watcher);
  }

  change({ sources, destinations }: RoutedConfig): Promise<void> {
    const changed = this.#changing.then(async () => {
      if (this.#closing !== undefined) return;
      await this.#register.place(destinations);
      const loads = await this.#meter.measure(this.#homes);
      const homes = placed(destinations, this.#threads.length, loads, this.#homes);
      const next = { sources, destinations };
      const comingTo = (thread: number): readonly Destination[] => livingIn(destinations, homes, thread);
      await each(this.#threads, (thread, at) => thread.prepare(comingTo(at)));
      await this.#leave(homes);
      this.#config = next;
      this.#homes = homes;
      await each(this.#threads, (thread, at) => thread.change(this.#configOf(at)));
      await this.#saveLoads(loads);
    });
    this.#changing = changed.catch(() => {});
    return changed;
  }

  close(within = 5000): Promise<void> {
    this.#closing ??= (async () => {
      const loads = await this.#meter.measure(this.#homes);
      await each(this.#threads, (thread) => thread.close(within));
      await this.#saveLoads(loads);
    })();
    return this.#closing;
  }

  /** Lets threads go of what is to live in another one. */
  async #leave(homes: Homes): Promise<void> {
    const moving = Object.keys(this.#homes).filter((id) => homes[id] !== this.#homes[id]);
    if (moving.length === 0) return;
    this.#logger.info({ destinations: moving }, "destinations move to another router thread");
    const before = this.#homes;
    const leftBy = new Set(moving.map((id) => homeOf(before, id)));
    const onTheirWay = { ...homes, ...Object.fromEntries(moving.map((id) => [id, nowhere])) };
    const staying = {
      ...this.#config,
      destinations: this.#config.destinations.filter(({ id }) => !moving.includes(id)),
    };
    await each(this.#threads, async (thread, at) => {
      if (leftBy.has(at)) await thread.leave(this.#configOf(at, staying, onTheirWay));
    });
  }

  async #saveLoads(loads: Readonly<Record<string, number>>): Promise<void> {
    if (this.#threads.length > 1 && Object.keys(loads).length > 0) await this.#register.saveLoads(loads);
  }

  #configOf(thread: number, config = this.#config, homes = this.#homes): ThreadConfig {
    return {
      sources: config.sources,
      destinations: livingIn(config.destinations, homes, thread),
      homes,
      ...this.#register.told,
    };
  }

  get #directory(): ThreadDirectory {
    return {
      homeOf: (destinationId) => this.#threads[homeOf(this.#homes, destinationId)]!,
      askAll: async (name, takes) => {
        const answers = await Promise.allSettled(this.#threads.map((thread) => thread.ask(name, takes)));
        const given = answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : []));
        const [failed] = answers.flatMap((answer) => (answer.status === "rejected" ? [answer.reason as Error] : []));
        if (given.length === 0 && failed !== undefined) throw failed;
        return given;
      },
    };
  }
}

function livingIn(destinations: readonly Destination[], homes: Homes, thread: number): readonly Destination[] {
  return destinations.filter(({ id }) => homeOf(homes, id) === thread);
}

/** Does it with all threads side by side; rejects with the first fault when all have ended. */
async function each(
  threads: readonly SupervisedThread[],
  work: (thread: SupervisedThread, at: number) => Promise<void>,
): Promise<void> {
  for (const result of await Promise.allSettled(threads.map(work)))
    if (result.status === "rejected") throw result.reason;
}
