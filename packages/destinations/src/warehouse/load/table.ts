import type { ColumnType } from "../types.ts";

/** A column as it is in the database, whoever made it. */
export interface Column {
  /** `other`: a type that only the database can judge. */
  readonly type: ColumnType | "other";
  /** The type in the database's own words, which nobody but its folder reads. */
  readonly sqlType: string;
  /** Numbers that it takes, both inclusive. */
  readonly range?: readonly [number, number];
  /**
   * Digits before the point that it takes: whole numbers beyond 2^53 need more than `range` can
   * say.
   */
  readonly digits?: number;
  /** The smallest number that it can tell from zero. */
  readonly least?: number;
  /** Characters that it takes. */
  readonly maxLength?: number;
  /** Whether a column of whole numbers can be widened to take fractions. */
  readonly widens?: boolean;
  /** `false`: the database computes its values. */
  readonly writable: boolean;
  /** The full name that it is kept for, where the name may have been cut. */
  readonly owner?: string | undefined;
}

/** A table as it is in the database, whoever made it. */
export interface Table {
  readonly name: string;
  readonly columns: ReadonlyMap<string, Column>;
  /** Columns that it can still get. */
  readonly free: number;
  /** The full name that it is kept for, where the name may have been cut. */
  readonly owner?: string | undefined;
}
