/**
 * What an error says, or the text of whatever else was thrown. An error is known by its message:
 * those of Node come from another realm where a test runner evaluates modules in contexts of its
 * own (Jest), and are no `instanceof Error` there. Never throws.
 */
export function errorMessage(thrown: unknown): string {
  try {
    const message = typeof thrown === "object" && thrown !== null && "message" in thrown ? thrown.message : undefined;
    return typeof message === "string" ? message : String(thrown);
  } catch {
    return "something that has no text";
  }
}
