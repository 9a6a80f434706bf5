import type { RowValue, ValueType } from "./types.ts";

/**
 * Shapes that a family keeps before it resets: keys can be data, and then every event has its own
 * shape.
 */
const mostShapes = 50_000;

/**
 * Names and types of the columns of some cells, in order. Within a family, equal shapes are the
 * same object, so that anything about columns is worked out once for each shape, not for each row.
 */
export class Shape {
  readonly #parent: Shape | undefined;
  readonly #name: string;
  readonly #type: ValueType | undefined;
  readonly #family: ShapeFamily;
  /** The shape that followed last, which nearly always follows next, too. */
  #last: Shape | undefined;
  #others: Map<string, Shape> | undefined;
  #set: ReadonlySet<string> | undefined;
  #names: readonly string[] | undefined;
  #types: readonly ValueType[] | undefined;

  constructor(family: ShapeFamily, parent?: Shape, name = "", type?: ValueType) {
    this.#family = family;
    this.#parent = parent;
    this.#name = name;
    this.#type = type;
  }

  get names(): readonly string[] {
    this.#names ??= this.#chain().map((shape) => shape.#name);
    return this.#names;
  }

  get types(): readonly ValueType[] {
    this.#types ??= this.#chain().map((shape) => shape.#type!);
    return this.#types;
  }

  has(name: string): boolean {
    this.#set ??= new Set(this.names);
    return this.#set.has(name);
  }

  /** This shape with one column more, or the same if it has the column. */
  with(name: string, type: ValueType): Shape {
    const last = this.#last;
    if (last !== undefined && last.#name === name && last.#type === type) return last;
    this.#others ??= new Map();
    const key = `${type} ${name}`;
    let next = this.#others.get(key);
    if (next === undefined) {
      const isThere = this.#chain().some((shape) => shape.#name === name);
      next = isThere ? this : new Shape(this.#family, this, name, type);
      this.#others.set(key, next);
      this.#family.grown();
    }
    if (next !== this) this.#last = next;
    return next;
  }

  #chain(): Shape[] {
    const chain: Shape[] = [];
    for (let shape: Shape = this; shape.#parent !== undefined; shape = shape.#parent) chain.push(shape);
    return chain.reverse();
  }
}

/** Makes shapes, and forgets them when there are too many. */
export class ShapeFamily {
  #root: Shape = new Shape(this);
  #count = 0;

  get empty(): Shape {
    return this.#root;
  }

  /** @internal */
  grown(): void {
    this.#count++;
    if (this.#count < mostShapes) return;
    // Shapes in use stay valid; they are freed with the rows that have them.
    this.#root = new Shape(this);
    this.#count = 0;
  }
}

/** Columns of a row, each with its value and the value's type. No name is there twice. */
export class Cells {
  readonly values: RowValue[] = [];
  /**
   * All values as a loader writes them; made once, since rows share cells.
   */
  encoded: { readonly text: string; readonly isAscii: boolean } | undefined;
  #shape: Shape;

  constructor(shapes: ShapeFamily) {
    this.#shape = shapes.empty;
  }

  get shape(): Shape {
    return this.#shape;
  }

  get names(): readonly string[] {
    return this.#shape.names;
  }

  get types(): readonly ValueType[] {
    return this.#shape.types;
  }

  /** Whether the column was free: `false` leaves everything as it is. */
  add(name: string, value: RowValue, type: ValueType): boolean {
    const next = this.#shape.with(name, type);
    if (next === this.#shape) return false;
    this.#shape = next;
    this.values.push(value);
    return true;
  }
}

/** Size of the cache of cells. */
const mostShared = 10_000;

/**
 * Cells that many events share, so that they are made and encoded once. They are never added to.
 */
export class SharedCells {
  readonly #cells = new Map<string, Cells>();

  /** @param make called where there are none for `key` */
  get(key: string, make: () => Cells): Cells {
    let cells = this.#cells.get(key);
    if (cells === undefined) {
      cells = make();
      // Keys can be data: the whole cache is dropped rather than allowed to grow.
      if (this.#cells.size >= mostShared) this.#cells.clear();
      this.#cells.set(key, cells);
    }
    return cells;
  }
}
