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
  switch (def.type) {
    case "object":
      for (const [key, inner] of Object.entries(def.shape)) {
        visit(inner, (value as Record<string, unknown>)[key], secretHere, found);
      }
      return;
    case "record":
      for (const inner of Object.values(value as object)) visit(def.valueType, inner, secretHere, found);
      return;
    case "array":
      for (const inner of value as unknown[]) visit(def.element, inner, secretHere, found);
      return;
    case "union":
      for (const option of def.options)
        if (z.core.safeParse(option, value).success) visit(option, value, secretHere, found);
      return;
    case "optional":
    case "nullable":
    case "default":
    case "prefault":
    case "readonly":
    case "catch":
    case "nonoptional":
      visit(def.innerType, value, secretHere, found);
      return;
    case "pipe":
      visit(def.in, value, secretHere, found);
      visit(def.out, value, secretHere, found);
      return;
    default:
      return;
  }
}

/**
 * Whether what stands at `path` in the settings is secret, by itself or because of what it is in.
 */
export function isSecret(schema: z.core.$ZodType, path: readonly PropertyKey[]): boolean {
  if (registry.get(schema) !== undefined) return true;
  const def = (schema as z.core.$ZodTypes)._zod.def;
  const [key, ...rest] = path;
  switch (def.type) {
    case "union":
      return def.options.some((option) => isSecret(option, path));
    case "optional":
    case "nullable":
    case "default":
    case "prefault":
    case "readonly":
    case "catch":
    case "nonoptional":
      return isSecret(def.innerType, path);
    case "pipe":
      return isSecret(def.in, path) || isSecret(def.out, path);
    case "object": {
      const inner = key === undefined ? undefined : def.shape[String(key)];
      return inner !== undefined && isSecret(inner, rest);
    }
    case "record":
      return key !== undefined && isSecret(def.valueType, rest);
    case "array":
      return key !== undefined && isSecret(def.element, rest);
    default:
      return false;
  }
}
