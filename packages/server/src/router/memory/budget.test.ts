import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Loan, MemoryBudget, type MemoryShare } from "./budget.ts";

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

test("half is shared, and each has a part of the other half whatever the others hold", () => {
  const budget = new MemoryBudget(800, () => 0);
  const [greedy, other] = [budget.join(() => {}), budget.join(() => {})];
  assert.ok(greedy.fits(600), "its own 200 and the 400 that all share");
  assert.equal(greedy.fits(601), false);
  greedy.take(600);
  assert.ok(other.fits(200));
  assert.equal(other.fits(201), false);
  greedy.give(100);
  assert.ok(other.fits(300));
  greedy.leave();
  assert.ok(other.fits(800), "whoever is alone has all of it");
});

test("what is read ahead is a sixteenth of the budget, divided, and 64 KiB at the least", () => {
  const budget = new MemoryBudget(32e6, () => 0);
  const most = 1 << 20;
  budget.join(() => {});
  assert.equal(budget.readAhead(most), most);
  for (let more = 1; more < 4; more++) budget.join(() => {});
  assert.equal(budget.readAhead(most), 500_000);
  for (let more = 4; more < 40; more++) budget.join(() => {});
  assert.equal(budget.readAhead(most), 1 << 16);
});

test("an event that fits nobody goes out alone, and those that wait take turns", async () => {
  const budget = new MemoryBudget(100, () => 0);
  const order: string[] = [];
  const loans = new Map<string, Loan>();
  const want = (name: string): MemoryShare => {
    const share: MemoryShare = budget.join(() => ask());
    const ask = (): void => {
      if (loans.has(name)) return;
      const loan = share.borrow(1000);
      if (loan === undefined) return;
      loans.set(name, loan);
      order.push(name);
    };
    ask();
    return share;
  };
  want("a");
  want("b");
  const leaving = want("c");
  want("d");
  assert.deepEqual(order, ["a"]);
  leaving.leave();
  await turn();
  assert.deepEqual(order, ["a"], "others' leaving is no turn");
  loans.get("a")?.giveBack();
  await turn();
  assert.deepEqual(order, ["a", "b"]);
  loans.get("b")?.giveBack();
  loans.get("b")?.giveBack();
  await turn();
  assert.deepEqual(order, ["a", "b", "d"]);
  loans.get("d")?.giveBack();
  assert.equal(budget.held, 0);
});

/** A destination whose events fit nobody, each of which is on its way for so many milliseconds. */
class Taker {
  loans = 0;
  longestWait = 0;
  readonly milliseconds: number;
  readonly #now: () => number;
  readonly #took: (loan: Loan, taker: Taker) => void;
  readonly #share: MemoryShare;
  #wantsSince: number | undefined;

  constructor(budget: MemoryBudget, milliseconds: number, now: () => number, took: (loan: Loan, taker: Taker) => void) {
    this.milliseconds = milliseconds;
    this.#now = now;
    this.#took = took;
    this.#share = budget.join(() => this.#ask());
  }

  want(): void {
    this.#wantsSince ??= this.#now();
    this.#ask();
  }

  #ask(): void {
    if (this.#wantsSince === undefined) return;
    const loan = this.#share.borrow(1000);
    if (loan === undefined) return;
    this.loans++;
    this.longestWait = Math.max(this.longestWait, this.#now() - this.#wantsSince);
    this.#wantsSince = undefined;
    this.#took(loan, this);
  }
}

test("once each has had a turn, a quick destination waits for one slow one, not for all; those get on alike", async () => {
  let now = 0;
  const budget = new MemoryBudget(100, () => now);
  let out: [loan: Loan, taker: Taker] | undefined;
  const taker = (milliseconds: number): Taker =>
    new Taker(
      budget,
      milliseconds,
      () => now,
      (...taken) => {
        out = taken;
      },
    );
  const slow = Array.from({ length: 10 }, () => taker(2700));
  const quick = taker(20);
  for (const one of slow) one.want();
  for (let turns = 0; turns < 200; turns++) {
    const [loan, one] = out!;
    // While a slow one has the loan the quick one gets an event; of theirs there are always more.
    if (one !== quick) quick.want();
    now += one.milliseconds;
    loan.giveBack();
    if (one !== quick) one.want();
    await turn();
    // How long it takes for each is known from now on.
    if (turns === slow.length) quick.longestWait = 0;
  }
  assert.ok(quick.longestWait <= 2700, `${quick.longestWait} ms`);
  assert.ok(quick.loans >= 95, `${quick.loans} events`);
  const loans = slow.map((one) => one.loans);
  assert.ok(Math.max(...loans) - Math.min(...loans) <= 1, `${loans}`);
});

test("whatever comes and goes, no more is charged than there is and one loan, nobody's own part is missing, and it ends at 0", async () => {
  const step = fc.record({
    who: fc.nat(3),
    what: fc.constantFrom("read", "end", "want", "ended"),
    bytes: fc.integer({ min: 1, max: 700 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 120 }), async (steps) => {
      const budget = new MemoryBudget(1000, () => 0);
      const own = 1000 / 2 / 4;
      const members = Array.from({ length: 4 }, () => {
        const member = {
          read: [] as number[],
          wanted: [] as number[],
          loans: [] as Loan[],
          share: budget.join(() => member.ask()),
          ask(): void {
            while (member.wanted.length > 0) {
              const loan = member.share.borrow(member.wanted[0]!);
              if (loan === undefined) return;
              member.wanted.shift();
              member.loans.push(loan);
            }
          },
        };
        return member;
      });
      const largest = (): number => Math.max(0, ...members.flatMap(({ loans }) => loans.map(({ bytes }) => bytes)));
      const check = (): void => {
        const held = members.map(({ read, loans }) => {
          return read.reduce((a, b) => a + b, 0) + loans.reduce((sum, { bytes }) => sum + bytes, 0);
        });
        assert.deepEqual(
          members.map(({ share }) => share.held),
          held,
        );
        assert.ok(budget.held <= budget.bytes + largest(), `${budget.held}`);
        for (const { share } of members) assert.ok(share.held >= own || share.fits(own - share.held));
      };
      for (const { who, what, bytes } of steps) {
        const member = members[who]!;
        if (what === "read" && member.share.fits(bytes)) {
          member.share.take(bytes);
          member.read.push(bytes);
        } else if (what === "end") {
          const read = member.read.shift();
          if (read !== undefined) member.share.give(read);
        } else if (what === "want") {
          member.wanted.push(bytes);
          member.ask();
        } else member.loans.shift()?.giveBack();
        await turn();
        check();
      }
      // Nobody waits for ever: while loans come back, all get theirs, though nothing that was read
      // ends.
      while (members.some(({ wanted, loans }) => wanted.length > 0 || loans.length > 0)) {
        assert.ok(members.some(({ loans }) => loans.length > 0));
        for (const { loans } of members) loans.shift()?.giveBack();
        await turn();
        check();
      }
      for (const { share, read } of members) for (const bytes of read) share.give(bytes);
      assert.equal(budget.held, 0);
    }),
  );
});
