import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { errorMessage } from "@pintle/events";
import { FolderLock, isDiskFull, LogError } from "@pintle/log";
import { type AdminOptions, createAdminServer } from "./admin/admin-server.ts";
import { routerAdmin } from "./admin/router-admin.ts";
import type { AdminParts } from "./admin/routes.ts";
import { statusOf } from "./admin/status.ts";
import type { DataPlaneConfig } from "./config/config.ts";
import { makeDataFolder } from "./data-folder.ts";
import type { Retention, TopicSize } from "./engine/engine.ts";
import { openEngine } from "./engine/open-engine.ts";
import { ServerError, systemCode } from "./errors.ts";
import { createGateway, type Gateway } from "./gateway/gateway.ts";
import type { PlaneLogger } from "./logger.ts";
import { defaultMemory, sharesOf, thisMachine, threadsFor, usable } from "./memory-limit.ts";
import { readOrMakeSecret, type Warn, writePrivateFile } from "./private-file.ts";
import { Redactor } from "./redactor.ts";
import { type Reloaded, Reloader } from "./reload.ts";
import type { LaunchedThread } from "./router/thread/launch.ts";
import { startRouter } from "./router/thread/start-router.ts";
import { StartTimes } from "./start-times.ts";
import { StorageWatch } from "./storage-watch.ts";
import { version } from "./version.ts";

export interface DataPlaneOptions {
  readonly config: DataPlaneConfig;
  /** Where everything durable is kept; made if it is not there. */
  readonly dataFolder: string;
  /** The address that takes events. */
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** The port on 127.0.0.1; 0: any free one. */
  readonly adminPort: number;
  /** How long to wait for another data plane to let go of the folder, milliseconds. @default 0 */
  readonly wait?: number;
  /**
   * How long, at the end, `/health` says `stopping` while requests are still served, milliseconds.
   * @default 0
   */
  readonly drain?: number;
  /** Addresses or subnets of proxies whose `X-Forwarded-For` is believed. @default none */
  readonly trustedProxies?: readonly string[];
  /** How long accepted events are kept, milliseconds. @default a week */
  readonly keepTime?: number | undefined;
  /** Bytes that they may take on the disk. @default 50 GB */
  readonly keepSize?: number | undefined;
  readonly logger: PlaneLogger;
  /** Reads the configuration anew. Without it, a reload is refused. */
  readonly load?: ((signal: AbortSignal) => Promise<DataPlaneConfig>) | undefined;
  /**
   * Milliseconds for running the configuration in the router's thread, where it has types of
   * destinations. @default 30000
   */
  readonly configTimeout?: number;
  /** Milliseconds between two looks at the file of the configuration. @default 2000 */
  readonly pollEvery?: number;
  /** The router's thread, where it was launched while the configuration was being loaded. */
  readonly launched?: LaunchedThread | undefined;
  /** Gets how long each phase of the start took. */
  readonly times?: StartTimes;
  /** Learns the secrets of each configuration. */
  readonly redactor?: Redactor;
}

export interface DataPlane {
  /** Where SDKs send to. */
  readonly url: string;
  readonly adminUrl: string;
  /** The file with what the admin port asks for. */
  readonly adminTokenFile: string;
  /** Takes over a changed configuration without a restart. Never rejects. */
  reload(): Promise<Reloaded>;
  /** Ends it cleanly. Called again it waits for the same end. */
  close(): Promise<void>;
}

/** Retention of the topic `events`: a tenth of the disk is kept free. */
const retention = { maxAge: 7 * 24 * 60 * 60 * 1000, maxBytes: 50e9, minFree: 0.1 } satisfies Retention;
/** Milliseconds between two attempts to write what a full disk did not take. */
const watchEvery = 2000;
const adminHost = "127.0.0.1";
/** Milliseconds from the start of the admin port to when its routes are loaded. */
const routesAfter = 200;

/**
 * Puts a data plane together. The order is part of what it promises:
 *
 * 1. the lock of the data folder, so that nobody else writes there;
 * 2. the engine, which recovers what a crash has left;
 * 3. the router: when it has started, every destination has its place in the log, so that nothing
 *    that is accepted from then on is missed by any of them;
 * 4. the gateway, which can make durable whatever it accepts;
 * 5. the admin port, which knows all the others.
 *
 * A change of the configuration at run time goes to the router first, then to the gateway
 * (reload.ts).
 *
 * It ends the other way round: the gateway takes nothing new and answers what it has read, the
 * router lets deliveries end that are on their way and saves where it stands, the engine closes its
 * files, and the lock is the last to go. What fails on the way up is followed by the way down from
 * there.
 *
 * @throws ServerError for everything that its owner can mend: FOLDER_*, PINTLE_PORT_IN_USE,
 * PINTLE_ADDRESS_UNAVAILABLE
 */
export async function startDataPlane(options: DataPlaneOptions): Promise<DataPlane> {
  const { config, dataFolder, host, port, adminPort, wait = 0, drain = 0, logger, redactor = new Redactor() } = options;
  const {
    keepTime = retention.maxAge,
    keepSize = retention.maxBytes,
    trustedProxies = [],
    times = new StartTimes(),
  } = options;
  redactor.learn(config.secrets);
  const startedAt = new Date().toISOString();
  const steps: (() => Promise<void>)[] = [];
  let closing: Promise<void> | undefined;

  const warn = (line: string): void => logger.warn(line);

  async function drainAndClose(gateway: Gateway): Promise<void> {
    gateway.drain();
    if (drain > 0) await delay(drain);
    await closeAll();
  }

  async function closeAll(): Promise<void> {
    for (let step = steps.pop(); step !== undefined; step = steps.pop()) await step();
  }

  try {
    await makeDataFolder(dataFolder, warn);
    const lock = await lockFolder(dataFolder, wait);
    steps.push(() => lock.release());
    times.lap("lock");

    const engine = await openEngine({
      config: config.engine,
      directory: dataFolder,
      logger,
      retention: () => ({ ...retention, maxAge: keepTime, maxBytes: keepSize }),
    });
    steps.push(() => engine.close());
    times.lap("engine");

    const { sources, destinations, directory: configDirectory, memory = defaultMemory(thisMachine()) } = config;
    const enabled = destinations.filter((destination) => destination.enabled).length;
    const threads = threadsFor(config.router?.threads ?? 1, enabled);
    const shares = sharesOf(memory, threads);
    if (memory > usable(thisMachine()) / 2) {
      logger.warn(
        `memory: ${megabytes(memory)} is more than half of what there is, ${megabytes(usable(thisMachine()))}`,
      );
    }
    const router = await startRouter({
      directory: dataFolder,
      configDirectory,
      sources,
      destinations,
      version,
      threads,
      memory: shares,
      engine,
      logger,
      launched: options.launched,
      ...(options.configTimeout === undefined ? {} : { configTimeout: options.configTimeout }),
    });
    steps.push(() => router.close());
    times.lap("router");

    const routerState = (): string | undefined => {
      const { state } = router.condition;
      return state === "running" ? undefined : state;
    };
    const gateway = createGateway({
      router: routerState,
      sources,
      engine,
      logger,
      version,
      trustedProxies,
      limits: { bytesInFlight: shares.bodies },
    });
    steps.push(() => gateway.close());
    const watch = await StorageWatch.start({ engine, topic: "events", gate: gateway.storage });
    steps.push(() => watch.close());
    const url = await listen(gateway.server, host, port, "--port");
    times.lap("gateway");

    let current = config;
    const reloader = new Reloader({
      config,
      load:
        options.load ??
        (() => Promise.reject(new ServerError("PINTLE_CONFIG_NOT_FOUND", "there is no file to read it from again"))),
      logger,
      pollEvery: options.pollEvery,
      apply: async (next) => {
        redactor.learn(next.secrets);
        // First the router: what the gateway accepts from then on is for destinations that are
        // there.
        await router.change(next);
        gateway.update(next.sources);
        for (const setting of ["memory", "engine", "router"] as const) {
          if (isDeepStrictEqual(next[setting], config[setting])) continue;
          logger.warn(`${setting}: the new value counts from the next start; until then the one before does`);
        }
        current = next;
      },
    });
    steps.push(() => reloader.close());

    const adminTokenFile = join(dataFolder, "admin-token");
    const admin = createAdminServer({
      token: readOrMakeSecret(adminTokenFile, "at_", warn),
      routes: lazyRoutes({
        async status() {
          const unknown = { memory: { held: 0, bytes: shares.events * threads }, destinations: [] };
          const [stats, topics] = await Promise.all([
            router.stats().catch((error: unknown) => {
              // It may have died while it was asked.
              if (router.condition.state === "running") throw error;
              return unknown;
            }),
            engine.topics(),
          ]);
          return statusOf({ version, startedAt }, gateway.stats(), stats, router.condition, sizesOf(topics));
        },
        reload: () => reloader.reload(),
        ...routerAdmin({ router, engine, destinations: () => current.destinations }),
      }),
      hiding: () => redactor.hiding,
      logger,
    });
    steps.push(() => closeServer(admin));
    const adminUrl = await listen(admin, adminHost, adminPort, "--admin-port");

    steps.push(keepAdminUrl(dataFolder, adminUrl, warn));
    times.lap("admin");

    return {
      url,
      adminUrl,
      adminTokenFile,
      reload: () => reloader.reload(),
      close() {
        closing ??= drainAndClose(gateway);
        return closing;
      },
    };
  } catch (error) {
    await closeAll();
    if (isDiskFull(error)) {
      throw new ServerError(
        "PINTLE_FOLDER_NOT_WRITABLE",
        `the data folder ${dataFolder} cannot be made: the disk is full`,
        {
          cause: error,
        },
      );
    }
    // By its name: an error of the router's thread has lost its class on the way.
    if (error instanceof Error && error.name === "EngineError") {
      throw new ServerError(
        "PINTLE_FOLDER_UNUSABLE",
        `the data folder ${dataFolder} cannot be used: ${error.message}`,
        {
          cause: error,
        },
      );
    }
    throw error;
  }
}

/**
 * What the admin port does, loaded once everything runs: it checks what it is asked by schemas,
 * whose library takes as long to load as Node. Not only with the first question, since the files
 * may be another version's by then.
 */
function lazyRoutes(parts: AdminParts): AdminOptions["routes"] {
  let routes: ReturnType<AdminOptions["routes"]> | undefined;
  const load = (): ReturnType<AdminOptions["routes"]> => {
    routes ??= import("./admin/routes.ts").then(({ adminRoutes }) => adminRoutes(parts));
    return routes;
  };
  // Where that fails, the next question says so.
  setTimeout(() => void load().catch(() => {}), routesAfter).unref();
  return load;
}

/**
 * Writes down where the commands look for the admin port. On a disk that is full it is tried again
 * until there is room: nothing else waits for it. Gives what ends that.
 */
function keepAdminUrl(dataFolder: string, adminUrl: string, warn: Warn): () => Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const write = (isFirst: boolean): void => {
    try {
      writePrivateFile(join(dataFolder, "admin-url"), `${adminUrl}\n`);
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      if (isFirst) warn(`the disk is full: until there is room, commands need --admin-port ${new URL(adminUrl).port}`);
      timer = setTimeout(() => write(false), watchEvery);
      timer.unref();
    }
  };
  write(true);
  return async () => clearTimeout(timer);
}

function sizesOf(topics: readonly TopicSize[]): Record<string, number> {
  return Object.fromEntries(topics.map(({ name, bytes }) => [name, bytes]));
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}

async function lockFolder(dataFolder: string, wait: number): Promise<FolderLock> {
  try {
    return await FolderLock.acquire(dataFolder, { wait });
  } catch (error) {
    if (!(error instanceof LogError)) throw error;
    if (error.code !== "PINTLE_LOCK_HELD")
      throw new ServerError("PINTLE_FOLDER_NOT_WRITABLE", error.message, { cause: error });
    const advice = "stop it, choose another folder (--data DIR), or wait for it (--wait 30s)";
    // Its own advice says the same without the flags.
    const problem = error.message.replace(/\. End it, .*$/s, "");
    throw new ServerError("PINTLE_FOLDER_LOCKED", `${problem} (${advice})`, { cause: error });
  }
}

/** Resolves with the URL when the server listens. `flag` is what its owner would change. */
async function listen(server: Server, host: string, port: number, flag: string): Promise<string> {
  try {
    server.listen({ host, port });
    await once(server, "listening");
  } catch (error) {
    const code = systemCode(error);
    if (code === "EADDRINUSE") {
      throw new ServerError("PINTLE_PORT_IN_USE", `port ${port} of ${host} is in use (choose another: ${flag} PORT)`, {
        cause: error,
      });
    }
    const reasons: Record<string, string> = {
      EACCES: "no permission for this port",
      EADDRNOTAVAIL: "this machine does not have the address",
      ENOTFOUND: "no such host",
    };
    const reason = reasons[code] ?? errorMessage(error);
    throw new ServerError("PINTLE_ADDRESS_UNAVAILABLE", `cannot listen on ${host}, port ${port}: ${reason}`, {
      cause: error,
    });
  }
  const { address, family, port: actual } = server.address() as AddressInfo;
  return `http://${family === "IPv6" ? `[${address}]` : address}:${actual}`;
}

async function closeServer(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, "close");
  server.close();
  server.closeAllConnections();
  await closed;
}
