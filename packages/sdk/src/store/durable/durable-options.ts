import { describe, isObject } from "@pintle/events";
import type { DurableCheck, DurableSettings } from "../../config.ts";
import { ConfigError } from "../../errors.ts";
import { duration, integer } from "../../option-checks.ts";
import type { DurableStore } from "./durable-store.ts";
import { OpeningStore } from "./opening-store.ts";

const maxBytes = integer(1024 ** 3, 1024 ** 2, Number.MAX_SAFE_INTEGER);
const sync = duration(5, 0, 60_000);

/** Opens durable mode, whose code only clients load that ask for it. */
const open: DurableSettings["open"] = (settings, memory, host) => {
  const load = async (): Promise<DurableStore> => {
    const { openStore } = await import("./open-store.ts");
    return openStore(settings, memory, host);
  };
  return new OpeningStore(load, memory, host);
};

/** Reads the option `durable`. Throws ConfigError, and nothing else. */
export const checkDurable: DurableCheck = (value, { overflow, maxMessageBytes }) => {
  if (!isObject(value)) {
    const allowed = 'an object such as { directory: "/var/lib/shop/events" }';
    throw new ConfigError("durable", value, describe(value), allowed);
  }
  for (const name of Object.keys(value)) {
    if (["directory", "maxBytes", "sync"].includes(name)) continue;
    throw new ConfigError(`durable.${name}`, value[name], "no option", "one of directory, maxBytes, sync");
  }
  const { directory } = value;
  if (typeof directory !== "string" || directory === "" || directory.includes("\0")) {
    throw new ConfigError("durable.directory", directory, describe(directory), "the path of a folder");
  }
  const settings = {
    directory,
    maxBytes: maxBytes("durable.maxBytes", value.maxBytes),
    sync: sync("durable.sync", value.sync),
    open,
  };
  if (overflow === "drop-oldest") {
    // A message that is on disk has been promised to be delivered.
    throw new ConfigError("overflow", overflow, describe(overflow), '"drop-newest" in durable mode');
  }
  const least = 16 * maxMessageBytes;
  if (settings.maxBytes >= least) return settings;
  const shown = String(settings.maxBytes);
  throw new ConfigError("durable.maxBytes", settings.maxBytes, shown, `at least ${least}: 16 times maxMessageBytes`);
};
