import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeDeadLetter } from "../../records/dead-letter.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import { FakeWarehouse, type Fate } from "../testing/fake-warehouse.ts";
import { MemoryDisk } from "../testing/memory-engine.ts";
import { seededRandom } from "../testing/random.ts";
import { RouterHarness } from "../testing/router-harness.ts";
import { onePartitionTest, stillTest, test } from "../testing/router-test.ts";

const id = (n: number) => `m${n}`;
const events = (from: number, to: number, users = 3) =>
  Array.from({ length: to - from }, (_, n) => ({ messageId: id(from + n), userId: `u${(from + n) % users}` }));
const ids = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => id(from + n));

/** Lets time pass, in steps: after each, what takes several turns has happened. */
async function pass({ clock }: RouterHarness, milliseconds: number): Promise<void> {
  for (let part = 0; part < 20; part++) await clock.advance(milliseconds / 20);
}

// It is about where records stand.
onePartitionTest("the destination's own position wins over the log's, and is committed with every batch", async () => {
  const warehouse = new FakeWarehouse();
  const store = new MemoryDisk();
  const first = await RouterHarness.open({ store, destinations: { w: warehouse.process() } });
  for (const at of [0, 3, 6]) await first.accept(events(at, at + 3));
  await pass(first, 1000);
  assert.deepEqual(warehouse.rows.toSorted(), ids(0, 9));
  await first.close();

  // Everything that the log had saved about it is gone, as after a power failure.
  store.savesOf("events", "w").length = 0;
  const second = await RouterHarness.open({ store, destinations: { w: warehouse.process() } });
  await second.accept(events(9, 10));
  await pass(second, 1000);
  assert.deepEqual(warehouse.rows.toSorted(), ids(0, 10).toSorted());
  assert.deepEqual((await second.status("w")).delivered, 1);
  await second.close();
});

stillTest("a commit whose answer was lost is not made again; one that failed is", async () => {
  for (const fate of ["lost", "failed"] as const) {
    const warehouse = new FakeWarehouse();
    const harness = await RouterHarness.open({ destinations: { w: warehouse.process() } });
    const fates: Fate[] = [fate, fate];
    warehouse.fate = () => fates.shift() ?? "ok";
    await harness.accept(events(0, 10));
    await pass(harness, 600_000);
    assert.deepEqual(warehouse.rows.toSorted(), ids(0, 10), fate);
    const { delivered, waiting, retried } = await harness.status("w");
    assert.deepEqual([delivered, waiting, retried > 0], [10, 0, true]);
    await harness.close();
    assert.deepEqual(harness.progressOf("w"), { low: 1, finished: [] });
  }
});

test("nothing is read before the destination has said where it stands, and the router waits for nobody", async () => {
  const warehouse = new FakeWarehouse();
  let down = true;
  warehouse.isDown = () => down;
  const harness = await RouterHarness.open({ destinations: { w: warehouse.process() } });
  await harness.accept(events(0, 3));
  await pass(harness, 60_000);
  const { state, waiting, problem, inFlight } = await harness.status("w");
  assert.deepEqual([state === "closed", waiting, problem?.reason, inFlight], [false, 3, "position", 0]);
  assert.ok(warehouse.asked > 1 && warehouse.asked < 100, `asked ${warehouse.asked} times in a minute`);
  down = false;
  await pass(harness, 600_000);
  assert.deepEqual(warehouse.rows.toSorted(), ids(0, 3));
  assert.equal((await harness.status("w")).state, "closed");
  await harness.close();
});

// A database that is set back shows in the partition of the next event.
onePartitionTest("a destination that was set back gets again what it lost, and only that", async () => {
  const warehouse = new FakeWarehouse();
  const harness = await RouterHarness.open({ destinations: { w: warehouse.process() } });
  await harness.accept(events(0, 4));
  await pass(harness, 1000);
  const back = warehouse.snapshot();
  await harness.accept(events(4, 8));
  await pass(harness, 1000);
  back();
  // It notices with the next batch that fails, as every one does whose connection broke in between.
  const fates: Fate[] = ["failed"];
  warehouse.fate = () => fates.shift() ?? "ok";
  await harness.accept(events(8, 9));
  await pass(harness, 600_000);
  assert.deepEqual(warehouse.rows.toSorted(), ids(0, 9));
  assert.equal((await harness.status("w")).waiting, 0);
  await harness.close();
});

// A database that is set back shows in the partition of the next event.
onePartitionTest("a destination that was set back to before it was asked first gets everything again", async () => {
  for (const isRunning of [true, false]) {
    const warehouse = new FakeWarehouse();
    const back = warehouse.snapshot();
    const store = new MemoryDisk();
    let harness = await RouterHarness.open({ store, destinations: { w: warehouse.process() } });
    await harness.accept(events(0, 4));
    await pass(harness, 1000);
    assert.deepEqual([warehouse.rows.toSorted(), harness.progressOf("w")?.low], [ids(0, 4), 1]);
    if (!isRunning) await harness.close();
    back();
    if (!isRunning) harness = await RouterHarness.open({ store, destinations: { w: warehouse.process() } });
    await harness.accept(events(4, 5));
    await pass(harness, 600_000);
    assert.deepEqual(warehouse.rows.toSorted(), ids(0, 5), isRunning ? "while it ran" : "while nothing ran");
    assert.equal((await harness.status("w")).waiting, 0);
    await harness.close();
  }
});

test("a second data plane takes the destination over; the first one commits nothing any more and says why", async () => {
  const warehouse = new FakeWarehouse();
  const first = await RouterHarness.open({ destinations: { w: warehouse.process() } });
  await first.accept(events(0, 2));
  await pass(first, 1000);
  // Another data folder: another log, whose offsets mean something else.
  const second = await RouterHarness.open({ destinations: { w: warehouse.process() } });
  await second.accept(events(10, 12));
  await pass(second, 1000);
  await first.accept(events(2, 4));
  await pass(first, 600_000);
  assert.deepEqual(warehouse.rows.toSorted(), [...ids(0, 2), ...ids(10, 12)].toSorted());
  const { waiting, problem } = await first.status("w");
  assert.deepEqual([waiting, problem?.message], [2, "fenced"]);
  assert.equal((await second.status("w")).waiting, 0);
  await Promise.all([first.close(), second.close()]);
});

// It is about where records stand.
onePartitionTest("a position beyond the end of its log is not believed", async () => {
  const warehouse = new FakeWarehouse();
  const store = new MemoryDisk();
  const first = await RouterHarness.open({ store, destinations: { w: warehouse.process() } });
  for (let n = 0; n < 5; n++) await first.accept(events(n, n + 1));
  await pass(first, 1000);
  await first.close();
  // The data folder comes from a backup.
  store.recordsOf("events").length = 2;
  store.savesOf("events", "w").splice(0, Number.POSITIVE_INFINITY, { low: 2, finished: [] });
  const second = await RouterHarness.open({ store, destinations: { w: warehouse.process() } });
  await second.accept([{ messageId: "new", userId: "u" }]);
  await pass(second, 1000);
  assert.equal(warehouse.rows.at(-1), "new");
  assert.match(second.log.join("\n"), /everything below 5, but the log ended at 2/);
  await second.close();
});

stillTest("what the destination refuses is a dead letter before the commit", async () => {
  const warehouse = new FakeWarehouse();
  warehouse.refuses = (messageId) => messageId === "m1";
  const store = new MemoryDisk();
  const harness = await RouterHarness.open({ store, destinations: { w: warehouse.process() } });
  harness.engine.appendFault = (topic) => (topic === "dead.w" ? new Error("the disk is full") : undefined);
  const delivering = harness.accept(events(0, 3)).catch(() => {});
  await delivering;
  await pass(harness, 10_000);
  assert.deepEqual(warehouse.rows, [], "no letter, no commit");
  harness.engine.appendFault = undefined;
  await pass(harness, 600_000);
  assert.deepEqual(warehouse.rows.toSorted(), ["m0", "m2"]);
  const { dead, delivered, waiting } = await harness.status("w");
  assert.deepEqual([dead, delivered, waiting], [{ row_refused: 1 }, 2, 0]);
  assert.equal(store.recordsOf("dead.w").length, 1);
  await harness.close();
});

type Step =
  | { readonly kind: "accept"; readonly count: number }
  | { readonly kind: "advance"; readonly milliseconds: number }
  | { readonly kind: "mood"; readonly failed: number; readonly lost: number; readonly down: number }
  | { readonly kind: "crash"; readonly lostSaves: number }
  | { readonly kind: "restore" };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("accept" as const), count: fc.integer({ min: 1, max: 9 }) }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant("advance" as const), milliseconds: fc.constantFrom(0, 1, 100, 30_000) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("mood" as const),
      failed: fc.constantFrom(0, 30),
      lost: fc.constantFrom(0, 30),
      down: fc.constantFrom(0, 50),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("crash" as const), lostSaves: fc.constantFrom(0, 1, 1000) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("restore" as const) }) },
);

const accept = (count: number): Step => ({ kind: "accept", count });
const advance = (milliseconds: number): Step => ({ kind: "advance", milliseconds });
const crash: Step = { kind: "crash", lostSaves: 0 };
const restore: Step = { kind: "restore" };
const found: readonly (readonly Step[])[] = [
  // The first state to go back to is one in which nobody had asked.
  [restore, accept(1), crash, restore, advance(100), restore],
  [restore, accept(1), restore, accept(1), advance(100), restore],
  // A batch goes out while events that turned out to be committed have not had their turn.
  [{ kind: "mood", failed: 0, lost: 30, down: 0 }, accept(7), accept(4), advance(30_000), crash],
  [{ kind: "mood", failed: 0, lost: 30, down: 0 }, accept(8), accept(3), advance(30_000), crash],
];

test("whatever fails, is lost, dies or is set back: every event is loaded exactly once, in the order of its user", async () => {
  await fc.assert(fc.asyncProperty(fc.nat(), fc.array(step, { maxLength: 30 }), fc.constantFrom(2, 7, 1000), run), {
    numRuns: 100,
    examples: found.map((steps): [number, Step[], number] => [0, [...steps], 1000]),
  });
});

async function run(seed: number, steps: readonly Step[], windowEvents: number): Promise<void> {
  const random = seededRandom(seed);
  const store = new MemoryDisk();
  const clock = new FakeClock();
  const warehouse = new FakeWarehouse();
  const isBad = (messageId: string) => Number(messageId.slice(1)) % 7 === 3;
  warehouse.refuses = isBad;
  let mood = { failed: 0, lost: 0, down: 0 };
  let broken = false;
  warehouse.fate = () => {
    const dice = random() * 100;
    // After it was set back no connection is what it was.
    if (broken || dice < mood.failed) {
      broken = false;
      return "failed";
    }
    return dice < mood.failed + mood.lost ? "lost" : "ok";
  };
  warehouse.isDown = () => random() * 100 < mood.down;
  let made = 0;
  let kill = () => {};
  const start = async () => {
    let alive = true;
    const process = warehouse.process(() => alive);
    const opened = await RouterHarness.open({
      store,
      clock,
      random,
      limits: { windowEvents },
      destinations: { w: process },
    });
    kill = () => {
      alive = false;
      opened.engine.crash();
    };
    return opened;
  };

  let harness = await start();
  let back = () => false;
  for (const one of steps) {
    if (one.kind === "accept") {
      await harness.accept(events(made, made + one.count));
      made += one.count;
    } else if (one.kind === "advance") await clock.advance(one.milliseconds);
    else if (one.kind === "mood") mood = one;
    else if (one.kind === "restore") {
      if (back()) {
        kill();
        harness = await start();
      }
      broken = true;
      back = warehouse.snapshot();
    } else {
      kill();
      const saves = store.savesOf("events", "w");
      saves.length = Math.max(0, saves.length - one.lostSaves);
      harness = await start();
    }
    const unique = new Set(warehouse.rows);
    assert.equal(unique.size, warehouse.rows.length, "nothing is there twice");
  }
  mood = { failed: 0, lost: 0, down: 0 };
  // A batch that finds out that the warehouse was set back.
  await harness.accept(events(made, made + 1));
  made++;
  for (let rounds = 0; (await harness.status("w")).waiting > 0; rounds++) {
    assert.ok(rounds < 100, "it comes to an end");
    await clock.advance(60_000);
  }
  const good = ids(0, made).filter((messageId) => !isBad(messageId));
  assert.deepEqual(warehouse.rows.toSorted(), good.toSorted());
  for (let user = 0; user < 3; user++) {
    const numbers = warehouse.rows.map((messageId) => Number(messageId.slice(1))).filter((n) => n % 3 === user);
    assert.deepEqual(
      numbers,
      numbers.toSorted((one, other) => one - other),
      `order of user ${user}`,
    );
  }
  const letters = new Set(store.recordsOf("dead.w").map((record) => decodeDeadLetter(record)?.event.messageId));
  assert.deepEqual([...letters].toSorted(), ids(0, made).filter(isBad).toSorted());
  await harness.close();
}
