import { z } from "zod";
import { written } from "./value-text.ts";

const units: Readonly<Record<string, number>> = { B: 1, KB: 1e3, MB: 1e6, GB: 1e9 };

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
        .regex(/^\d+(\.\d+)?(B|KB|MB|GB)$/, 'An amount of data is a number of bytes, or like "500KB", "64MB", "1GB"')
        .transform(parseBytes),
    ])
    .refine((count) => count >= min && count <= max, {
      error: `It is between ${formatBytes(min)} and ${formatBytes(max)}`,
    });
  return written(schema, formatBytes);
}

function parseBytes(text: string): number {
  const [, amount = "", unit = ""] = /^([\d.]+)([A-Z]+)$/.exec(text) ?? [];
  return Math.round(Number(amount) * (units[unit] ?? Number.NaN));
}

function formatBytes(count: number): string {
  const unit = Object.keys(units)
    .reverse()
    .find((name) => count % (units[name] ?? 1) === 0);
  return `${count / (units[unit ?? "B"] ?? 1)}${unit ?? "B"}`;
}
