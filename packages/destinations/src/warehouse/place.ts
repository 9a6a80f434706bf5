import { createHash } from "node:crypto";
import type { ReservedWords } from "./dialect.ts";

/*
 * Maps a full name to its place in a database, whose names are shorter and which reserves some
 * words. Existing tables and columns decide: a name that was cut belongs to the full name that had
 * it first, which the database remembers, and a word that only one of two lists reserves is used in
 * the form that exists.
 */

/** A table or a column that is there. */
export interface Present {
  /**
   * The owner that it is kept for, as `ownerOf` says it; `undefined` where the database does not
   * say.
   */
  readonly owner?: string | undefined;
}

export interface PlaceRules {
  /** The length of the longest name, bytes. Names are ASCII. */
  readonly maxNameBytes: number;
  readonly reserved: ReservedWords;
  /**
   * Whether a word that only one list reserves is escaped by RudderStack's list where neither form
   * is there.
   */
  readonly rudderStackNames: boolean;
}

export interface NamedPlace {
  readonly name: string;
  /** The database has to remember that it is kept for this: it does not yet. */
  readonly claim?: string;
  /** Whether another full name has the place where this one would belong. */
  readonly isSecond?: true;
}

type Rules = Pick<PlaceRules, "maxNameBytes" | "reserved">;

/** Whether a full name is its own place, whatever exists. */
export function standsAsItIs(full: string, { maxNameBytes, reserved }: Rules): boolean {
  return full.length < maxNameBytes && !reserved.own(full) && !reserved.rudderStack(full);
}

/** All names under which a full name may stand, the one where it belongs first. */
export function candidates(full: string, rules: Rules): readonly string[] {
  if (standsAsItIs(full, rules)) return [full];
  if (full.length < rules.maxNameBytes)
    return rules.reserved.own(full) && rules.reserved.rudderStack(full) ? [`_${full}`] : [full, `_${full}`];
  return [full.slice(0, rules.maxNameBytes), ...suffixed(full, rules.maxNameBytes)];
}

/** Finds the place of a full name, given which of its candidates exist. Pure. */
export function placeOf(full: string, there: (name: string) => Present | undefined, rules: PlaceRules): NamedPlace {
  const names = candidates(full, rules);
  if (full.length < rules.maxNameBytes) {
    const { own, rudderStack } = rules.reserved;
    const isEscaped = (rules.rudderStackNames ? rudderStack : own)(full);
    const preferred = isEscaped ? `_${full}` : full;
    return {
      name: there(preferred) === undefined ? (names.find((name) => there(name) !== undefined) ?? preferred) : preferred,
    };
  }
  const owner = ownerOf(full);
  const own = names.findIndex((name) => there(name)?.owner === owner);
  // A name that belonged to another may be free again; a place already kept for this name has
  // priority over it.
  const free = own >= 0 ? own : names.findIndex((name) => there(name)?.owner === undefined);
  // Only a client that chooses names whose hashes fill all places on purpose gets here: they share
  // the last one.
  const at = free >= 0 ? free : names.length - 1;
  return {
    name: names[at]!,
    ...(own >= 0 || free < 0 ? {} : { claim: owner }),
    ...(at === 0 ? {} : { isSecond: true }),
  };
}

/** Longest owner that is written in full, in bytes. */
const longestOwner = 500;

/** How the database remembers a full name. */
export function ownerOf(full: string): string {
  return full.length <= longestOwner ? full : `${full.slice(0, longestOwner - 70)} ${hashOf(full)}`;
}

/** Hexadecimal digits of a suffix. */
const digits = 8;

function suffixed(full: string, maxNameBytes: number): string[] {
  const hash = hashOf(full);
  return [0, 1, 2].map(
    (round) => `${full.slice(0, maxNameBytes - digits - 1)}_${hash.slice(round * digits, (round + 1) * digits)}`,
  );
}

function hashOf(full: string): string {
  return createHash("sha256").update(full).digest("hex");
}
