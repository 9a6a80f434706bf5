const units: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/**
 * Milliseconds as a number, or a number with a unit: `"250ms"`, `"30s"`, `"1.5m"`, `"1h"`, `"7d"`.
 *
 * @example
 * ```ts
 * import { type Duration, Pintle } from "@pintle/sdk";
 *
 * const timeout: Duration = "2.5s"; // the same as 2_500
 * const client = new Pintle(WRITE_KEY, DATA_PLANE_URL, { timeout });
 * await client.close();
 * ```
 */
export type Duration = number | `${number}${"ms" | "s" | "m" | "h" | "d"}`;

/** The duration in milliseconds; `undefined` for what is none. */
export function parseDuration(value: unknown): number | undefined {
  if (typeof value === "number") return Number.isFinite(value) && value >= 0 ? value : undefined;
  if (typeof value !== "string") return undefined;
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(value);
  return match === null ? undefined : Number(match[1]) * units[match[2]!]!;
}
