import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { activeSpan } from "./active-span.ts";

const registry = Symbol.for("opentelemetry.js.api.1");
const ids = { traceId: "4bf92f3577b34da6a3ce929d0e0e4736", spanId: "00f067aa0ba902b7" };

function register(getSpan: () => unknown): void {
  const active = () => ({
    getValue: (key: symbol) => (key.description?.endsWith("SPAN") === true ? getSpan() : undefined),
  });
  Object.defineProperty(globalThis, registry, { value: { context: { active } }, configurable: true });
}

afterEach(() => {
  Reflect.deleteProperty(globalThis, registry);
});

test("a span's ids, where one is active", () => {
  assert.equal(activeSpan(), undefined);
  register(() => undefined);
  assert.equal(activeSpan(), undefined);
  register(() => ({ spanContext: () => ({ ...ids, traceFlags: 1 }) }));
  assert.deepEqual(activeSpan(), ids);
});

test("ids that are none, and whatever fails, are no span", () => {
  const wrong = [
    { ...ids, traceId: "0".repeat(32) },
    { ...ids, spanId: "0".repeat(16) },
    { ...ids, traceId: "4BF92F3577B34DA6A3CE929D0E0E4736" },
    { ...ids, spanId: 5 },
    {},
  ];
  for (const each of wrong) {
    register(() => ({ spanContext: () => each }));
    assert.equal(activeSpan(), undefined);
  }
  register(() => {
    throw new Error("mine");
  });
  assert.equal(activeSpan(), undefined);
});
