/**
 * `own` over `defaults`, deeply where both have an object of fields. Neither is written to, and
 * nothing of `own` is copied deeper than `defaults` reach. An `undefined` of the message does not
 * hide a default, as it would not be encoded.
 */
export function mergeContext(defaults: object, own: object): Record<string, unknown> {
  // Spreading defines properties, so a key `__proto__` is data; so does the definition below.
  const merged: Record<string, unknown> = { ...defaults };
  for (const [key, value] of Object.entries(fieldsOf(own) ?? {})) {
    if (value === undefined) continue;
    const next = Object.hasOwn(merged, key) ? mergeValue(merged[key], value) : value;
    if (key === "__proto__") {
      Object.defineProperty(merged, key, { value: next, enumerable: true, configurable: true, writable: true });
    } else {
      merged[key] = next;
    }
  }
  return merged;
}

/** `value` over `under`: both of them, where both have fields. */
function mergeValue(under: unknown, value: unknown): unknown {
  const below = fieldsOf(under);
  const above = below === undefined ? undefined : fieldsOf(value);
  return below === undefined || above === undefined ? value : mergeContext(below, above);
}

/**
 * The fields that will be encoded; `undefined` for what is encoded as a text (a Date), a list or a
 * plain value.
 */
export function fieldsOf(value: unknown): object | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  if (!("toJSON" in value) || typeof value.toJSON !== "function") return value;
  const encoded: unknown = value.toJSON();
  return encoded === value ? value : fieldsOf(encoded);
}
