export { deepest } from "@pintle/events";

/**
 * Whether a parsed value is nested deeper than `limit` levels of objects and arrays. Needs no more
 * stack than that.
 */
export function isDeeperThan(value: unknown, limit: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (limit === 0) return true;
  if (Array.isArray(value)) {
    for (const item of value) if (isDeeperThan(item, limit - 1)) return true;
    return false;
  }
  // Own keys only matter, and JSON.parse makes nothing else: its objects inherit no enumerable key.
  for (const key in value) if (isDeeperThan((value as Record<string, unknown>)[key], limit - 1)) return true;
  return false;
}
