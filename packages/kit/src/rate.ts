import { z } from "zod";

/**
 * Events a second, from one in a quarter of an hour to what no machine reaches: within these, no
 * pause that is worked out of it is for ever, and none is nothing.
 */
export const rateBounds: { readonly min: number; readonly max: number } = { min: 0.001, max: 1_000_000_000 };

/** A limit of events a second in a configuration. */
export function rate(): z.ZodType<number, number> {
  const error = `A limit is a number of events a second, from ${rateBounds.min} to ${rateBounds.max}`;
  return z.number().min(rateBounds.min, error).max(rateBounds.max, error);
}
