import type { SegmentEvent } from "./context.ts";

/** A call with fields that cannot be sent: thrown by it, as the official SDK does. */
export class ValidationError extends Error {
  readonly field: string;

  constructor(field: string, message: string) {
    super(`${field} ${message}`);
    this.field = field;
  }
}

/**
 * @throws ValidationError for an event without a name, fields of another type, and nobody whom it
 * is about
 */
export function validate(event: SegmentEvent): void {
  const { type, userId, anonymousId, previousId, groupId } = event;
  if (type === "track" && typeof event.event !== "string") throw new ValidationError(".event", "is not a string");
  for (const field of ["properties", "traits"] as const) {
    if (event[field] !== undefined && !isPlain(event[field]))
      throw new ValidationError(`.${field}`, "is not an object");
  }
  const id = userId ?? anonymousId ?? previousId ?? groupId;
  const field = ".userId/anonymousId/previousId/groupId";
  if (id === undefined || id === null) throw new ValidationError(field, "is nil");
  if (typeof id !== "string") throw new ValidationError(field, "is not a string");
}

function isPlain(value: unknown): boolean {
  return Object.prototype.toString.call(value) === "[object Object]";
}
