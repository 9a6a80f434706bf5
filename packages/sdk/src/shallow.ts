import { deepestEvent, isJsonDeeperThan } from "@pintle/events";

/** A message is nested deeper than the data plane takes. */
export class TooDeep extends Error {}

/**
 * The value of a field, unless it is too deep. Field by field, because most are too short to be
 * deep, and a look at the whole would copy the message once more: it is a tree of pieces until its
 * bytes are written.
 *
 * @param level in how many objects and lists of the field it lies
 */
export function shallow(json: string, level = 0): string {
  if (isJsonDeeperThan(json, deepestEvent - 1 - level)) throw new TooDeep();
  return json;
}
