import type { DestinationType } from "@pintle/kit";
import { translatorLoaders, typeLoaders } from "./registry.ts";
import type { Translator } from "./rudderstack/translator.ts";

type TypeLoaders = typeof typeLoaders;

/** What a configuration may call `type`. */
export type TypeName = keyof TypeLoaders;

/** The name of every type that Pintle has, in alphabetical order. */
export const typeNames: readonly TypeName[] = Object.keys(typeLoaders) as TypeName[];

/** Loads one type, and what it needs. */
export function loadDestinationType<Name extends TypeName>(name: Name): ReturnType<TypeLoaders[Name]> {
  return typeLoaders[name]() as ReturnType<TypeLoaders[Name]>;
}

/**
 * Loads the types with these names; a name that no type has is left out.
 *
 * @param names @default all that there are
 */
export async function loadDestinationTypes(names: Iterable<string> = typeNames): Promise<Map<string, DestinationType>> {
  const known = [...new Set(names)].filter((name): name is TypeName => Object.hasOwn(typeLoaders, name));
  const loaded = await Promise.all(known.map((name) => loadDestinationType(name)));
  return new Map(loaded.map((type): [string, DestinationType] => [type.type, type as DestinationType]));
}

/** A translator from RudderStack's configuration, with the name of the type that it makes. */
export interface TypeTranslator extends Translator {
  readonly type: string;
}

/** Loads every translator; the key is the name of a destination's definition in RudderStack. */
export async function loadTranslators(): Promise<Map<string, TypeTranslator>> {
  const loaded = await Promise.all(
    Object.entries(translatorLoaders).map(async ([type, load]) => ({ ...(await load()), type })),
  );
  return new Map(loaded.map((translator) => [translator.definition, translator]));
}
