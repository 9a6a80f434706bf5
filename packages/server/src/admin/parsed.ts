import { plainWords } from "@pintle/kit/host";
import { z } from "zod";
import { formatPath } from "../config/problem.ts";
import { AdminRefusal } from "./admin-server.ts";

/** What a request says, checked. @throws AdminRefusal 400 with what is wrong, in one line */
export function parsed<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value, { error: plainWords });
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new AdminRefusal(400, [formatPath(issue?.path ?? []), issue?.message].filter(Boolean).join(": "));
}

/** A point in time as RFC 3339 has it; becomes milliseconds since the epoch. */
export const time: z.ZodType<number, string> = z.iso
  .datetime({ offset: true, error: "a time is written as in RFC 3339: 2026-01-02T03:04:05Z" })
  .transform((text) => Date.parse(text));

/** A whole number, also as it stands in a URL. */
export function count(min: number, max: number): z.ZodType<number, number | string> {
  const error = `a whole number from ${min} to ${max}`;
  const number = z.number().int(error).min(min, error).max(max, error);
  const text = z
    .string()
    .regex(/^\d{1,16}$/, error)
    .transform(Number)
    .pipe(number);
  return z.union([number, text], error) as z.ZodType<number, number | string>;
}
