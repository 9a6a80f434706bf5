import { jsonStringEnd } from "./json-string.ts";

/**
 * How deep the body of a request may be nested. `JSON.parse` takes any depth, but what reads the
 * result is recursive: on the default stack of Node 20 `structuredClone` overflows below 2,000
 * levels and `JSON.stringify` below 5,000. Events pass through both on their way, and through code
 * of users; a body that would not come through is refused while its sender still listens.
 */
export const deepest = 512;

/** The same for one event, which is in a list (`batch`) in an object. */
export const deepestEvent: number = deepest - 2;

/**
 * Whether a JSON text is nested deeper than that. What is missing at its end makes no difference.
 */
export function isJsonDeeperThan(json: string, limit: number): boolean {
  // So many levels have to be opened, and to be closed again but for one.
  if (json.length < 2 * limit || !hasMoreOpened(json, limit)) return false;
  let depth = 0;
  for (let at = 0; at < json.length; at++) {
    const code = json.charCodeAt(at);
    if (code === quote) at = jsonStringEnd(json, at) - 1;
    else if (code === openObject || code === openArray) {
      if (++depth > limit) return true;
    } else if (code === closeObject || code === closeArray) depth--;
  }
  return false;
}

/** Whether so many levels could be open: found out at the speed of `indexOf`, strings included. */
function hasMoreOpened(json: string, limit: number): boolean {
  let count = 0;
  for (const open of "{[") {
    for (let at = json.indexOf(open); at !== -1; at = json.indexOf(open, at + 1)) if (++count > limit) return true;
  }
  return false;
}

const [quote, openObject, closeObject, openArray, closeArray] = [0x22, 0x7b, 0x7d, 0x5b, 0x5d];
