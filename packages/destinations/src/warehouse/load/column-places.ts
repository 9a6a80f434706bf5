import type { Dialect } from "../dialect.ts";
import { type NamedPlace, type PlaceRules, type Present, placeOf, standsAsItIs } from "../place.ts";
import type { Column } from "./table.ts";

/** The columns that hold the full names of a table, during one load. */
export class ColumnPlaces {
  readonly #columns: ReadonlyMap<string, Column>;
  readonly #rules: PlaceRules;
  readonly #places = new Map<string, NamedPlace>();
  /** The places that this load assigns. */
  readonly #given = new Map<string, Present>();

  constructor(
    columns: ReadonlyMap<string, Column>,
    { maxNameBytes, columns: reserved }: Pick<Dialect, "maxNameBytes" | "columns">,
    rudderStackNames: boolean,
  ) {
    this.#columns = columns;
    this.#rules = { maxNameBytes, reserved, rudderStackNames };
  }

  /** The column of a full name, whether it is there already or not. */
  of(full: string): string {
    if (standsAsItIs(full, this.#rules)) return full;
    let place = this.#places.get(full);
    if (place === undefined) {
      place = placeOf(full, (name) => this.#given.get(name) ?? this.#columns.get(name), this.#rules);
      this.#places.set(full, place);
      this.#given.set(place.name, { owner: place.claim ?? this.#columns.get(place.name)?.owner });
    }
    return place.name;
  }

  /** Full names whose column is not yet recorded in the database. */
  *claims(): Generator<NamedPlace & { readonly full: string; readonly claim: string }> {
    for (const [full, place] of this.#places)
      if (place.claim !== undefined) yield { ...place, full, claim: place.claim };
  }
}
