/**
 * How deep a body may be nested. `JSON.parse` takes any depth, but what reads the result is recursive: on the default stack of
 * Node 20 `structuredClone` overflows below 2,000 levels and `JSON.stringify` below 5,000. Events pass through both on
 * their way, and through code of users; a body that would not come through is refused while its sender still listens.
 */
export const deepest = 512;

/** Whether a parsed value is nested deeper than `limit` levels of objects and arrays. Needs no more stack than that. */
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
