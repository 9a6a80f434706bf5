import assert from "node:assert/strict";
import { test } from "node:test";
import type { DeliveredEvent } from "@pintle/events/gateway";
import fc from "fast-check";
import { type DeadLetter, encodeDeadLetter } from "../../records/dead-letter.ts";
import { MemoryDisk, MemoryEngine } from "../testing/memory-engine.ts";
import { DeadLetters, type Replaying } from "./dead-letters.ts";
import type { DeadQuery } from "./query.ts";

function opened(): { store: MemoryDisk; engine: MemoryEngine; dead: DeadLetters } {
  const store = new MemoryDisk();
  const engine = new MemoryEngine(store, { step: 1, wall: () => 0 });
  return { store, engine, dead: new DeadLetters(engine, () => 99) };
}

interface Facts {
  readonly reason: string;
  readonly at: number;
  readonly user: string;
}

function letter(index: number, { reason, at, user }: Facts): DeadLetter {
  const event = { type: "track", messageId: `m${index}`, [index % 2 ? "userId" : "anonymousId"]: user };
  return {
    reason,
    sourceId: "shop",
    partition: 0,
    offset: index,
    index: 0,
    at,
    attempts: 1,
    event: event as unknown as DeliveredEvent,
    answer: { status: 400, headers: {}, body: "no" },
    detail: "the destination answered 400",
  };
}

async function writeLetters(engine: MemoryEngine, letters: readonly Facts[]): Promise<void> {
  for (const [index, facts] of letters.entries())
    await engine.append("dead.hook", encodeDeadLetter(letter(index, facts)));
}

const facts: fc.Arbitrary<Facts> = fc.record({
  reason: fc.constantFrom("http_400", "expired", "record"),
  at: fc.integer({ min: 0, max: 9 }),
  user: fc.constantFrom("u1", "u2"),
});
/** What becomes of letters that are replayed: that of each is a matter of its number. */
const fates = ["deliver", "consent", "deliver", "type", "disconnected"] as const;
function replaying(given: string[] = []): Replaying & { readonly counted: Map<string, number> } {
  const counted = new Map<string, number>();
  return {
    counted,
    fate: ({ offset }) => fates[offset % fates.length]!,
    give: async (letters) => void given.push(...letters.map(({ event }) => event.messageId)),
    filtered: (reason, count) => void counted.set(reason, (counted.get(reason) ?? 0) + count),
  };
}

const all: Pick<Replaying, "fate" | "filtered"> = { fate: () => "deliver", filtered: () => {} };

const queries: fc.Arbitrary<DeadQuery> = fc.record(
  {
    reason: fc.constantFrom("http_400", "expired", "type"),
    from: fc.integer({ min: 0, max: 9 }),
    to: fc.integer({ min: 0, max: 9 }),
    user: fc.constantFrom("u1", "u2", "u3"),
    id: fc.constantFrom("m0", "m1", "m5", "none"),
    letters: fc.array(fc.nat(9), { maxLength: 4 }),
  },
  { requiredKeys: [] },
);

test("whatever is listed, replayed and purged: each letter is decided about once, and what is listed is what is left", async () => {
  const step = fc.record({ query: queries, verdict: fc.constantFrom("replayed" as const, "purged" as const) });
  await fc.assert(
    fc.asyncProperty(fc.array(facts, { maxLength: 10 }), fc.array(step, { maxLength: 5 }), async (letters, steps) => {
      const { engine, dead } = opened();
      await writeLetters(engine, letters);
      const left = new Set(letters.keys());
      const meant = ({ reason, from, to, user, id, letters: numbers }: DeadQuery): number[] =>
        [...left].filter((number) => {
          const each = letters[number]!;
          return (
            (reason === undefined || each.reason === reason) &&
            (from === undefined || each.at >= from) &&
            (to === undefined || each.at < to) &&
            (user === undefined || each.user === user) &&
            (id === undefined || id === `m${number}`) &&
            (numbers === undefined || numbers.includes(number))
          );
        });
      for (const { query, verdict } of steps) {
        const expected = meant(query);
        const { letters: listed, counts: listedCounts } = await dead.list("hook", query, 3);
        assert.deepEqual(
          listed.map(({ letter: number }) => number),
          expected.slice(-3),
        );
        assert.equal(
          Object.values(listedCounts).reduce((sum, count) => sum + count, 0),
          expected.length,
        );
        const fateOf = (number: number) =>
          verdict === "purged"
            ? "purged"
            : letters[number]!.reason === "record"
              ? "type"
              : fates[number % fates.length]!;
        const decided = expected.filter((number) => fateOf(number) !== "type");
        const given: string[] = [];
        const how = replaying(given);
        const {
          settled,
          filtered,
          left: stayed,
        } = await (verdict === "purged" ? dead.purge("hook", query) : dead.replay("hook", query, how));
        const denied = decided.filter((number) => fateOf(number) !== "deliver" && fateOf(number) !== "purged");
        assert.equal(settled, decided.length - denied.length);
        assert.deepEqual(filtered, Object.fromEntries(how.counted));
        assert.equal(sum(filtered), denied.length);
        assert.equal(sum(stayed), expected.length - decided.length);
        const kept = [...left].filter((number) => !decided.includes(number)).map((number) => letters[number]!.reason);
        const counts = await dead.counts("hook");
        assert.deepEqual(
          Object.entries(counts).sort(),
          [...new Set(kept)].map((reason) => [reason, kept.filter((each) => each === reason).length]).sort(),
        );
        assert.deepEqual(
          given,
          decided.filter((number) => fateOf(number) === "deliver").map((number) => `m${number}`),
        );
        for (const number of decided) left.delete(number);
        for (const number of decided) {
          const shown = (await dead.show("hook", number))?.verdict;
          if (denied.includes(number)) {
            assert.deepEqual([shown?.verdict, shown?.reason], ["filtered", fateOf(number)]);
          } else assert.deepEqual([shown?.verdict, shown?.reason], [verdict, undefined]);
        }
      }
    }),
  );
});

test("what retention has taken counts no more", async () => {
  const { store, engine, dead } = opened();
  await writeLetters(engine, [
    { reason: "expired", at: 1, user: "u" },
    { reason: "http_400", at: 1, user: "u" },
    { reason: "expired", at: 1, user: "u" },
  ]);
  assert.deepEqual(await dead.counts("hook"), { expired: 2, http_400: 1 });
  store.recordsOf("dead.hook").splice(0, 2);
  assert.deepEqual(await dead.counts("hook"), { expired: 1 });
  await dead.purge("hook", {});
  assert.deepEqual(await dead.counts("hook"), {});
});

test("a letter is shown whole, with what was decided about it", async () => {
  const { engine, dead } = opened();
  const buried = letter(0, { reason: "http_400", at: 5, user: "u" });
  await engine.append("dead.hook", encodeDeadLetter(buried));
  assert.deepEqual(await dead.show("hook", 0), { letter: 0, ...buried });
  await dead.purge("hook", {});
  assert.deepEqual(await dead.show("hook", 0), { letter: 0, ...buried, verdict: { verdict: "purged", at: 99 } });
  assert.equal(await dead.show("hook", 1), undefined, "the verdict is no letter");
  assert.equal(await dead.show("hook", 7), undefined);
});

test("letters that could not be given on have no verdict", async () => {
  const { engine, dead } = opened();
  await writeLetters(engine, new Array(250).fill({ reason: "expired", at: 1, user: "u" }));
  let calls = 0;
  const give = async () => {
    calls++;
    if (calls === 2) throw new Error("the disk is full");
  };
  const settling = dead.replay("hook", {}, { ...all, give });
  await assert.rejects(settling, /the disk is full/);
  assert.deepEqual((await dead.list("hook", {}, 1)).counts, { expired: 150 });
  assert.equal((await dead.replay("hook", {}, { ...all, give })).settled, 150);
  assert.deepEqual(await dead.list("hook", {}, 1), { letters: [], counts: {} });
});

test("calls take turns: a letter that two want is given to one", async () => {
  const { engine, dead } = opened();
  await writeLetters(engine, new Array(10).fill({ reason: "expired", at: 1, user: "u" }));
  const given: number[] = [];
  const settled = await Promise.all([
    dead.replay("hook", {}, { ...all, give: async ({ length }) => void given.push(length) }),
    dead.purge("hook", {}),
  ]);
  assert.deepEqual([settled.map((each) => each.settled), given], [[10, 0], [10]]);
});

test("records of a newer version are refused, and not passed over", async () => {
  const { engine, dead } = opened();
  const header = Buffer.from(JSON.stringify({ v: 2, kind: "letter" }));
  await engine.append("dead.hook", { header, payload: new Uint8Array(0) });
  await assert.rejects(dead.list("hook", {}, 1), /has format 2, this version knows 1/);
});

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

test("letters are replayed some at a time: at most a hundred, and a mebibyte unless it is one", async () => {
  const { engine, dead } = opened();
  const sizes = [10, 400_000, 400_000, 400_000, 3_000_000, 10, 10, ...Array.from({ length: 150 }, () => 1)];
  for (const [index, size] of sizes.entries()) {
    const one = letter(index, { reason: "http_400", at: 0, user: "u1" });
    const event = { ...one.event, properties: { text: "x".repeat(size) } } as unknown as DeliveredEvent;
    await engine.append("dead.hook", encodeDeadLetter({ ...one, event }));
  }
  const portions: number[][] = [];
  const give = async (letters: readonly DeadLetter[]) => void portions.push(letters.map(({ offset }) => offset));
  const { settled } = await dead.replay("hook", {}, { ...all, give });
  assert.equal(settled, sizes.length);
  assert.deepEqual(portions.slice(0, 3), [[0, 1, 2], [3], [4]]);
  assert.deepEqual(
    portions.slice(3).map(({ length }) => length),
    [100, 52],
  );
});
