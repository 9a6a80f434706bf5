import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { GroupOffsets, keptFor, settling } from "./group-offsets.ts";

const router = { name: "router" };
const nextRouter = { name: "the router's next thread" };
const minute = 60_000;

test("the least of all that is held is needed, and nothing where there is no group", () => {
  const offsets = new GroupOffsets();
  assert.equal(offsets.neededFrom(0), Number.POSITIVE_INFINITY);
  offsets.appeared(router, 0);
  offsets.hold(router, "hook", 7);
  offsets.hold(router, "audit", 3);
  assert.equal(offsets.neededFrom(0), 3);
  offsets.hold(router, "audit", 9);
  assert.equal(offsets.neededFrom(1e12), 7);
});

test("a reader that dies lets go of nothing, and its successor takes over", () => {
  const offsets = new GroupOffsets();
  offsets.appeared(router, 0);
  offsets.hold(router, "hook", 7);
  offsets.vanished(router, 1000);
  // However long nobody is there, what was needed is still needed.
  assert.deepEqual(offsets.findAbsent(1000 + 10 * keptFor), []);
  assert.equal(offsets.neededFrom(1000 + 10 * keptFor), 7);

  const again = 1000 + 10 * keptFor;
  offsets.appeared(nextRouter, again);
  assert.equal(offsets.hold(nextRouter, "hook", 20), false);
  assert.equal(offsets.neededFrom(again + 10 * keptFor), 20, "what the dead reader said is forgotten");
  offsets.free(router, "hook", again);
  assert.deepEqual(
    offsets.findAbsent(again + settling),
    [],
    "the dead reader has no say over what its successor holds",
  );
});

test("a group that left lets go a day after it is found absent", () => {
  const offsets = new GroupOffsets();
  offsets.appeared(router, 0);
  offsets.hold(router, "hook", 7);
  offsets.hold(router, "audit", 100);
  const left = 60 * minute;
  offsets.free(router, "hook", left);
  assert.deepEqual(offsets.findAbsent(left + settling - 1), []);
  const absent = left + settling;
  assert.deepEqual(offsets.findAbsent(absent), ["hook"]);
  assert.deepEqual(offsets.findAbsent(absent + minute), [], "found once");
  assert.equal(offsets.neededFrom(absent + keptFor - 1), 7);
  assert.equal(offsets.neededFrom(absent + keptFor), 100);
  assert.equal(offsets.hold(router, "hook", 7), true, "it comes back");
  assert.equal(offsets.neededFrom(absent + keptFor), 7);
});

test("a restart goes on where the last run left the day, and lets nothing go before members could join", () => {
  const offsets = new GroupOffsets([
    { group: "removed", from: 1, absentSince: 0 },
    { group: "hook", from: 2, absentSince: undefined },
  ]);
  const start = 3 * keptFor;
  assert.equal(offsets.neededFrom(start), 1);
  offsets.appeared(router, start);
  offsets.hold(router, "hook", 5);
  assert.equal(offsets.neededFrom(start + settling - 1), 1);
  assert.equal(offsets.neededFrom(start + settling), 5);
  assert.deepEqual(offsets.findAbsent(start + settling), []);
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
      const offsets = new GroupOffsets();
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
          offsets.appeared(reader, now);
        } else if (what === "vanish" && there.delete(reader)) {
          offsets.vanished(reader, now);
          for (const each of groups.values()) {
            if (each.holder === reader) Object.assign(each, { holder: undefined, heldUntil: now });
          }
        } else if (what === "hold" && there.has(reader)) {
          offsets.hold(reader, group, amount);
          groups.set(group, { from: amount, holder: reader, heldUntil: now });
        } else if (what === "free" && known?.holder === reader) {
          offsets.free(reader, group, now);
          Object.assign(known, { holder: undefined, heldUntil: now });
        }
        offsets.findAbsent(now);
        const needed = offsets.neededFrom(now);
        for (const { from, holder, heldUntil } of groups.values()) {
          if (holder !== undefined || now - heldUntil < keptFor) assert.ok(needed <= from, `${from} is let go`);
        }
      }
    }),
    { numRuns: 300 },
  );
});

test("while one of several readers is missing, nothing that it may need is forgotten", () => {
  const offsets = new GroupOffsets([{ group: "crm", from: 3, absentSince: undefined }], () => 2);
  offsets.appeared(router, 0);
  offsets.hold(router, "hook", 7);
  const late = 10 * keptFor;
  assert.deepEqual(offsets.findAbsent(late), []);
  assert.equal(offsets.neededFrom(late), 3);
  offsets.appeared(nextRouter, late);
  assert.deepEqual(offsets.findAbsent(late + settling - 1), []);
  assert.deepEqual(offsets.findAbsent(late + settling), ["crm"]);
  assert.equal(offsets.neededFrom(late + settling + keptFor), 7);
});
