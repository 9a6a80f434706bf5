import { type ShapeFamily, SharedCells } from "./cells.ts";
import type { Dialect } from "./dialect.ts";
import type { OptionsReader } from "./event-options.ts";
import { KeyTree } from "./flatten.ts";
import type { Names } from "./names.ts";

/** How events become rows. The rules are those of docs/warehouse.md. */
export interface RowRules {
  readonly dialect: Dialect;
  readonly names: Names;
  readonly shapes: ShapeFamily;
  /** What is made once for many events. Belongs to these rules and no others. */
  readonly kept: RowsKept;
  readonly layout: "tables" | "single";
  readonly options: OptionsReader;
  /** Whether `context.traits` are columns without a prefix, too. */
  readonly contextTraits: boolean;
  readonly rudderEvent: boolean;
  /** An event whose widest row has more columns has no rows. */
  readonly maxColumns: number;
  readonly destinationId: string;
  /** Makes a UUID, for an event without `messageId`. */
  readonly newId: () => string;
}

/** The parts of an event that are flattened. */
export type Section = "properties" | "traits" | "context";

export class RowsKept {
  readonly sources: SharedCells = new SharedCells();
  readonly events: SharedCells = new SharedCells();
  /** Keys, with the columns that are made of them. */
  readonly keys: Readonly<Record<Section, KeyTree>> = {
    properties: new KeyTree(),
    traits: new KeyTree(),
    context: new KeyTree(),
  };
}
