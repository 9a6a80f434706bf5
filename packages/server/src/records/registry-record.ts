import { type JsonRecord, jsonRecord } from "./json-record.ts";

/*
 * The records of the topic `destinations`, as docs/router.md specifies them: which destinations
 * this data folder has seen.
 */

export type RegistryFact =
  /** The destination begins at `from` in this partition of `events`. */
  | { readonly kind: "began"; readonly destinationId: string; readonly partition: number; readonly from: number }
  /** The first start is over. */
  | { readonly kind: "opened" }
  /** The identity of the log. */
  | { readonly kind: "log"; readonly id: string }
  /** The destination has delivered something. */
  | { readonly kind: "delivered"; readonly destinationId: string }
  /** What each destination has cost, by its id: its share of a thread's busy time. */
  | { readonly kind: "load"; readonly at: number; readonly loads: Readonly<Record<string, number>> };

export const registryRecord: JsonRecord<RegistryFact> = jsonRecord("destinations", 1, [
  "began",
  "opened",
  "log",
  "load",
  "delivered",
]);
