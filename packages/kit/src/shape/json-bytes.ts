import { stringifyJson } from "@pintle/events";

/** Bytes of a value as JSON in UTF-8. */
export function jsonBytes(value: unknown): number {
  return Buffer.byteLength(stringifyJson(value) ?? "");
}
