import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { loadDestinationTypes } from "@pintle/destinations";
import { errorMessage, letJsonTakeBigInt } from "@pintle/events";
import type { DestinationType } from "@pintle/kit";
import { loadOwnTypes, type OwnTypes } from "../../config/own-types.ts";
import { lockForDestination } from "../../destination-lock.ts";
import { openThreadEngine } from "../../engine/open-engine.ts";
import type { PlaneLogger } from "../../logger.ts";
import type { Destination } from "../../model/destination.ts";
import { DeadLetters } from "../dead/dead-letters.ts";
import { RateLimit } from "../deliver/rate-limit.ts";
import { LogReplays } from "../replay/log-replays.ts";
import { Router } from "../router.ts";
import { systemClock } from "../time/clock.ts";
import { Transformation } from "../transform/transformation.ts";
import type {
  FromRouter,
  LoggedLevel,
  RouterCall,
  RouterCalls,
  RouterThreadData,
  ToRouter,
} from "./thread-messages.ts";
import { retentionOf } from "./topic-retention.ts";

/*
 * The router's thread: an engine of its own, so that only high watermarks and a few messages pass
 * between it and the main thread. It writes every topic but `events`. A fault that nobody catches
 * ends the thread, and the main one starts another, which goes on from the saved progress.
 */

const main = parentPort;
if (main === null) throw new Error("This file is the entry of a worker thread");
void begin(workerData as MessagePort, (message) => main.postMessage(message));

/**
 * Waits for what is to be done: the thread is launched, and loads these modules, before that is
 * known.
 */
async function begin(port: MessagePort, tell: (message: FromRouter) => void): Promise<void> {
  const [data] = (await once(port, "message")) as [RouterThreadData];
  port.close();
  await run(data, tell);
}

// Long, since it is the order in which a thread is put together, to be read from top to bottom.
async function run(data: RouterThreadData, tell: (message: FromRouter) => void): Promise<void> {
  // Destinations of users write events with JSON.stringify.
  letJsonTakeBigInt();
  const logger = tellingLogger(tell);
  const loadTypes = async (destinations: readonly Destination[]): Promise<OwnTypes | string> => {
    tell({ kind: "loading" });
    const loaded = await loadOwnTypes(destinations, data.configTimeout).catch(errorMessage);
    tell(typeof loaded === "string" ? { kind: "loaded", problem: loaded } : { kind: "loaded" });
    return loaded;
  };
  const ownTypes = await loadTypes(data.destinations);
  // The main thread ends this one.
  if (typeof ownTypes === "string") return;
  const types = new Map([...(await typesOfPintle(data.destinations)), ...ownTypes]);
  const engine = openThreadEngine(data.engine, { logger, retention: retentionOf });
  const folder = join(data.directory, "transform");
  const dead = new DeadLetters(engine, () => Date.now());
  const opened = open();
  async function open(): Promise<Pick<Parts, "router" | "replays">> {
    let router: Router | undefined;
    // First: as soon as the router is there, events go out, and somebody may ask how everything
    // stands.
    const replays = await LogReplays.open({
      engine,
      clock: systemClock,
      random: Math.random,
      newId: () => randomUUID().slice(0, 8),
      target: (destinationId) => router?.replayTarget(destinationId),
    });
    router = await Router.open({
      engine,
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
      pipelineOf: ({ id: destinationId, name: destination, type, rateLimit, transform }) => ({
        ...(rateLimit === undefined ? {} : { throttle: new RateLimit(rateLimit) }),
        ...(transform === undefined
          ? {}
          : {
              transform: new Transformation({
                ...transform,
                destination,
                clock: systemClock,
                startLimit: data.configTimeout,
                takesRequests: types.get(type)?.takesRequests === true,
                notes: { folder, destinationId },
              }),
            }),
      }),
    });
    return { router, replays };
  }

  main?.on("message", async (message: ToRouter) => {
    const { router, replays } = await opened;
    const parts: Parts = { router, types, dead, replays, loadTypes };
    if (message.kind === "ask") {
      const { id, call } = message;
      await answer(parts, call).then(
        (value) => tell({ kind: "answer", id, value }),
        (error: unknown) => tell({ kind: "failed", id, message: errorMessage(error) }),
      );
    } else {
      await replays.close();
      await router.close(message.within);
      await engine.close();
      tell({ kind: "closed" });
      main?.close();
    }
  });

  await opened;
  tell({ kind: "ready" });
}

/** The types of Pintle that destinations need. Those that nobody uses are not loaded. */
function typesOfPintle(destinations: readonly Destination[]): Promise<Map<string, DestinationType>> {
  return loadDestinationTypes(destinations.filter(({ enabled }) => enabled).map(({ type }) => type));
}

interface Parts {
  readonly router: Router;
  readonly types: Map<string, DestinationType>;
  loadTypes(destinations: readonly Destination[]): Promise<OwnTypes | string>;
  readonly dead: DeadLetters;
  readonly replays: LogReplays;
}

async function answer(
  { router, types, dead, replays, loadTypes }: Parts,
  call: RouterCall,
): Promise<RouterCalls[RouterCall["name"]]["gives"]> {
  switch (call.name) {
    case "status":
      // What became durable before the question comes over another port, and may be behind it.
      await setImmediate();
      return router.status();
    case "change": {
      const ownTypes = await loadTypes(call.takes.destinations);
      if (typeof ownTypes === "string") return ownTypes;
      const others = await typesOfPintle(call.takes.destinations);
      for (const [name, type] of [...others, ...ownTypes]) types.set(name, type);
      await router.change(call.takes);
      return null;
    }
    case "deadList":
      return dead.list(call.takes.destinationId, call.takes.query, call.takes.limit);
    case "deadCounts": {
      const counts: Record<string, Record<string, number>> = {};
      for (const id of call.takes) counts[id] = await dead.counts(id);
      return counts;
    }
    case "deadShow":
      return (await dead.show(call.takes.destinationId, call.takes.letter)) ?? null;
    case "deadSettle": {
      const { destinationId, query, decision } = call.takes;
      return decision === "purged"
        ? dead.purge(destinationId, query)
        : dead.replay(destinationId, query, router.replaying(destinationId));
    }
    case "retry":
      return router.retryNow(call.takes);
    case "replayStart":
      return replays.start(call.takes);
    case "replayStop":
      return (await replays.stop(call.takes)) ?? null;
    case "replayList":
      return replays.list();
  }
}

function tellingLogger(tell: (message: FromRouter) => void): PlaneLogger {
  const at =
    (level: LoggedLevel) =>
    (fields: object | string, message?: string): void => {
      const line = typeof fields === "string" ? { fields: {}, message: fields } : { fields, message: message ?? "" };
      tell({ kind: "log", level, ...line });
    };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}
