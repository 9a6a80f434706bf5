import { z } from "zod";
import { duration } from "./duration.ts";

/** The settings of every destination, whatever its type: how the router treats it. */
export interface DeliverySettings {
  /** Where a destination that is new to this data folder begins. Default: `end`. */
  readonly from?: "start" | "end" | undefined;
  /** Milliseconds. */
  readonly maxAge: number;
  /** Whether the events of a user wait for one of them that fails. Default: `true`. */
  readonly order?: boolean | undefined;
  /**
   * `max`: of the waits of an event that fails while others are delivered, milliseconds. Default:
   * 15 s.
   */
  readonly retry?: { readonly max: number } | undefined;
}

const day = 24 * 60 * 60 * 1000;

export const deliveryShape: {
  from: z.ZodType<"start" | "end" | undefined>;
  maxAge: z.ZodType<number, number | string | undefined>;
  order: z.ZodType<boolean, boolean | undefined>;
  retry: z.ZodType<{ readonly max: number } | undefined, { readonly max?: number | string | undefined } | undefined>;
} = {
  from: z
    .enum(["start", "end"])
    .optional()
    .describe(
      'Where a new destination begins: `"end"` (the default) with what is accepted from now on, `"start"` with the oldest event that is still kept',
    ),
  maxAge: duration({ min: 1000, max: 365 * day })
    .default(3 * day)
    .describe("How long an event is tried again, from its first attempt, before it becomes a dead letter"),
  order: z
    .boolean()
    .default(true)
    .describe(
      "Whether each user's events arrive in their order, later ones waiting for one that fails; `false`: nothing waits for anything",
    ),
  retry: z
    .strictObject({ max: duration({ min: 1000, max: day }).default(15_000) })
    .optional()
    .describe(
      'How long an event that fails waits at most while others are delivered, `{ max: "15s" }` (the default): so long its user\'s next events wait, too',
    ),
};
