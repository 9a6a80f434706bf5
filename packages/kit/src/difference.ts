import { stringifyJson } from "@pintle/events";

/**
 * Where two JSON values differ, a line for each place: `[1].headers.authorization: expected "a",
 * got nothing`.
 */
export function differences(expected: unknown, actual: unknown, path = ""): string[] {
  if (Object.is(expected, actual)) return [];
  const isList = Array.isArray(expected);
  if (!isContainer(expected) || !isContainer(actual) || isList !== Array.isArray(actual)) {
    return [`${path}: expected ${shown(expected)}, got ${shown(actual)}`];
  }
  const keys = new Set([...Object.keys(expected), ...Object.keys(actual)]);
  return [...keys].flatMap((key) =>
    differences(valueAt(expected, key), valueAt(actual, key), isList ? `${path}[${key}]` : `${path}.${key}`),
  );
}

/** Whether it is an object or a list. */
function isContainer(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function valueAt(value: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.hasOwn(value, key) ? value[key] : undefined;
}

function shown(value: unknown): string {
  return value === undefined ? "nothing" : stringifyJson(value);
}
