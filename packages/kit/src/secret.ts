import { z } from "zod";

const registry: z.core.$ZodRegistry<{ readonly secret: true }> = z.registry();

/**
 * Marks a part of a destination's settings as secret: it is redacted wherever settings or errors
 * are shown.
 */
export function secret<Schema extends z.ZodType>(schema: Schema): Schema {
  registry.add(schema, { secret: true });
  return schema;
}

/** Every secret value in `settings`, in no particular order. */
export function secretsOf(schema: z.core.$ZodType, settings: unknown): string[] {
  const found: string[] = [];
  visit(schema, settings, false, found);
  return found;
}

function visit(schema: z.core.$ZodType, value: unknown, hidden: boolean, found: string[]): void {
  if (value === undefined || value === null) return;
  // `get` and not `has`: the copies that `describe` and others make inherit the mark.
  const secretHere = hidden || registry.get(schema) !== undefined;
  if (secretHere && (typeof value === "string" || typeof value === "number")) {
    found.push(String(value));
    return;
  }
  const def = (schema as z.core.$ZodTypes)._zod.def;
  for (const layer of layersOf(schema)) {
    // The options of a union that the value does not take say nothing about it.
    const isTaken = def.type !== "union" || z.core.safeParse(layer, value).success;
    if (isTaken) visit(layer, value, secretHere, found);
  }
  if (def.type === "object") {
    for (const [key, inner] of Object.entries(def.shape)) {
      visit(inner, (value as Record<string, unknown>)[key], secretHere, found);
    }
  } else if (def.type === "record") {
    for (const inner of Object.values(value as object)) visit(def.valueType, inner, secretHere, found);
  } else if (def.type === "array") {
    for (const inner of value as unknown[]) visit(def.element, inner, secretHere, found);
  }
}

/**
 * Whether the value at `path` in the settings is secret, by itself or because it is inside a
 * secret.
 */
export function isSecret(schema: z.core.$ZodType, path: readonly PropertyKey[]): boolean {
  if (registry.get(schema) !== undefined) return true;
  if (layersOf(schema).some((layer) => isSecret(layer, path))) return true;
  const def = (schema as z.core.$ZodTypes)._zod.def;
  const [key, ...rest] = path;
  if (key === undefined) return false;
  if (def.type === "object") {
    const inner = def.shape[String(key)];
    return inner !== undefined && isSecret(inner, rest);
  }
  if (def.type === "record") return isSecret(def.valueType, rest);
  return def.type === "array" && isSecret(def.element, rest);
}

/** The schemas that a schema puts around, or beside, one and the same value. */
function layersOf(schema: z.core.$ZodType): readonly z.core.$ZodType[] {
  const def = (schema as z.core.$ZodTypes)._zod.def;
  switch (def.type) {
    case "union":
      return def.options;
    case "optional":
    case "nullable":
    case "default":
    case "prefault":
    case "readonly":
    case "catch":
    case "nonoptional":
      return [def.innerType];
    case "pipe":
      return [def.in, def.out];
    default:
      return [];
  }
}
