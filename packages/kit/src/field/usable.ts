/** A part of an event, whatever the client put into it. */
export type Fields = Readonly<Record<string, unknown>>;

const none: Fields = Object.freeze({});

/** The object's own value under a key, ignoring inherited ones. */
export function at(fields: Fields, key: string): unknown {
  return Object.hasOwn(fields, key) ? fields[key] : undefined;
}

/** An object as it is; anything else as an empty one. */
export function objectOf(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : none;
}

/** A trimmed text; `undefined` for a blank text, and for anything else. */
export function textOf(value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  const text = value.trim();
  return text === "" ? undefined : text;
}

/** The same, where a number is as good as its digits: an id, a phone number, a postal code. */
export function idOf(value: unknown): string | undefined {
  if (typeof value === "bigint" || (typeof value === "number" && Number.isFinite(value))) return String(value);
  return textOf(value);
}

/** The first text that stands under one of the keys. */
export function firstText(fields: Fields, ...keys: string[]): string | undefined {
  return first(keys, (key) => textOf(at(fields, key)));
}

/** The same of texts and numbers. */
export function firstId(fields: Fields, ...keys: string[]): string | undefined {
  return first(keys, (key) => idOf(at(fields, key)));
}

function first(keys: readonly string[], read: (key: string) => string | undefined): string | undefined {
  for (const key of keys) {
    const found = read(key);
    if (found !== undefined) return found;
  }
  return undefined;
}
