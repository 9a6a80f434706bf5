import { z } from "zod";
import { written } from "./value-text.ts";

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

export interface DurationLimits {
  /** Milliseconds. */
  readonly min: number;
  /** Milliseconds. */
  readonly max: number;
}

/**
 * A length of time in a configuration: a number of milliseconds, or a text like `"500ms"`, `"10s"`,
 * `"15m"`, `"2h"`, `"3d"`. Its output, milliseconds, is valid input again.
 */
export function duration({ min, max }: DurationLimits): z.ZodType<number, number | string> {
  const schema = z
    .union([
      z.number(),
      z
        .string()
        .regex(
          /^\d+(\.\d+)?(ms|s|m|h|d)$/,
          'A length of time is milliseconds, or like "500ms", "10s", "15m", "2h", "3d"',
        )
        .transform(parseDuration),
    ])
    .transform(Math.round)
    .refine((milliseconds) => milliseconds >= min && milliseconds <= max, {
      error: `It is between ${formatDuration(min)} and ${formatDuration(max)}`,
    });
  return written(schema, formatDuration);
}

function parseDuration(text: string): number {
  const [, amount = "", unit = ""] = /^([\d.]+)([a-z]+)$/.exec(text) ?? [];
  return Number(amount) * (units[unit] ?? Number.NaN);
}

function formatDuration(milliseconds: number): string {
  const unit = Object.keys(units)
    .reverse()
    .find((name) => milliseconds % (units[name] ?? 1) === 0);
  return unit === undefined ? `${milliseconds}ms` : `${milliseconds / (units[unit] ?? 1)}${unit}`;
}
