/**
 * Makes `instanceof` of a class take what the same class made in the package's other format: a
 * program may load one copy by `import` and another by `require`. Subclasses keep the ordinary
 * meaning.
 *
 * @param name the class's, with which it is found in every copy
 */
export function brand(type: abstract new (...args: never) => object, name: string): void {
  const mark = Symbol.for(`@pintle/${name}`);
  Object.defineProperty(type.prototype, mark, { value: true });
  Object.defineProperty(type, Symbol.hasInstance, {
    value(this: unknown, instance: unknown): boolean {
      return this === type && typeof instance === "object" && instance !== null
        ? mark in instance
        : Function.prototype[Symbol.hasInstance].call(this, instance);
    },
  });
}
