import type { SettingsOf } from "@pintle/kit";
import { z } from "zod";
import type { Dialect } from "../dialect.ts";
import { jsonPathProblem } from "../json-paths.ts";
import { Names } from "../names.ts";

const flag = (text: string): z.ZodType<boolean> => z.boolean().default(false).describe(text);

/** The schemas of the settings that every type of warehouse has. */
export function warehouseShape(dialect: Dialect) {
  const names = new Names({ dialect, underscoreDivideNumbers: false });
  return {
    namespace: z
      .string()
      .refine((name) => names.schema(name) !== undefined, {
        error: "A namespace has at least one letter or digit of ASCII",
      })
      .optional()
      .describe("The schema, by the rules for names; without it, the name of the source"),
    layout: z
      .enum(["tables", "single"])
      .default("tables")
      .describe('`"tables"`: one for each event; `"single"`: one for all, with the event as JSON'),
    jsonPaths: z
      .array(
        z.string().superRefine((path, { addIssue }) => {
          const problem = jsonPathProblem(path);
          if (problem !== undefined) addIssue({ code: "custom", message: problem });
        }),
      )
      .default([])
      .describe(
        'Paths that become JSON columns instead of being flattened: `"track.properties.cart"`, or a whole section, `"track.properties"`',
      ),
    skipTracks: flag("No rows in `tracks`, but for events without a table of their own"),
    skipUsers: flag("No rows in `users`"),
    contextTraits: z
      .boolean()
      .default(true)
      .describe("`context.traits` are columns without a prefix, too, in `identifies` and `users`"),
    rudderEvent: flag("The whole event in a JSON column `rudder_event`"),
    rudderStackNames: z
      .boolean()
      .optional()
      .describe("New names escape the reserved words that RudderStack escapes; without it, in a schema that it made"),
    rudderStackTypes: flag(
      "A fraction that meets a column of whole numbers is cut off, as RudderStack does, instead of widening the column",
    ),
    underscoreDivideNumbers: flag("Digits stand apart from letters in names: `v2` becomes `v_2`"),
    maxColumns: z
      .int()
      .min(30)
      .max(dialect.maxColumns)
      .default(200)
      .describe("An event with more columns becomes a dead letter, `columns`"),
  };
}

/**
 * The settings that every type of warehouse has: what events become. docs/warehouse.md says what
 * they mean.
 */
export type WarehouseSettings = SettingsOf<ReturnType<typeof warehouseShape>>;

/** The schema of a destination that has one for all sources. */
export function namespaceOf(
  { namespace, underscoreDivideNumbers }: Pick<WarehouseSettings, "namespace" | "underscoreDivideNumbers">,
  dialect: Dialect,
): string | undefined {
  return namespace === undefined ? undefined : new Names({ dialect, underscoreDivideNumbers }).schema(namespace);
}
