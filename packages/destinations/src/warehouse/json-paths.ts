const types: ReadonlySet<string> = new Set(["track", "identify", "page", "screen", "group", "alias"]);
const sections: ReadonlySet<string> = new Set(["properties", "traits", "context"]);

/**
 * The values that become JSON columns instead of being flattened: `track.properties.cart.items`, or
 * a section as a whole.
 */
export class JsonPaths {
  readonly #keys = new Map<string, Set<string>>();

  /** @throws TypeError for a path that names nothing */
  constructor(paths: readonly string[]) {
    for (const path of paths) {
      const problem = jsonPathProblem(path);
      if (problem !== undefined) throw new TypeError(`${problem}; not ${JSON.stringify(path)}`);
      const [type, section, ...keys] = path.split(".");
      const place = `${type}.${section}`;
      const known = this.#keys.get(place) ?? new Set();
      this.#keys.set(place, known.add(keys.join("_")));
    }
  }

  /**
   * The keys below a section of an event that are JSON, joined as `flatten` joins them; `""` is all
   * of it.
   */
  keysOf(type: unknown, section: string): ReadonlySet<string> | undefined {
    return this.#keys.size === 0 ? undefined : this.#keys.get(`${String(type)}.${section}`);
  }

  /** The same below a key of a section. */
  keysBelow(type: unknown, section: string, key: string): ReadonlySet<string> | undefined {
    const keys = this.keysOf(type, section);
    if (keys === undefined) return undefined;
    const begin = `${key}_`;
    return new Set([...keys].filter((one) => one.startsWith(begin)).map((one) => one.slice(begin.length)));
  }
}

/** What is wrong with a path; `undefined` when nothing is. */
export function jsonPathProblem(path: string): string | undefined {
  const [type = "", section = "", ...keys] = path.split(".");
  if (types.has(type) && sections.has(section) && !keys.includes("")) return undefined;
  return 'A JSON path is like "track.properties.cart": a type of event, then properties, traits or context, then keys';
}
