import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Claims, keptFor, settling } from "./claims.ts";

const router = { name: "router" };
const nextRouter = { name: "the router's next thread" };
const minute = 60_000;

test("the least of all that is held is needed, and nothing where there is no group", () => {
  const claims = new Claims();
  assert.equal(claims.neededFrom(0), Number.POSITIVE_INFINITY);
  claims.appeared(router, 0);
  claims.hold(router, "hook", 7);
  claims.hold(router, "audit", 3);
  assert.equal(claims.neededFrom(0), 3);
  claims.hold(router, "audit", 9);
  assert.equal(claims.neededFrom(1e12), 7);
});

test("a reader that dies lets go of nothing, and its successor takes over", () => {
  const claims = new Claims();
  claims.appeared(router, 0);
  claims.hold(router, "hook", 7);
  claims.vanished(router, 1000);
  // However long nobody is there, what was needed is still needed.
  assert.deepEqual(claims.findAbsent(1000 + 10 * keptFor), []);
  assert.equal(claims.neededFrom(1000 + 10 * keptFor), 7);

  const again = 1000 + 10 * keptFor;
  claims.appeared(nextRouter, again);
  assert.equal(claims.hold(nextRouter, "hook", 20), false);
  assert.equal(claims.neededFrom(again + 10 * keptFor), 20, "what the dead reader said is forgotten");
  claims.free(router, "hook", again);
  assert.deepEqual(claims.findAbsent(again + settling), [], "the dead reader has no say over what its successor holds");
});

test("a group that left lets go a day after it is found absent", () => {
  const claims = new Claims();
  claims.appeared(router, 0);
  claims.hold(router, "hook", 7);
  claims.hold(router, "audit", 100);
  const left = 60 * minute;
  claims.free(router, "hook", left);
  assert.deepEqual(claims.findAbsent(left + settling - 1), []);
  const absent = left + settling;
  assert.deepEqual(claims.findAbsent(absent), ["hook"]);
  assert.deepEqual(claims.findAbsent(absent + minute), [], "found once");
  assert.equal(claims.neededFrom(absent + keptFor - 1), 7);
  assert.equal(claims.neededFrom(absent + keptFor), 100);
  assert.equal(claims.hold(router, "hook", 7), true, "it comes back");
  assert.equal(claims.neededFrom(absent + keptFor), 7);
});

test("a restart goes on where the last run left the day, and lets nothing go before members could join", () => {
  const claims = new Claims([
    { group: "removed", from: 1, absentSince: 0 },
    { group: "hook", from: 2, absentSince: undefined },
  ]);
  const start = 3 * keptFor;
  assert.equal(claims.neededFrom(start), 1);
  claims.appeared(router, start);
  claims.hold(router, "hook", 5);
  assert.equal(claims.neededFrom(start + settling - 1), 1);
  assert.equal(claims.neededFrom(start + settling), 5);
  assert.deepEqual(claims.findAbsent(start + settling), []);
});

type Step =
  | { readonly do: "appear" | "vanish" | "pass"; readonly amount: number }
  | { readonly do: "hold" | "free"; readonly amount: number };

test("property: nothing is let go that is held, or was within a day", () => {
  const steps = fc.array(
    fc.record({
      do: fc.constantFrom("appear", "vanish", "hold", "free", "pass") as fc.Arbitrary<Step["do"]>,
      amount: fc.nat({ max: 8 * 60 }),
    }),
    { maxLength: 30 },
  );
  fc.assert(
    fc.property(steps, (sequence) => {
      const claims = new Claims();
      const readers = [{}, {}];
      const there = new Set<object>();
      /** By group: what it needs, who holds it, and until when it was held. */
      const groups = new Map<string, { from: number; holder: object | undefined; heldUntil: number }>();
      let now = 0;
      for (const { do: what, amount } of sequence) {
        const reader = readers[amount % 2]!;
        const group = `g${amount % 3}`;
        const known = groups.get(group);
        if (what === "pass") now += amount * minute;
        else if (what === "appear" && !there.has(reader)) {
          there.add(reader);
          claims.appeared(reader, now);
        } else if (what === "vanish" && there.delete(reader)) {
          claims.vanished(reader, now);
          for (const each of groups.values()) {
            if (each.holder === reader) Object.assign(each, { holder: undefined, heldUntil: now });
          }
        } else if (what === "hold" && there.has(reader)) {
          claims.hold(reader, group, amount);
          groups.set(group, { from: amount, holder: reader, heldUntil: now });
        } else if (what === "free" && known?.holder === reader) {
          claims.free(reader, group, now);
          Object.assign(known, { holder: undefined, heldUntil: now });
        }
        claims.findAbsent(now);
        const needed = claims.neededFrom(now);
        for (const { from, holder, heldUntil } of groups.values()) {
          if (holder !== undefined || now - heldUntil < keptFor) assert.ok(needed <= from, `${from} is let go`);
        }
      }
    }),
    { numRuns: 300 },
  );
});
