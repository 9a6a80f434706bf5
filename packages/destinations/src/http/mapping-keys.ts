import type { Mapping } from "@pintle/kit";

/** Every key in a mapping, at any depth. */
export function* keysOf(mapping: Mapping): Generator<string> {
  if (mapping.kind === "list") for (const item of mapping.items) yield* keysOf(item);
  if (mapping.kind !== "object") return;
  for (const [key, inner] of mapping.entries) {
    yield key;
    yield* keysOf(inner);
  }
}
