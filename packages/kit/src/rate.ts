import { z } from "zod";
import { rateBounds } from "./rate-bounds.ts";

/** A limit of events a second in a configuration. */
export function rate(): z.ZodType<number, number> {
  const error = `A limit is a number of events a second, from ${rateBounds.min} to ${rateBounds.max}`;
  return z.number().min(rateBounds.min, error).max(rateBounds.max, error);
}
