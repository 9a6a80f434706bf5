import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Engine } from "../engine/engine.ts";
import { type PlaneLogger, unforeseen } from "../logger.ts";
import { tooManyHeaders, unknownPath, wrongMethod } from "./answer.ts";
import { BodyBudget } from "./body-budget.ts";
import { ClientAddress } from "./client-address.ts";
import { ClientConnections, endAndLinger } from "./connections.ts";
import { isPreflight } from "./cors.ts";
import { GatewayCounters, type GatewayStats } from "./counters.ts";
import { EventLog } from "./event-log.ts";
import { Information } from "./information.ts";
import { Ingest } from "./ingest.ts";
import { defaultLimits, type GatewayLimits } from "./limits.ts";
import { ReadyOk } from "./ready-ok.ts";
import { type GatewayShared, RequestContext } from "./request-context.ts";
import { pathOf } from "./request-target.ts";
import { type RouteMethod, routes } from "./routes.ts";
import { type GatewaySource, Sources } from "./sources.ts";
import { StorageGate } from "./storage-gate.ts";

export type { GatewayStats } from "./counters.ts";
export type { GatewayLimits } from "./limits.ts";
export type { GatewaySource } from "./sources.ts";

export interface GatewayOptions {
  readonly sources: readonly GatewaySource[];
  /**
   * Where accepted requests go; the gateway appends to its topic `events` and does not close it.
   */
  readonly engine: Pick<Engine, "append" | "partitions">;
  readonly logger: PlaneLogger;
  /** Version of the data plane, for `/version`. */
  readonly version: string;
  /** Addresses or subnets of proxies whose `X-Forwarded-For` is believed. @default [] */
  readonly trustedProxies?: readonly string[];
  readonly limits?: Partial<GatewayLimits>;
  /** Milliseconds since the epoch. @default Date.now */
  readonly clock?: () => number;
  /** What `/health` says of the router where it does not run. @default nothing */
  readonly router?: () => string | undefined;
  /** Makes the message id of an event that has none. @default a random UUID, version 4 */
  readonly newId?: () => string;
}

export interface Gateway {
  /** Listens when its owner says so. */
  readonly server: Server;
  stats(): GatewayStats;
  /** Takes the place of all sources: requests whose key is looked up from now on. */
  update(sources: readonly GatewaySource[]): void;
  /** Whether the storage takes events: what was found out without a request. */
  readonly storage: StorageGate;
  /** Has `/health` say `stopping`; everything else is served as before. */
  drain(): void;
  /**
   * Stops listening, answers what was read, and closes every connection. Resolves when all are
   * closed, which takes `grace` milliseconds at most: then the rest is cut. Called again it waits
   * for the same end.
   * @param grace default 10_000
   */
  close(grace?: number): Promise<void>;
}

/**
 * The HTTP side of the data plane: takes events the way RudderStack does (docs/gateway.md), and
 * answers `ok` when the engine says that they are durable.
 */
export function createGateway(options: GatewayOptions): Gateway {
  const { engine, logger, version, clock = Date.now, newId = randomUUID } = options;
  const limits: GatewayLimits = { ...defaultLimits, ...options.limits };
  const sources = new Sources(options.sources);
  const counters = new GatewayCounters();
  const budget = new BodyBudget(limits.bytesInFlight, limits.patience);
  const storage = new StorageGate(logger);
  const addresses = new ClientAddress(options.trustedProxies ?? []);
  let updatedAt = clock();
  let stopping = false;
  let closing: Promise<void> | undefined;

  const server = createServer({
    maxHeaderSize: limits.headBytes,
    headersTimeout: limits.headTime,
    requestTimeout: limits.requestTime,
    keepAliveTimeout: limits.idleTime + graceOf(limits.idleTime),
    // How late a time-out may be noticed.
    connectionsCheckingInterval: Math.min(1000, limits.headTime),
  });
  // No limit of its own: node:http would drop what is beyond it in silence, and take the rest for
  // the whole.
  server.maxHeadersCount = 0;
  const connections = new ClientConnections(server, limits.connections);
  const shared: GatewayShared = {
    connections,
    counters,
    readyOk: new ReadyOk(limits.idleTime),
    idleTime: limits.idleTime,
    closing: () => closing !== undefined,
    failed: (error, path) => logger.error({ err: unforeseen(error), path }, "a request could not be handled"),
  };
  const information = new Information({
    sources,
    version,
    stopping: () => stopping,
    updatedAt: () => updatedAt,
    storage,
    router: options.router ?? (() => undefined),
  });
  const ingest = new Ingest({
    log: new EventLog(engine),
    sources,
    addresses,
    counters,
    budget,
    storage,
    limits,
    clock,
    newId,
  });
  const table = routes(ingest, information);

  function handle(request: IncomingMessage, response: ServerResponse): void {
    const context = new RequestContext(request, response, pathOf(request.url ?? ""), shared);
    try {
      const route = table.get(context.path);
      const handler = route?.[request.method as RouteMethod];
      if (request.rawHeaders.length > 2 * limits.headers) context.refuse(tooManyHeaders);
      else if (isPreflight(request.method, request.headers)) context.preflight();
      else if (route === undefined) context.refuse(unknownPath);
      else if (handler === undefined) context.refuse(wrongMethod, ["Allow", Object.keys(route).join(", ")]);
      else handler(context);
    } catch (error) {
      context.fail(error);
    }
  }

  server.on("request", handle);
  // The request has to be refused before its body is asked for; without this, node:http asks at
  // once.
  server.on("checkContinue", handle);
  server.on("clientError", (error: Error & { code?: string }, socket: Duplex) => {
    // The client went away in the middle, perhaps of a body that nobody waits for: no fault of the
    // request.
    if (!socket.writable || goneCodes.has(error.code)) {
      socket.destroy();
      return;
    }
    counters.refuse(error.code === "HPE_HEADER_OVERFLOW" ? "headers" : "bad_request");
    endAndLinger(socket, `HTTP/1.1 ${statusOf(error.code)}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  });

  async function close(grace: number): Promise<void> {
    stopping = true;
    // One turn, so that requests that have reached the machine are read, and hence answered:
    // server.close() ends idle connections at once.
    await nextTurn();
    const stopped = new Promise<void>((resolve) => server.close(() => resolve()));
    await connections.close(grace);
    await stopped;
  }

  return {
    server,
    stats: () => ({
      requests: counters.requests,
      events: counters.events,
      bytes: counters.bytes,
      refused: { ...counters.refused },
      oddities: counters.oddities,
      append: { count: counters.appends, milliseconds: counters.appendMilliseconds },
      bytesInFlight: budget.used,
      connections: connections.count,
      state: stopping ? "stopping" : "ready",
      storage: storage.state,
    }),
    storage,
    update(next) {
      sources.update(next);
      updatedAt = clock();
    },
    drain() {
      stopping = true;
    },
    close(grace = 10_000) {
      closing ??= close(grace);
      return closing;
    },
  };
}

/**
 * Milliseconds that a connection lives beyond what answers promise: a client may use it up to the
 * last moment, and what it has sent by then would meet a connection that is closed.
 */
function graceOf(idleTime: number): number {
  return Math.min(idleTime, 5000);
}

/**
 * Error codes of a connection that the client has left; the last is its parser's word for an
 * end in the middle.
 */
const goneCodes: ReadonlySet<string | undefined> = new Set(["ECONNRESET", "EPIPE", "HPE_INVALID_EOF_STATE"]);

/** What node:http itself found wrong with a request, as a status. */
function statusOf(code: string | undefined): string {
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return "408 Request Timeout";
  if (code === "HPE_HEADER_OVERFLOW") return "431 Request Header Fields Too Large";
  if (code === "HPE_CHUNK_EXTENSIONS_OVERFLOW") return "413 Payload Too Large";
  return "400 Bad Request";
}
