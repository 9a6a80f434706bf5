import { describe } from "@pintle/events";
import { ConfigError } from "../errors.ts";
import type { WritableMessage } from "../writable-message.ts";

const redacted = "[redacted]";

/**
 * What a person wrote, or something knows of one. Everything else says what a message is, and who
 * it is about.
 */
const parts = ["context", "properties", "traits"] as const;

/**
 * Puts `[redacted]` in the place of values, as a `beforeSend`, in `context`, `properties` and
 * `traits`. Ids are never touched: they would make one person of all.
 *
 * - **A path** names fields: `context.ip`, `properties.card.number`, `traits.phones.0`. `*` stands
 *   for one field or place in a list, `**` for any number of them: `**.password`.
 * - **A pattern** is replaced in every text, wherever it is found: `/\b\d{13,19}\b/`.
 *
 * @throws ConfigError for a path that does not begin with one of the three, or with a star, and for
 * what is neither path nor pattern
 * @example
 * ```ts
 * import { Pintle, redact } from "@pintle/sdk";
 *
 * const client = new Pintle(WRITE_KEY, DATA_PLANE_URL, {
 *   beforeSend: redact("context.ip", "**.password", /\b\d{13,19}\b/),
 * });
 *
 * client.track({ userId: "123", event: "Paid", properties: { note: "by card 4111111111111111" } });
 * await client.close();
 * ```
 */
export function redact(...what: readonly (string | RegExp)[]): (message: WritableMessage) => WritableMessage {
  const paths: (readonly string[])[] = [];
  const patterns: RegExp[] = [];
  for (const each of what) {
    if (typeof each === "string") paths.push(pathOf(each));
    else if (isPattern(each)) patterns.push(new RegExp(each.source, `${each.flags.replace(/[gy]/g, "")}g`));
    else throw new ConfigError("redact", each, describe(each), "a path or a regular expression");
  }
  return (message) => {
    const fields: Record<string, unknown> = message;
    for (const part of parts) {
      const left = paths.flatMap((path) => beyond(path, part));
      if (fields[part] !== undefined) fields[part] = left.some(isEnd) ? {} : redactedIn(fields[part], left, patterns);
    }
    return message;
  };
}

/** Whether it is a pattern, also one of another realm. */
function isPattern(value: unknown): value is RegExp {
  return Object.prototype.toString.call(value) === "[object RegExp]";
}

function pathOf(path: string): readonly string[] {
  const steps = path.split(".");
  const isKnown = ["*", "**", ...parts].includes(steps[0] ?? "");
  if (isKnown && !steps.includes("")) return steps;
  throw new ConfigError("redact", path, JSON.stringify(path), `a path that begins with ${parts.join(", ")}, * or **`);
}

/**
 * What is left of a path behind one step; nothing where it does not lead there, more where a star
 * may stand for it or not.
 */
function beyond(path: readonly string[], step: string): readonly (readonly string[])[] {
  const [first, ...rest] = path;
  if (first === "**") return [path, ...(rest.length === 0 ? [rest] : beyond(rest, step))];
  return first === "*" || first === step ? [rest] : [];
}

function isEnd(path: readonly string[]): boolean {
  return path.length === 0;
}

function redactedIn(value: unknown, paths: readonly (readonly string[])[], patterns: readonly RegExp[]): unknown {
  if (paths.some(isEnd)) return redacted;
  if (typeof value === "string") return patterns.reduce((text, pattern) => text.replace(pattern, redacted), value);
  if (typeof value !== "object" || value === null) return value;
  // It is a copy, of what JSON can carry: written to, it is neither the program's nor anything but
  // fields and lists.
  for (const [name, inner] of Object.entries(value)) {
    const next = redactedIn(
      inner,
      paths.flatMap((path) => beyond(path, name)),
      patterns,
    );
    if (next !== inner) Object.defineProperty(value, name, { value: next });
  }
  return value;
}
