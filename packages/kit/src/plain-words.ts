import type { z } from "zod";

/**
 * The problem with a value, in words for the person who wrote it, for schemas without messages of
 * their own. It is passed to each parse (`schema.safeParse(value, { error: plainWords })`), so that
 * no message of zod reaches a user. It shows no value, which may be a secret.
 */
export function plainWords(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return issue.input === undefined
        ? `is missing; expected ${kindNamed(issue.expected)}`
        : `expected ${kindNamed(issue.expected)}, got ${kindOf(issue.input)}`;
    case "invalid_value":
      return `expected ${issue.values.length === 1 ? "" : "one of "}${issue.values.map((value) => JSON.stringify(value)).join(", ")}`;
    case "unrecognized_keys":
      return `unknown ${issue.keys.length === 1 ? "key" : "keys"} ${issue.keys.map((key) => JSON.stringify(key)).join(", ")}`;
    case "too_small":
      return `expected ${issue.inclusive === false ? "more than" : "at least"} ${amount(issue.minimum, issue.origin)}`;
    case "too_big":
      return `expected ${issue.inclusive === false ? "less than" : "at most"} ${amount(issue.maximum, issue.origin)}`;
    case "not_multiple_of":
      return `expected a multiple of ${issue.divisor}`;
    case "invalid_format":
      return `expected ${formats[issue.format] ?? `a text of the form ${issue.pattern ?? issue.format}`}`;
    case "invalid_key":
      return ["has a key that is not allowed", ...issue.issues.map(({ message }) => message)].join(": ");
    case "invalid_element":
      return ["has an item that is not allowed", ...issue.issues.map(({ message }) => message)].join(": ");
    case "invalid_union": {
      const [first = "expected another value", ...others] = new Set(
        issue.errors.flat().map(({ message }) => message.replace(/, got [^,]*$/, "")),
      );
      return [first, ...others.map((other) => other.replace(/^(is missing; )?expected /, ""))].join(" or ");
    }
    default:
      return "is not allowed";
  }
}

const formats: Readonly<Record<string, string>> = {
  url: "a URL",
  email: "an email address",
  uuid: "a UUID",
  datetime: "a time as in RFC 3339, like 2026-01-02T03:04:05Z",
  date: "a date like 2026-01-02",
  ipv4: "an IPv4 address",
  ipv6: "an IPv6 address",
};

const kinds: Readonly<Record<string, string>> = {
  record: "object",
  int: "whole number",
  array: "list",
  nan: "NaN",
};

/** The kind of value that a schema names in its way: `a whole number`, `an object`. */
export function kindNamed(kind: string): string {
  const name = kinds[kind] ?? kind;
  return `${/^[aeiou]/.test(name) ? "an" : "a"} ${name}`;
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (typeof value === "number" && !Number.isInteger(value)) return String(value);
  return kindNamed(Array.isArray(value) ? "array" : typeof value);
}

const units: Readonly<Record<string, string>> = {
  string: "character",
  array: "item",
  set: "item",
  file: "byte",
};

function amount(bound: number | bigint | Date, origin: string): string {
  const unit = units[origin];
  const shown = bound instanceof Date ? bound.toISOString() : String(bound);
  return unit === undefined ? shown : `${shown} ${unit}${bound === 1 ? "" : "s"}`;
}
