import { shallow } from "../../shallow.ts";

/**
 * Fields of a message that the model does not know, as the JSON that goes behind those that it
 * knows. Throws what encoding throws.
 */
export function encodeFurther(fields: Readonly<Record<string, unknown>>): string {
  return Object.entries(fields)
    .map(([name, value]) => {
      const json = JSON.stringify(value);
      return json === undefined ? "" : `,${JSON.stringify(name)}:${shallow(json)}`;
    })
    .join("");
}

/** ISO 8601, where the program says when it called. */
export function timeOfCall(given: unknown): string | undefined {
  if (given === undefined) return undefined;
  const time = new Date(given as string);
  return Number.isNaN(time.getTime()) ? undefined : time.toISOString();
}
