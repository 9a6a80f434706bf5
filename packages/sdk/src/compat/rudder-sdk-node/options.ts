import { type Config, envelopeBytes } from "../../config.ts";
import { type Duration, parseDuration } from "../../duration.ts";
import { callForeign } from "../../foreign.ts";
import type { Logger } from "../../logger.ts";
import { nodeTransport } from "../../transport/node-transport.ts";
import type { Transport } from "../../transport/transport.ts";
import { bounded } from "../bounded.ts";
import { withPath } from "../with-path.ts";
import { type AxiosConfig, type AxiosLike, axiosTransport, connectionsOf, isAxios } from "./axios.ts";

/**
 * The options of `@rudderstack/rudder-sdk-node` 3. Those that have no meaning here are accepted,
 * and named once in the log. See {@link Analytics}.
 */
export interface constructorOptions {
  /** Default: `https://hosted.rudderlabs.com`. */
  readonly dataPlaneUrl?: string | undefined;
  /** The same as `dataPlaneUrl`, which goes before it. */
  readonly host?: string | undefined;
  /** Where batches go. Default: `/v1/batch`. */
  readonly path?: string | undefined;
  /** Messages in one request. Default: 20. */
  readonly flushAt?: number | undefined;
  /** Milliseconds after which what is queued is sent. Default: 10,000. */
  readonly flushInterval?: number | undefined;
  /** Bytes of one request. Default: 460,800. */
  readonly maxQueueSize?: number | undefined;
  /** Messages that wait at one time. Default: 20,000. */
  readonly maxInternalQueueSize?: number | undefined;
  /** `"silly"`, `"debug"`, `"info"`, `"warn"` or `"error"`. Default: `"info"`. */
  readonly logLevel?: string | undefined;
  /** Whether anything is sent. Default: true. */
  readonly enable?: boolean | undefined;
  /** Whether bodies above 1 KB are compressed. Default: true. */
  readonly gzip?: boolean | undefined;
  /** The time for one attempt. Default: 10,000 ms. */
  readonly timeout?: Duration | undefined;
  /** Called when messages are given up; then `flush` does not reject. */
  readonly errorHandler?: ((error: Error) => void) | undefined;
  /**
   * Has no meaning here: messages are tried again until `maxAge`, one hour unless `pintle` says
   * otherwise.
   */
  readonly retryCount?: number | undefined;
  /** Options of axios: `timeout`, `headers`, `proxy`, `httpAgent` and `httpsAgent`. */
  readonly axiosConfig?: AxiosConfig | undefined;
  /**
   * An instance of axios that makes the requests, with its interceptors. Default: there is no
   * axios.
   */
  readonly axiosInstance?: AxiosLike | undefined;
  /** Has no meaning here. */
  readonly axiosRetryConfig?: unknown;
  /**
   * Options of Pintle's own, which go before all others: `durable`, `maxAge`, `beforeSend`,
   * `transport`, ...
   */
  readonly pintle?: Config | undefined;
}

const week = 7 * 86_400_000;
const levels = ["silly", "debug", "info", "warn", "error"] as const;

/** What Pintle is to be made with. */
export function translate(
  options: constructorOptions,
  logger: Logger,
): { readonly url: string; readonly config: Config } {
  const { dataPlaneUrl, host, path, flushAt, flushInterval, maxQueueSize, gzip, axiosConfig, axiosInstance } = options;
  const url = (dataPlaneUrl || host || "https://hosted.rudderlabs.com").replace(/\/+$/, "");
  for (const name of ["retryCount", "axiosRetryConfig"] as const) {
    if (options[name] !== undefined) logger.warn(`pintle: the option ${name} has no meaning here`);
  }
  const { transport, proxy, agent, ca, ...others } = options.pintle ?? {};
  const { headers, ...connections } = connectionsOf(isFields(axiosConfig) ? axiosConfig : {}, url);
  const own: Transport | undefined = transport ?? (isAxios(axiosInstance) ? axiosTransport(axiosInstance) : undefined);
  const given = { ...connections, ...defined({ proxy, agent, ca }) };
  // 0 stands for the default, as in the official SDK; and a message has room, however small the
  // queue is.
  const maxBatchBytes = others.maxBatchBytes ?? bounded(maxQueueSize || undefined, 460_800, 65_536, 4_000_000);
  const config: Config = {
    batchSize: bounded(flushAt || undefined, 20, 1, 20_000),
    interval: bounded(flushInterval || undefined, 10_000, 1, week),
    maxBatchBytes,
    // It warns at 32 KB and sends them all the same.
    maxMessageBytes: maxBatchBytes - envelopeBytes,
    gzip: gzip !== false,
    timeout: milliseconds(options.timeout) ?? milliseconds((axiosConfig as AxiosConfig)?.timeout) ?? 10_000,
    verbose: options.logLevel === "debug" || options.logLevel === "silly",
    ...defined({ headers }),
    ...others,
    logger,
    ...transportOf(own, path, given, others.concurrency),
  };
  return { url, config };
}

/** A transport only where one is needed: connections are the client's otherwise. */
function transportOf(
  own: Transport | undefined,
  path: string | undefined,
  connections: Pick<Config, "proxy" | "agent" | "ca">,
  concurrency: number | undefined,
): Config {
  const other = path === undefined || path === "" ? "/v1/batch" : path.replace(/\/+$/, "");
  if (own === undefined && other === "/v1/batch") return connections;
  return { transport: withPath(own ?? nodeTransport({ ...connections, concurrency }), other) };
}

/** `level` and what is graver. */
export function loggerFor(level: string | undefined, logger: Logger): Logger {
  const least = Math.max(0, levels.indexOf((level ?? "info") as (typeof levels)[number]));
  const at = (name: keyof Logger): Logger["info"] =>
    levels.indexOf(name) >= least
      ? (text) =>
          void callForeign(
            () => logger[name](text),
            () => {},
          )
      : () => {};
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** 0 stands for none in axios: the default is used. */
function milliseconds(value: unknown): number | undefined {
  const given = parseDuration(value);
  return given ? Math.min(given, week) : undefined;
}

function defined<Fields extends object>(fields: Fields): Partial<Fields> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<Fields>;
}

function isFields(value: unknown): value is AxiosConfig {
  return typeof value === "object" && value !== null;
}
