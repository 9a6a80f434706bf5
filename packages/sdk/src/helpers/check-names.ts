import { describe } from "@pintle/events";
import { ConfigError } from "../errors.ts";

/**
 * Refuses what is no object, and names that it cannot have: one that is misspelt would do nothing,
 * in silence.
 *
 * @throws ConfigError
 */
export function checkNames(option: string, value: unknown, names: readonly string[]): void {
  if (typeof value !== "object" || value === null) throw new ConfigError(option, value, describe(value), "an object");
  for (const [name, inner] of Object.entries(value)) {
    if (!names.includes(name)) {
      throw new ConfigError(`${option}.${name}`, inner, "no option", `one of ${names.join(", ")}`);
    }
  }
}
