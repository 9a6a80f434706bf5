/**
 * A value that the configuration takes from the environment. It holds the variable's name only, so
 * whoever prints a configuration prints no secret.
 */
export interface EnvReference {
  readonly env: string;
}

/**
 * Takes a setting from the environment variable `name` when the configuration is loaded; the same
 * as `{ "env": name }` in a `.json` file. A variable that is unset or empty then is a
 * `ConfigError`. The value is hidden in all output.
 */
export function env(name: string): EnvReference {
  return { env: name };
}

export interface Resolved {
  /** A copy of the input in which values stand in the place of references. */
  readonly value: unknown;
  /** The values that references brought in, and where to. */
  readonly secrets: readonly { readonly path: readonly PropertyKey[]; readonly value: string }[];
  /** References to variables that are unset or empty. */
  readonly missing: readonly { readonly path: readonly PropertyKey[]; readonly name: string }[];
}

/** Replaces every reference in `input`. What is no plain object or array is taken as it is. */
export function resolveReferences(input: unknown, environment: Readonly<Record<string, string | undefined>>): Resolved {
  const secrets: { path: readonly PropertyKey[]; value: string }[] = [];
  const missing: { path: readonly PropertyKey[]; name: string }[] = [];
  const seen = new Set<object>();

  function resolve(value: unknown, path: readonly PropertyKey[]): unknown {
    if (isReference(value)) {
      const found = environment[value.env];
      if (found === undefined || found === "") {
        missing.push({ path, name: value.env });
        return undefined;
      }
      secrets.push({ path, value: found });
      return found;
    }
    if (!Array.isArray(value) && !isPlainObject(value)) return value;
    // A configuration in TypeScript can refer to itself; its schema refuses it later.
    if (seen.has(value)) return value;
    seen.add(value);
    const copy = Array.isArray(value)
      ? value.map((item, index) => resolve(item, [...path, index]))
      : Object.fromEntries(Object.entries(value).map(([key, item]) => [key, resolve(item, [...path, key])]));
    seen.delete(value);
    return copy;
  }

  return { value: resolve(input, []), secrets, missing };
}

export function isReference(value: unknown): value is EnvReference {
  return isPlainObject(value) && typeof value.env === "string" && Object.keys(value).length === 1;
}

export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
