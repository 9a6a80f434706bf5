import { z } from "zod";
import { bytesPattern, formatBytes, parseBytes } from "./bytes-text.ts";
import { written } from "./value-text.ts";

/**
 * An amount of data in a configuration: a number of bytes, or a text like `"500KB"`, `"64MB"`,
 * `"1GB"` (powers of 1000). Its output, bytes, is valid input again.
 */
export function bytes({
  min,
  max,
}: {
  readonly min: number;
  readonly max: number;
}): z.ZodType<number, number | string> {
  const schema = z
    .union([
      z.number().int(),
      z
        .string()
        .regex(bytesPattern, 'An amount of data is a number of bytes, or like "500KB", "64MB", "1GB"')
        .transform(parseBytes),
    ])
    .refine((count) => count >= min && count <= max, {
      error: `It is between ${formatBytes(min)} and ${formatBytes(max)}`,
    });
  return written(schema, formatBytes);
}
