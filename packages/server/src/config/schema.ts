import { knownTypes } from "@pintle/events/gateway";
import { bytes, duration } from "@pintle/kit";
import { rate } from "@pintle/kit/host";
import { z } from "zod";
import { leastMemory } from "../memory-limit.ts";
import { defaultEngine, type EngineConfig } from "../model/engine.ts";
import type { RouterSetting } from "../model/router.ts";
import type { Transform } from "../model/transform.ts";
import { idPattern } from "./id.ts";

/*
 * The parts of a configuration that belong to the data plane itself. What a destination adds to its
 * entry is checked by the schema of its type.
 */

const id = z.string().regex(idPattern, "An id is 1 to 64 of a-z, 0-9, _ and -").optional();

// Basic authentication ends the user's name at the first colon, and SDKs encode nothing outside
// ASCII alike.
const writeKey = z
  .string()
  .regex(/^[!-9;-~]{1,256}$/, "A write key is 1 to 256 visible ASCII characters without a colon");

const rateLimit = rate().optional();

/** What warehouses write, in place of the id: RudderStack's ids have capitals. */
const rudderStackId = z.string().min(1, "An id is not empty").max(200, "It is at most 200 characters").optional();

const sourceSchema: z.ZodType<SourceEntry> = z.strictObject({
  id,
  rudderStackId,
  name: z.string().min(1, "A name is not empty"),
  writeKey: z.union([writeKey, z.array(writeKey).min(1, "At least one write key is needed")]),
  enabled: z.boolean().default(true),
  destinations: z.array(z.string()).default([]),
  rateLimit,
});

export interface SourceEntry {
  id?: string | undefined;
  rudderStackId?: string | undefined;
  name: string;
  writeKey: string | string[];
  enabled: boolean;
  destinations: string[];
  rateLimit?: number | undefined;
}

const selection: z.ZodType<SelectionEntry> = z
  .strictObject({
    types: z.array(z.enum(knownTypes)).default([]),
    events: z.array(z.string().min(1, "The name of an event is not empty")).default([]),
  })
  .refine(({ types, events }) => types.length + events.length > 0, "It needs types, events or both")
  .refine(({ types, events }) => events.length === 0 || !types.includes("track"), {
    path: ["events"],
    error: 'Every track is meant already, since types has "track"',
  });

const consentSchema: z.ZodType<ConsentEntry> = z.strictObject({
  ids: z.array(z.string().min(1, "An id is not empty")).min(1, "At least one id is needed"),
  strategy: z.enum(["and", "or"]).default("and"),
});

interface SelectionEntry {
  types: string[];
  events: string[];
}

interface ConsentEntry {
  ids: string[];
  strategy: "and" | "or";
}

const transform = z.custom<Transform>(
  (value) => typeof value === "function",
  "It is a function (event, context) => event, a list of events, or null",
);

const commonDestinationShape = {
  type: z.string(),
  id,
  rudderStackId,
  enabled: z.boolean().default(true),
  rateLimit,
  consent: consentSchema.optional(),
  only: selection.optional(),
  except: selection.optional(),
  transform: transform.optional(),
  transformTimeout: duration({ min: 10, max: 60_000 }).default(1000),
  transformMemory: z.int().min(32, "It is at least 32 (MB)").max(4096, "It is at most 4096 (MB)").default(128),
};

/** What every destination has beside the settings of its type. */
const commonDestinationSchema: z.ZodType<DestinationEntry> = z.looseObject(commonDestinationShape);

export interface DestinationEntry {
  type: string;
  id?: string | undefined;
  rudderStackId?: string | undefined;
  enabled: boolean;
  rateLimit?: number | undefined;
  consent?: ConsentEntry | undefined;
  only?: SelectionEntry | undefined;
  except?: SelectionEntry | undefined;
  transform?: Transform | undefined;
  transformTimeout: number;
  transformMemory: number;
}

export const commonDestinationKeys: readonly string[] = Object.keys(commonDestinationShape);

const engineSchema: z.ZodType<EngineConfig> = z
  .strictObject({
    type: z.literal("embedded", 'It is "embedded"').default("embedded"),
    partitions: z
      .int()
      .min(1, "At least one partition is needed")
      .max(64, "There are at most 64 partitions")
      .default(1),
  })
  .default(defaultEngine);

const routerSchema: z.ZodType<RouterSetting> = z.strictObject({
  threads: z.int().min(1, "At least one thread is needed").max(16, "There are at most 16 threads").optional(),
});

export const configSchema: z.ZodType<ConfigEntry> = z.strictObject({
  sources: z.array(sourceSchema).min(1, "At least one source is needed"),
  destinations: z.record(z.string(), commonDestinationSchema).default({}),
  memory: bytes({ min: leastMemory, max: 64e9 }).optional(),
  engine: engineSchema,
  router: routerSchema.optional(),
});

export interface ConfigEntry {
  sources: SourceEntry[];
  destinations: Record<string, DestinationEntry>;
  /** Bytes. */
  memory?: number | undefined;
  engine: EngineConfig;
  router?: RouterSetting | undefined;
}
