/** Texts, numbers and truth values: what nearly every service takes. */
export type Scalar = string | number | bigint | boolean;

/** The entries of an object whose value is a scalar. */
export function scalars(object: Readonly<Record<string, unknown>>): Record<string, Scalar> {
  return Object.fromEntries(Object.entries(object).filter((entry): entry is [string, Scalar] => isScalar(entry[1])));
}

function isScalar(value: unknown): value is Scalar {
  return ["string", "number", "bigint", "boolean"].includes(typeof value);
}

/**
 * A copy without `null` and `undefined`, at any depth, in lists too.
 *
 * @param empty `"drop"`: also without empty texts, lists and objects, and what is empty once they
 * are gone. @default "keep"
 */
export function prune(
  object: Readonly<Record<string, unknown>>,
  empty: "keep" | "drop" = "keep",
): Record<string, unknown> {
  return pruned(object, empty === "drop") as Record<string, unknown>;
}

function pruned(value: unknown, drops: boolean): unknown {
  if (typeof value !== "object" || value === null) return value;
  const kept = (inner: unknown): boolean => inner !== undefined && inner !== null && !(drops && isEmpty(inner));
  if (Array.isArray(value)) return value.map((each) => pruned(each, drops)).filter(kept);
  const entries = Object.entries(value).map(([key, each]): [string, unknown] => [key, pruned(each, drops)]);
  return Object.fromEntries(entries.filter(([, each]) => kept(each)));
}

function isEmpty(value: unknown): boolean {
  return value === "" || (typeof value === "object" && value !== null && Object.keys(value).length === 0);
}
