import { z } from "zod";

const forms: z.core.$ZodRegistry<{ readonly format: (value: number) => string }> = z.registry();

/** Notes how numbers of this schema are written for people: 10,000 as `10s`. */
export function written<Schema extends z.ZodType>(schema: Schema, format: (value: number) => string): Schema {
  forms.add(schema, { format });
  return schema;
}

/**
 * The default value of a schema, as one would write it in a configuration; `undefined` if it has
 * none.
 */
export function defaultText(schema: z.core.$ZodType): string | undefined {
  const { success, data } = z.core.safeParse(schema, undefined);
  return success && data !== undefined ? valueText(schema, data) : undefined;
}

/** A value as one would write it in a configuration. */
function valueText(schema: z.core.$ZodType | undefined, value: unknown): string {
  const bare = unwrapped(schema);
  const form = bare === undefined ? undefined : forms.get(bare);
  if (form !== undefined && typeof value === "number") return JSON.stringify(form.format(value));
  if (typeof value !== "object" || value === null || Array.isArray(value)) return JSON.stringify(value);
  const def = bare?._zod.def;
  const shape = def?.type === "object" ? (def as z.core.$ZodObjectDef).shape : {};
  const entries = Object.entries(value).map(([key, inner]) => `${key}: ${valueText(shape[key], inner)}`);
  return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
}

/**
 * The schema within defaults and the like, as far in as one that has a form, or is of a kind of its
 * own.
 */
function unwrapped(schema: z.core.$ZodType | undefined): z.core.$ZodType | undefined {
  let here = schema;
  while (here !== undefined && forms.get(here) === undefined && "innerType" in here._zod.def) {
    here = here._zod.def.innerType as z.core.$ZodType;
  }
  return here;
}
