/**
 * Base of the fluent helpers. Each field is an own property, so a helper is what it looks like: it
 * can be spread, merged, checked by a schema and encoded as the plain object that it stands for. 0,
 * `false` and "" are values and are kept; `undefined` is left out by the encoding, as everywhere.
 */
export class FreeForm {
  [field: string]: unknown;

  /** Fields whose names are those of methods: as own properties they would break the chain. */
  #hidden: Map<string, unknown> | undefined;

  /** Sets any field; a value set earlier is replaced. */
  set(field: string, value: unknown): this {
    if (field in Object.getPrototypeOf(this)) {
      this.#hidden ??= new Map();
      this.#hidden.set(field, value);
    } else {
      this[field] = value;
    }
    return this;
  }

  /**
   * What is encoded.
   *
   * @example
   * ```ts
   * import assert from "node:assert/strict";
   * import { properties, traits } from "@pintle/sdk";
   *
   * assert.equal(JSON.stringify(traits().setAge(42)), '{"age":42}');
   * assert.deepEqual(properties().set("set", 7).toJSON(), { set: 7 }); // a field may be called as a method is
   * ```
   */
  toJSON(): Record<string, unknown> {
    if (this.#hidden === undefined) return this;
    // fromEntries defines properties where an assignment would call the setter of `__proto__`.
    return Object.fromEntries([...Object.entries(this), ...this.#hidden]);
  }
}
