/** Whether a value can have fields: an object, or a list. */
export function hasFields(value: unknown): value is { readonly [field: string]: unknown } {
  return typeof value === "object" && value !== null;
}
