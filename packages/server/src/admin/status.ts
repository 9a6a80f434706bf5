import type { GatewayStats } from "../gateway/gateway.ts";
import type { DestinationStatus, RouterStatus } from "../router/ledger/status.ts";
import type { RouterCondition } from "../router/thread/running-router.ts";

/**
 * What the data plane is doing, as `GET /status` tells it. Counters start at 0 with the process.
 */
export interface Status {
  readonly version: string;
  readonly state: "ready" | "stopping";
  /** RFC 3339. */
  readonly startedAt: string;
  /**
   * Events that were answered with `ok`, in how many requests, and the bytes of those after
   * decompression.
   */
  readonly accepted: number;
  readonly requests: number;
  readonly bytes: number;
  /** Requests that were refused, by reason. */
  readonly refused: Readonly<Record<string, number>>;
  /** What is odd about the requests of a source, by kind: docs/gateway.md. */
  readonly oddities: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** How often events were made durable, and how many milliseconds that took in all. */
  readonly append: { readonly count: number; readonly milliseconds: number };
  /** Whether the storage takes events. */
  readonly storage: "open" | "full" | "shut";
  /** Whether the router runs; where it does not, why, since when, and when it is tried again. */
  readonly router: RouterCondition;
  /** Bytes on disk by topic. */
  readonly log: Readonly<Record<string, number>>;
  /**
   * Bytes of memory: what the events of all destinations are charged with and may be, and bodies
   * that the gateway has.
   */
  readonly memory: { readonly held: number; readonly bytes: number; readonly bodies: number };
  readonly destinations: readonly DestinationStatus[];
}

export interface Health {
  /** `full`, `shut`: the storage takes nothing, as the disk is full or for another reason. */
  readonly status: "ready" | "stopping" | "full" | "shut";
  /** Only where it does not run. */
  readonly router?: RouterCondition;
  /**
   * Destinations that do not take events now, or take them too slowly, with the reason where one is
   * known.
   */
  readonly behind: readonly {
    readonly id: string;
    readonly state: string;
    /** Age of the oldest event that has not ended. */
    readonly seconds: number;
    readonly reason?: string;
  }[];
}

/** Seconds of lag from which a destination that works is behind. */
const behindAfter = 60;

/** Puts together what the parts of the data plane know. */
export function statusOf(
  about: Pick<Status, "version" | "startedAt">,
  gateway: GatewayStats,
  router: RouterStatus,
  condition: RouterCondition,
  log: Status["log"],
): Status {
  return {
    version: about.version,
    state: gateway.state,
    startedAt: about.startedAt,
    accepted: gateway.events,
    requests: gateway.requests,
    bytes: gateway.bytes,
    refused: gateway.refused,
    oddities: gateway.oddities,
    append: gateway.append,
    storage: gateway.storage,
    router: condition,
    log,
    memory: { ...router.memory, bodies: gateway.bytesInFlight },
    destinations: router.destinations,
  };
}

export function healthOf({ state, storage, router, destinations }: Status): Health {
  return {
    status: state === "ready" && storage !== "open" ? storage : state,
    ...(router.state === "running" ? {} : { router }),
    behind: destinations
      .filter(({ state, lag }) => state !== "closed" || lag.seconds >= behindAfter)
      .map(({ id, state, lag, problem }) => ({
        id,
        state,
        seconds: lag.seconds,
        // The latest problem of one that works may be long over.
        ...(problem === undefined || state === "closed" ? {} : { reason: problem.reason }),
      })),
  };
}
