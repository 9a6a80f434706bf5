import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { baseContext, contextMember } from "./base-context.ts";
import { mergeContext } from "./merge-context.ts";
import { version } from "./version.ts";

const library = { name: "@pintle/sdk", version };

/** As a data plane reads it. */
function wire(own: unknown, base?: object): unknown {
  return (JSON.parse(`{"type":"x"${contextMember(own as object, base && baseContext(base))}}`) as { context: unknown })
    .context;
}

test("a base of which the JSON is kept gives what merging and encoding at each call gives", () => {
  // Few names, so that base and message meet at every depth; and those that mean something to
  // JavaScript, or to the SDK.
  const name = fc.constantFrom("a", "b", "library", "__proto__", "toString", "0", 'ü"\\');
  const plain = fc.letrec((tie) => ({
    value: fc.oneof(fc.jsonValue({ maxDepth: 1 }), tie("fields")),
    fields: fc.dictionary(name, tie("value"), { maxKeys: 4, noNullPrototype: true }),
  }));
  const odd = fc.constantFrom(undefined, new Date(0), () => {}, Symbol("s"), Number.NaN, {
    toJSON: () => ({ a: "encoded" }),
  });
  const own = fc.dictionary(name, fc.oneof({ weight: 3, arbitrary: plain.value }, odd), {
    maxKeys: 4,
    noNullPrototype: true,
  });
  fc.assert(
    fc.property(
      plain.fields as fc.Arbitrary<object>,
      fc.array(fc.option(own, { nil: undefined }), { minLength: 1 }),
      (base, all) => {
        const held = baseContext(base);
        // One base for many messages.
        for (const each of all) {
          const merged = JSON.parse(JSON.stringify(mergeContext(base, each ?? {}))) as Record<string, unknown>;
          const { library: _, ...expected } = merged;
          const { library: ours, ...rest } = (
            JSON.parse(`{"type":"x"${contextMember(each, held)}}`) as { context: Record<string, unknown> }
          ).context;
          assert.deepEqual(ours, library);
          assert.deepEqual(rest, expected);
        }
      },
    ),
    { numRuns: 500 },
  );
});

test("a context that is a text or a list for JSON is its fields", () => {
  for (const base of [undefined, {}, { a: 1 }]) {
    assert.deepEqual(wire(new String("ab"), base), { ...base, 0: "a", 1: "b", library });
    assert.deepEqual(wire({ toJSON: () => ({ b: 2 }) }, base), { ...base, b: 2, library });
    assert.deepEqual(wire(null, base), { ...base, library });
  }
});
