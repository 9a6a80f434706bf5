import { resolve } from "node:path";
import { bytesIn, durationIn } from "@pintle/kit/values";
import { defaultConfigTimeout } from "../config/config-timeout.ts";
import { didYouMean } from "../config/suggestion.ts";
import { ServerError } from "../errors.ts";
import { ClientAddress } from "../gateway/client-address.ts";
import { type LogLevel, logLevels } from "../logger.ts";
import type { Flag } from "./command.ts";

export interface StartOptions {
  /** Absolute path; `undefined` where none was named. */
  readonly config: string | undefined;
  readonly host: string;
  readonly port: number;
  readonly adminPort: number;
  /** Absolute path. */
  readonly data: string;
  /** Milliseconds. */
  readonly wait: number;
  /** Milliseconds. */
  readonly drain: number;
  readonly trustedProxies: readonly string[];
  /**
   * How long, in milliseconds, and up to how many bytes accepted events are kept; `undefined`: as
   * long as the data plane does by default.
   */
  readonly keepTime: number | undefined;
  readonly keepSize: number | undefined;
  readonly logLevel: LogLevel;
  /** Milliseconds that the configuration, which may be a program, has for being loaded. */
  readonly configTimeout: number;
}

/** Flags of every command that runs code of the owner. */
export const configTimeoutFlag: Flag = {
  value: "TIME",
  description: "how long a configuration in TypeScript or JavaScript may take to load, like 60s (default 30s)",
};

/** Flags of every command that reads a `workspaceConfig.json`. */
export const workspaceFlag: Flag = {
  value: "ID",
  description: "the workspace that is meant, where a workspaceConfig.json has several",
};

export const startFlags: Readonly<Record<string, Flag>> = {
  config: {
    value: "FILE",
    description:
      "the configuration (default: pintle.config.ts, .js, .mjs or .json here; where there is none, one to try out)",
  },
  "config-timeout": configTimeoutFlag,
  workspace: workspaceFlag,
  port: { value: "PORT", description: "where events come in (default 8080; 0: any free port)" },
  "admin-port": {
    value: "PORT",
    description: "where it tells its status, on 127.0.0.1 (default 8081; 0: any free port)",
  },
  data: { value: "DIR", description: "where events are kept (default ./pintle-data)" },
  host: { value: "ADDRESS", description: "the address that takes events (default 127.0.0.1; 0.0.0.0: all)" },
  wait: {
    value: "TIME",
    description: "how long to wait for a data plane that still uses the folder, like 30s (default 0s)",
  },
  "keep-time": { value: "TIME", description: "how long accepted events are kept (default 7d)" },
  "keep-size": { value: "SIZE", description: "how much disk they may take, like 50GB (default 50GB)" },
  drain: {
    value: "TIME",
    description: "how long, at the end, /health says stopping while requests are still served (default 0s)",
  },
  "trust-proxy": {
    value: "LIST",
    description: "proxies whose X-Forwarded-For is believed: addresses or subnets, with commas between (default: none)",
  },
  "log-level": { value: "LEVEL", description: `${logLevels.join(", ")} (default info)` },
};

const day = 24 * 60 * 60 * 1000;
const waitTime: FlagReader = (text) => durationIn(text, 0, day);
const keepTime: FlagReader = (text) => durationIn(text, 60_000, 3650 * day);
const configTimeout: FlagReader = (text) => durationIn(text, 100, day / 24);
const keepSize: FlagReader = (text) => bytesIn(text, 1_000_000, Number.MAX_SAFE_INTEGER);

/** @throws ServerError PINTLE_USAGE */
export function startOptions(flags: Readonly<Record<string, string | undefined>>, directory: string): StartOptions {
  const { config, host = "127.0.0.1", data = "pintle-data", wait = "0s", "log-level": level = "info" } = flags;
  const aTime = "a time like 500ms, 30s or 5m, at most 1d";
  const logLevel = logLevels.find((known) => known === level);
  if (logLevel === undefined)
    throw refused("log-level", level, `one of ${logLevels.join(", ")}`, didYouMean(level, logLevels));
  return {
    config: config === undefined ? undefined : resolve(directory, config),
    host,
    port: portFlag("port", flags.port ?? "8080"),
    adminPort: portFlag("admin-port", flags["admin-port"] ?? "8081"),
    data: resolve(directory, data),
    wait: read("wait", wait, waitTime, aTime),
    drain: read("drain", flags.drain ?? "0s", waitTime, aTime),
    trustedProxies: proxies(flags["trust-proxy"]),
    keepTime: optional("keep-time", flags["keep-time"], keepTime, "a time from 1m to 3650d"),
    keepSize: optional("keep-size", flags["keep-size"], keepSize, "an amount of data of 1MB or more, like 50GB"),
    logLevel,
    configTimeout: configTimeoutOf(flags),
  };
}

/** @throws ServerError PINTLE_USAGE */
export function configTimeoutOf({ "config-timeout": text }: Readonly<Record<string, string | undefined>>): number {
  return optional("config-timeout", text, configTimeout, "a time from 100ms to 1h") ?? defaultConfigTimeout;
}

/** `undefined`: the text is not allowed. */
type FlagReader = (text: string) => number | undefined;

function read(flag: string, text: string, reader: FlagReader, allowed: string): number {
  const value = reader(text);
  if (value === undefined) throw refused(flag, text, allowed);
  return value;
}

function optional(flag: string, text: string | undefined, reader: FlagReader, allowed: string): number | undefined {
  return text === undefined ? undefined : read(flag, text, reader, allowed);
}

function proxies(text: string | undefined): string[] {
  const list = text === undefined ? [] : text.split(",").map((proxy) => proxy.trim());
  for (const proxy of list) {
    if (!isProxy(proxy)) throw refused("trust-proxy", proxy, "IP addresses and subnets such as 10.0.0.0/8");
  }
  return list;
}

function isProxy(proxy: string): boolean {
  try {
    new ClientAddress([proxy]);
    return true;
  } catch {
    return false;
  }
}

/** @throws ServerError PINTLE_USAGE */
export function portFlag(flag: string, text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) throw refused(flag, text, "a port, 0 to 65535");
  return Number(text);
}

function refused(flag: string, value: string, allowed: string, hint = ""): ServerError {
  return new ServerError("PINTLE_USAGE", `--${flag} takes ${allowed}, not ${JSON.stringify(value)}${hint}`);
}
