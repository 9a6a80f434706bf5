import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Delivered } from "../support/webhook-sink.ts";
import { milliseconds } from "./check-delivered.ts";

/** The folder with the clients' programs. */
export const clients: string = fileURLToPath(new URL("../../../clients", import.meta.url));

export const storyFile: string = `${clients}/story.json`;

export type Fields = Record<string, unknown>;

/** The calls of the story, each with the fields that all of them have. */
export function readStory(): Record<string, Fields> {
  const { common, ...calls } = JSON.parse(readFileSync(storyFile, "utf8")) as Record<string, Fields>;
  return Object.fromEntries(
    Object.entries(calls).map(([type, call]) => [type, { type, ...structuredClone(common), ...call }]),
  );
}

/** An SDK's way with the story. */
export interface Dialect {
  /** What it says of itself in `context.library`. */
  readonly library: { readonly name: string; readonly version: string };
  /** The name that it gives to a call's own time. */
  readonly timestamp?: "timestamp" | "originalTimestamp";
  /**
   * Makes a call's fields into what this SDK sends, where that is something else: fields that it
   * lacks, or moves.
   */
  readonly adapt?: (call: Fields) => Fields;
}

/**
 * Checks that the story has arrived as told: all six calls, with every field that the SDK has for
 * them.
 */
export function checkStory(delivered: ReadonlyMap<string, Delivered>, dialect: Dialect): void {
  const { library, timestamp: timeField = "timestamp", adapt = (call) => call } = dialect;
  for (const [type, told] of Object.entries(readStory())) {
    const event = delivered.get(`story-${type}`);
    assert.ok(event, `${type} arrives`);
    const { timestamp, context, ...fields } = adapt(told);
    for (const [field, value] of Object.entries(fields)) assert.deepEqual(event[field], value, `${field} of ${type}`);
    assert.equal(milliseconds(event[timeField]), milliseconds(timestamp), `${timeField} of ${type}`);
    assert.deepEqual(event.context, { ...(context as Fields), library }, `context of ${type}`);
  }
}

/** The call without some of its fields, which the SDK cannot express. */
export function without(call: Fields, ...fields: string[]): Fields {
  return Object.fromEntries(Object.entries(call).filter(([field]) => !fields.includes(field)));
}
