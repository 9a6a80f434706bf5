import { resolve } from "node:path";
import { duration } from "@pintle/destinations/kit";
import { didYouMean } from "../config/suggestion.ts";
import { ServerError } from "../errors.ts";
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
  readonly logLevel: LogLevel;
}

export const startFlags: Readonly<Record<string, Flag>> = {
  config: {
    value: "FILE",
    description:
      "the configuration (default: pintle.config.ts, .js, .mjs or .json here; where there is none, one to try out)",
  },
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
  "log-level": { value: "LEVEL", description: `${logLevels.join(", ")} (default info)` },
};

const waitTime = duration({ min: 0, max: 24 * 60 * 60 * 1000 });

/** @throws ServerError USAGE */
export function startOptions(flags: Readonly<Record<string, string | undefined>>, directory: string): StartOptions {
  const { config, host = "127.0.0.1", data = "pintle-data", wait = "0s", "log-level": level = "info" } = flags;
  const parsedWait = waitTime.safeParse(wait);
  if (!parsedWait.success) throw refused("wait", wait, "a time like 500ms, 30s or 5m, at most 1d");
  const logLevel = logLevels.find((known) => known === level);
  if (logLevel === undefined)
    throw refused("log-level", level, `one of ${logLevels.join(", ")}`, didYouMean(level, logLevels));
  return {
    config: config === undefined ? undefined : resolve(directory, config),
    host,
    port: portFlag("port", flags.port ?? "8080"),
    adminPort: portFlag("admin-port", flags["admin-port"] ?? "8081"),
    data: resolve(directory, data),
    wait: parsedWait.data,
    logLevel,
  };
}

/** @throws ServerError USAGE */
export function portFlag(flag: string, text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) throw refused(flag, text, "a port, 0 to 65535");
  return Number(text);
}

function refused(flag: string, value: string, allowed: string, hint = ""): ServerError {
  return new ServerError("USAGE", `--${flag} takes ${allowed}, not ${JSON.stringify(value)}${hint}`);
}
