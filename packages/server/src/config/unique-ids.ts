import { createHash } from "node:crypto";
import { fitId } from "./id.ts";

/**
 * Ids for things that have ids elsewhere, which may differ in what `fitId` makes the same: in
 * capitals alone. Each gets one of its own, and the same again the next time, as positions are kept
 * under it: who is called what fits is called that; of others the first is, and those behind it get
 * a hash of their id.
 */
export class UniqueIds {
  /** What belongs to those that are called so. */
  readonly #exact: ReadonlySet<string>;
  readonly #taken = new Set<string>();

  /** @param all ids of all that will come, as they are elsewhere */
  constructor(all: Iterable<string>) {
    this.#exact = new Set([...all].filter((id) => id !== "" && fitId(id) === id));
  }

  /**
   * @param id as it is elsewhere; what nothing fits of is known by its name
   * @returns `undefined` when the id that is made of the name will do
   */
  take(id: string, name: string): string | undefined {
    const own = fitId(id);
    const plain = own === "" ? fitId(name) : own;
    const isFree = plain !== "" && !this.#taken.has(plain) && ((id !== "" && own === id) || !this.#exact.has(plain));
    const unique = isFree ? plain : this.#hashed(plain, id === "" ? name : id);
    this.#taken.add(unique);
    return own === "" && isFree ? undefined : unique;
  }

  #hashed(plain: string, id: string): string {
    for (let round = 0; ; round++) {
      const hash = createHash("sha256")
        .update(round === 0 ? id : `${id}\0${round}`)
        .digest("hex")
        .slice(0, 8);
      const unique = plain === "" ? hash : `${plain.slice(0, 55)}-${hash}`;
      if (!this.#taken.has(unique) && !this.#exact.has(unique)) return unique;
    }
  }
}
