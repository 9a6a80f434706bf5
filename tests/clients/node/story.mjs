import { readFileSync } from "node:fs";

/**
 * The six calls of the story, each with the fields that all of them have, and its `timestamp` as a
 * Date.
 */
export function readStory(file) {
  const { common, ...calls } = JSON.parse(readFileSync(file, "utf8"));
  return Object.entries(calls).map(([type, call]) => [
    type,
    { ...structuredClone(common), ...call, timestamp: new Date(call.timestamp) },
  ]);
}
