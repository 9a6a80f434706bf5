import { z } from "zod";
import { durationPattern, formatDuration, parseDuration } from "./duration-text.ts";
import { written } from "./value-text.ts";

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
        .regex(durationPattern, 'A length of time is milliseconds, or like "500ms", "10s", "15m", "2h", "3d"')
        .transform(parseDuration),
    ])
    .transform(Math.round)
    .refine((milliseconds) => milliseconds >= min && milliseconds <= max, {
      error: `It is between ${formatDuration(min)} and ${formatDuration(max)}`,
    });
  return written(schema, formatDuration);
}
