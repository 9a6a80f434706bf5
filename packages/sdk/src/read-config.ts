import { type Context, describe, isObject } from "@pintle/events";
import { checkUrl, checkWriteKey, order } from "./address.ts";
import type { BeforeSend } from "./before-send.ts";
import type { Enrich } from "./config.ts";
import {
  type Config,
  type ConnectionsCheck,
  type DurableCheck,
  envelopeBytes,
  type Settings,
  type Validators,
} from "./config.ts";
import type { ConnectionSettings } from "./connection-settings.ts";
import { ConfigError } from "./errors.ts";
import { hasFields } from "./has-fields.ts";
import { findWrongHeader, type RequestHeaders } from "./headers.ts";
import { kindOf } from "./kind-of.ts";
import type { Logger } from "./logger.ts";
import {
  type Check,
  duration,
  flag,
  functions,
  integer,
  oneOf,
  option,
  optionalFunction,
  snapshot,
  withFunctions,
} from "./option-checks.ts";
import { findInvalidValidator } from "./plan/plan.ts";
import type { Transport } from "./transport/transport.ts";

const mostBatchBytes = 4_000_000;
const mostBatchSize = 20_000;
const week = 7 * 86_400_000;
const month = 30 * 86_400_000;

/** Lets options pass that are checked where they can be used: durable mode, connections. */
const unchecked: Check<unknown> = (_, value) => value;

const checks = {
  interval: duration(5_000, 0, week),
  batchSize: integer(250, 1, mostBatchSize),
  maxBatchBytes: integer(512_000, 64, mostBatchBytes),
  maxMessageBytes: integer(32_768, 1, mostBatchBytes - envelopeBytes),
  maxQueueBytes: integer(64 * 1024 * 1024, 64, Number.MAX_SAFE_INTEGER),
  overflow: oneOf("drop-newest", "drop-oldest"),
  gzip: flag(true),
  timeout: duration(10_000, 1, week),
  maxAge: duration(3_600_000, 1, month),
  concurrency: integer(4, 1, 256),
  defaultContext: snapshot<Context>(),
  beforeSend: functions<BeforeSend>(),
  enrich: optionalFunction<Enrich>(),
  enrichTimeout: duration(5_000, 1, week),
  plan: validators,
  strict: flag(false),
  durable: unchecked,
  verbose: flag(false),
  logger,
  proxy: unchecked,
  agent: unchecked,
  ca: unchecked,
  headers: ownHeaders,
  transport: optionalFunction<Transport>(),
  nodeAware: flag(true),
  enabled: flag(true),
  waitUntil: optionalFunction<NonNullable<Config["waitUntil"]>>(),
  closeOnSignals: flag(undefined),
  exitTimeout: duration(2_000, 0, week),
} satisfies { readonly [Option in keyof Config]-?: Check<unknown> };

/** Checks everything that the constructor is given. Throws ConfigError, and nothing else. */
export function resolveConfig(...given: Parameters<typeof readConfig>): Settings {
  try {
    return readConfig(...given);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError("config", undefined, "an object that cannot be read", `fields without getters that throw`);
  }
}

function readConfig(
  writeKey: unknown,
  url: unknown,
  config: unknown = {},
  checkDurable?: DurableCheck,
  checkConnections?: ConnectionsCheck,
): Settings {
  const key = checkWriteKey(writeKey);
  const address = checkUrl(url);
  if (!isObject(config)) throw new ConfigError("config", undefined, kindOf(config), `an object: ${order}`);
  for (const name of Object.keys(config)) {
    if (!Object.hasOwn(checks, name)) {
      // Its value is not shown: a key that is given as an option is still a key.
      throw new ConfigError(name, undefined, "no option", `one of ${Object.keys(checks).join(", ")}`);
    }
  }
  const options: Record<string, unknown> = {};
  for (const [name, check] of Object.entries(checks)) options[name] = check(name, config[name]);
  const { proxy, agent, ca, durable, ...others } = options as unknown as {
    [Option in keyof typeof checks]: ReturnType<(typeof checks)[Option]>;
  };
  const checked = { writeKey: key, url: address, ...others };
  const settings = {
    ...checked,
    maxMessageBytes: messageLimit(checked, config.maxMessageBytes !== undefined),
    connections: connectionsOf({ proxy, agent, ca } as Pick<Config, "proxy">, checked, checkConnections),
    durable: undefined,
  };
  if (durable === undefined) return settings;
  if (checkDurable === undefined) {
    const allowed = "none, because this runtime has no file system";
    throw new ConfigError("durable", durable, describe(durable), allowed);
  }
  const maxAge = config.maxAge === undefined ? week : settings.maxAge;
  return { ...settings, durable: checkDurable(durable, settings), maxAge };
}

function connectionsOf(
  options: Pick<Config, "proxy" | "agent" | "ca">,
  { transport, concurrency, url }: Pick<Settings, "transport" | "concurrency" | "url">,
  check: ConnectionsCheck | undefined,
): ConnectionSettings | undefined {
  const [given] = Object.entries(options).find(([, value]) => value !== undefined) ?? [];
  if (given === undefined) return undefined;
  if (transport !== undefined)
    throw new ConfigError(given, undefined, "given with transport", "none: that makes the connections");
  if (check === undefined)
    throw new ConfigError(given, undefined, "given", "none, because the runtime's fetch makes the connections");
  return check(options, concurrency, url);
}

/**
 * A message has to fit into a request and into the queue. The default gives way to that, what was
 * asked for does not.
 */
function messageLimit(settings: Pick<Settings, "maxMessageBytes" | "maxBatchBytes" | "maxQueueBytes">, asked: boolean) {
  const { maxMessageBytes, maxBatchBytes, maxQueueBytes } = settings;
  const most = Math.min(maxBatchBytes - envelopeBytes, maxQueueBytes);
  if (maxMessageBytes <= most || !asked) return Math.min(maxMessageBytes, most);
  const allowed = `at most ${most}: maxBatchBytes less ${envelopeBytes}, and not over maxQueueBytes`;
  throw new ConfigError("maxMessageBytes", maxMessageBytes, String(maxMessageBytes), allowed);
}

function ownHeaders(name: string, value: unknown): RequestHeaders | undefined {
  if (value === undefined || typeof value === "function") return value as RequestHeaders | undefined;
  const wrong = isObject(value) ? findWrongHeader(value) : `it is ${kindOf(value)}`;
  if (wrong === undefined) return { ...(value as RequestHeaders) };
  const allowed = "an object of names and texts, or functions that give them";
  throw new ConfigError(name, undefined, `not possible: ${wrong}`, allowed);
}

const ownLogger = withFunctions<Logger>("debug", "info", "warn", "error");

/** Looked up anew for each client: the program may have replaced the console. */
function logger(name: string, value: unknown): Logger {
  return ownLogger(name, value) ?? console;
}

const table = option(undefined, "an object with a Standard Schema validator for each name of an event", (value) =>
  hasFields(value) ? (value as Validators) : undefined,
);

function validators(name: string, value: unknown): Validators | undefined {
  const given = table(name, value);
  const wrong = given === undefined ? undefined : findInvalidValidator(given);
  if (given === undefined || wrong === undefined) return given;
  throw new ConfigError(`${name}["${wrong}"]`, given[wrong], describe(given[wrong]), "a Standard Schema validator");
}
