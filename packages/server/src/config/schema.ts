import { z } from "zod";
import { idPattern } from "./id.ts";

/*
 * The parts of a configuration that belong to the data plane itself. What a destination adds to its entry is checked by the
 * schema of its type.
 */

const id = z.string().regex(idPattern, "An id is 1 to 64 of a-z, 0-9, _ and -").optional();

// Basic authentication ends the user's name at the first colon, and SDKs encode nothing outside ASCII alike.
const writeKey = z
  .string()
  .regex(/^[!-9;-~]{1,256}$/, "A write key is 1 to 256 visible ASCII characters without a colon");

const sourceSchema: z.ZodType<SourceEntry> = z.strictObject({
  id,
  name: z.string().min(1, "A name is not empty"),
  writeKey: z.union([writeKey, z.array(writeKey).min(1, "At least one write key is needed")]),
  enabled: z.boolean().default(true),
  destinations: z.array(z.string()).default([]),
  rateLimit: z.number().positive("A limit is a number of events a second above 0").optional(),
});

export interface SourceEntry {
  id?: string | undefined;
  name: string;
  writeKey: string | string[];
  enabled: boolean;
  destinations: string[];
  rateLimit?: number | undefined;
}

/** What every destination has beside the settings of its type. */
const commonDestinationSchema: z.ZodType<DestinationEntry> = z.looseObject({
  type: z.string(),
  id,
  enabled: z.boolean().default(true),
});

export interface DestinationEntry {
  type: string;
  id?: string | undefined;
  enabled: boolean;
}

export const commonDestinationKeys: readonly string[] = ["type", "id", "enabled"];

export const configSchema: z.ZodType<ConfigEntry> = z.strictObject({
  sources: z.array(sourceSchema).min(1, "At least one source is needed"),
  destinations: z.record(z.string(), commonDestinationSchema).default({}),
});

export interface ConfigEntry {
  sources: SourceEntry[];
  destinations: Record<string, DestinationEntry>;
}
