import { describe, isObject } from "@pintle/events";
import { parseDuration } from "./duration.ts";
import { ConfigError } from "./errors.ts";

/** Reads one option: its value, or the default where it is absent, or a ConfigError. */
export type Check<T> = (option: string, value: unknown) => T;

/**
 * A check that takes what `read` makes something of.
 *
 * @param allowed what is, in words
 */
export function option<T, Fallback extends T | undefined>(
  fallback: Fallback,
  allowed: string,
  read: (value: unknown) => T | undefined,
): Check<T | Fallback> {
  return (name, value) => {
    const result = value === undefined ? fallback : read(value);
    if (result === undefined && value !== undefined) throw new ConfigError(name, value, describe(value), allowed);
    return result as T | Fallback;
  };
}

/** A check that takes values for which `isRight`. */
function those<T, Fallback extends T | undefined = undefined>(
  allowed: string,
  isRight: (value: T) => boolean,
  fallback?: Fallback,
): Check<T | Fallback> {
  return option(fallback as Fallback, allowed, (value) => (isRight(value as T) ? (value as T) : undefined));
}

export function duration(fallback: number, least: number, most: number): Check<number> {
  const allowed = `milliseconds from ${least} to ${most}, or a text such as "250ms", "30s", "5m", "1h", "7d"`;
  return option(fallback, allowed, (value) => {
    const milliseconds = parseDuration(value) ?? Number.NaN;
    return milliseconds >= least && milliseconds <= most ? milliseconds : undefined;
  });
}

export function integer(fallback: number, least: number, most: number): Check<number> {
  const isRight = (value: number): boolean => Number.isInteger(value) && value >= least && value <= most;
  return those(`a whole number from ${least} to ${most}`, isRight, fallback);
}

export function flag<Fallback extends boolean | undefined>(fallback: Fallback): Check<boolean | Fallback> {
  return those<boolean, Fallback>("true or false", (value) => typeof value === "boolean", fallback);
}

/** One of the texts; the first is the default. */
export function oneOf<const T extends string>(...values: readonly [T, ...T[]]): Check<T> {
  const allowed = values.map((each) => `"${each}"`).join(" or ");
  return those<T, T>(allowed, (value) => values.includes(value), values[0]);
}

export function optionalFunction<T>(): Check<T | undefined> {
  return those<T>("a function", isFunction);
}

/** One, or a list of them, which is copied; an empty list is none. */
export function functions<T>(): Check<readonly T[] | undefined> {
  const given = option<readonly T[], undefined>(undefined, "a function or a list of functions", (value) => {
    const list: readonly T[] = Array.isArray(value) ? [...value] : [value];
    return list.every(isFunction) ? list : undefined;
  });
  return (name, value) => {
    const list = given(name, value);
    return list?.length === 0 ? undefined : list;
  };
}

/** An object with functions of these names. */
export function withFunctions<T extends object>(...names: readonly (keyof T & string)[]): Check<T | undefined> {
  const isRight = (value: T): boolean =>
    typeof value === "object" && names.every((name) => isFunction((value as T | null)?.[name]));
  return those<T>(`an object with the functions ${names.join(", ")}`, isRight);
}

/** A copy, so that what the program changes later does not change what is sent. */
export function snapshot<T extends object>(): Check<T | undefined> {
  return option<T, undefined>(undefined, "an object that JSON can carry", (value) => {
    try {
      const copy: unknown = JSON.parse(JSON.stringify(value));
      return isObject(copy) ? (copy as T) : undefined;
    } catch {
      return undefined;
    }
  });
}

function isFunction(value: unknown): boolean {
  return typeof value === "function";
}
