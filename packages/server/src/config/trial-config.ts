import { join } from "node:path";
import { loadDestinationTypes } from "@pintle/destinations";
import { readOrMakeSecret, type Warn } from "../private-file.ts";
import { checkConfig } from "./check-config.ts";
import type { DataPlaneConfig } from "./config.ts";

export interface TrialConfig {
  readonly config: DataPlaneConfig;
  readonly writeKey: string;
  /** Where the events land: a file with one event on each line. */
  readonly events: string;
}

/**
 * A configuration for who has none yet: one source with a write key that is made once and stays in
 * the data folder, and one file as its destination.
 */
export async function trialConfig(dataFolder: string, warn: Warn): Promise<TrialConfig> {
  const writeKey = readOrMakeSecret(join(dataFolder, "write-key"), "wk_", warn);
  const events = join(dataFolder, "events.jsonl");
  const config = checkConfig(
    {
      sources: [{ name: "trial", writeKey, destinations: ["events"] }],
      destinations: { events: { type: "file", path: events } },
    },
    { directory: dataFolder, environment: {}, types: await loadDestinationTypes(["file"]) },
  );
  return { config, writeKey, events };
}
