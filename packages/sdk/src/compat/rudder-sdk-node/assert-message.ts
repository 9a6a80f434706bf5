import { AssertionError } from "node:assert";

/** What a field may be, as the official SDK has it. A name is what its message says. */
const kinds: Readonly<Record<string, (value: unknown) => boolean>> = {
  "a string": (value) => typeof value === "string",
  "a string or number": (value) => typeof value === "string" || typeof value === "number",
  "an object": (value) => Object.prototype.toString.call(value) === "[object Object]",
  "a date": (value) => Object.prototype.toString.call(value) === "[object Date]",
};

const fields: Readonly<Record<string, keyof typeof kinds>> = {
  userId: "a string or number",
  anonymousId: "a string or number",
  groupId: "a string or number",
  previousId: "a string or number",
  event: "a string",
  name: "a string",
  category: "a string",
  context: "an object",
  integrations: "an object",
  timestamp: "a date",
};

/**
 * What the official SDK asserts of a call, in its words: programs read them, and tests compare
 * them.
 *
 * @throws AssertionError
 */
export function assertMessage(message: unknown, type: string): asserts message is Readonly<Record<string, unknown>> {
  insist(kinds["an object"]!(message), "You must pass a message object.");
  const given = message as Readonly<Record<string, unknown>>;
  if (type === "alias") insist(given.userId, 'You must pass a "userId".');
  else insist(given.anonymousId || given.userId, 'You must pass either an "anonymousId" or a "userId".');
  if (type === "track") insist(given.event, 'You must pass an "event".');
  if (type === "group") insist(given.groupId, 'You must pass a "groupId".');
  if (type === "alias") insist(given.previousId, 'You must pass a "previousId".');
  for (const [field, kind] of Object.entries(fields)) {
    const value = given[field];
    insist(value === undefined || value === null || kinds[kind]!(value), `"${field}" must be ${kind}.`);
  }
}

export function insist(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError({ message, actual: condition, expected: true, operator: "==" });
}
