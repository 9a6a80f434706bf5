import assert from "node:assert/strict";
import { test } from "node:test";
import { dead, delivered, type Outcome, retry } from "@pintle/destinations/kit";
import fc from "fast-check";
import { eventsOf } from "../engine/event-record.ts";
import { decodeDeadLetter } from "./dead-letter.ts";
import type { TestEvent } from "./testing/event-records.ts";
import { FakeClock, settle } from "./testing/fake-clock.ts";
import { FakeDestination } from "./testing/fake-destination.ts";
import { MemoryStore } from "./testing/memory-engine.ts";
import { seededRandom } from "./testing/random.ts";
import { RouterHarness } from "./testing/router-harness.ts";

/** How often out of 100 a delivery ends in each way; else it succeeds. */
interface Mood {
  readonly event: number;
  readonly destination: number;
  readonly refused: number;
  readonly dead: number;
  readonly slow: number;
}

type Step =
  | { readonly kind: "accept"; readonly events: number }
  | { readonly kind: "repeat"; readonly back: number }
  | { readonly kind: "advance"; readonly milliseconds: number }
  | { readonly kind: "mood"; readonly mood: Mood }
  | { readonly kind: "jump"; readonly milliseconds: number }
  | { readonly kind: "restart" }
  | { readonly kind: "crash"; readonly lostSaves: number };

interface World {
  readonly seed: number;
  readonly whole: boolean;
  readonly concurrency: number;
  readonly step: number;
  readonly users: number;
  readonly windowEvents: number;
  readonly steps: readonly Step[];
}

const percent = fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, fc.integer({ min: 0, max: 40 }), fc.constant(100));
const mood = fc.record({ event: percent, destination: percent, refused: percent, dead: percent, slow: percent });

const world: fc.Arbitrary<World> = fc.record({
  seed: fc.nat(),
  whole: fc.boolean(),
  concurrency: fc.integer({ min: 1, max: 6 }),
  step: fc.integer({ min: 1, max: 3 }),
  users: fc.integer({ min: 1, max: 6 }),
  windowEvents: fc.constantFrom(1, 5, 1000),
  steps: fc.array(
    fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({ kind: fc.constant("accept" as const), events: fc.integer({ min: 1, max: 6 }) }),
      },
      {
        weight: 2,
        arbitrary: fc.record({ kind: fc.constant("repeat" as const), back: fc.integer({ min: 1, max: 10 }) }),
      },
      {
        weight: 4,
        arbitrary: fc.record({
          kind: fc.constant("advance" as const),
          milliseconds: fc.constantFrom(0, 1, 50, 1000, 20_000, 600_000),
        }),
      },
      { weight: 3, arbitrary: fc.record({ kind: fc.constant("mood" as const), mood }) },
      {
        weight: 1,
        arbitrary: fc.record({
          kind: fc.constant("jump" as const),
          milliseconds: fc.constantFrom(-86_400_000 * 30, -1000, 1000, 86_400_000 * 30),
        }),
      },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant("restart" as const) }) },
      {
        weight: 2,
        arbitrary: fc.record({ kind: fc.constant("crash" as const), lostSaves: fc.integer({ min: 0, max: 4 }) }),
      },
    ),
    { maxLength: 40 },
  ),
});

const well: Mood = { event: 0, destination: 0, refused: 0, dead: 0, slow: 0 };
const sizeOfRecord = 6;

test("whatever destinations, crashes and clocks do: nothing is lost, order is kept, the account adds up", async () => {
  await fc.assert(fc.asyncProperty(world, run), { numRuns: 150 });
});

/** One history, checked after each step and at its end. */
async function run({ seed, whole, concurrency, step, users, windowEvents, steps }: World): Promise<void> {
  const random = seededRandom(seed);
  const store = new MemoryStore();
  const clock = new FakeClock();
  let now: Mood = well;
  let made = 0;
  /** What clients have sent, request by request. */
  const requests: TestEvent[][] = [];
  const reached = new Set<string>();
  const refusedForGood = new Set<string>();

  function outcomeOf(id: string): Outcome {
    const dice = random() * 100;
    let bound = now.event;
    if (dice < bound) return retry("event", "http_500", random() < 0.3 ? { after: 5000 } : {});
    bound += now.destination;
    if (dice < bound) return retry("destination", "timeout", random() < 0.3 ? { after: 5000 } : {});
    bound += now.refused;
    if (dice < bound) return retry("destination", "http_401", { ages: false });
    bound += now.dead;
    if (dice >= bound) return delivered;
    refusedForGood.add(id);
    return dead("http_400");
  }

  /** A process: it ends with a restart or a crash, and nothing that it does afterwards counts. */
  async function start() {
    let alive = true;
    const order = new Map<unknown, string[]>();
    const busy = new Set<unknown>();
    const fake = new FakeDestination(
      async (events) => {
        // Without whole batches no two events of a user are ever on their way together.
        if (!whole) {
          for (const { userId } of events) {
            assert.ok(!busy.has(userId), "two events of one user on their way");
            busy.add(userId);
          }
        }
        const delay = random() * 100 < now.slow ? 30_000 : Math.floor(random() * 3);
        await new Promise<void>((resolve) => clock.after(delay, resolve));
        if (!alive) return new Promise(() => {});
        const outcomes = events.map(({ messageId }) => outcomeOf(messageId));
        // As a whole: one outcome for all.
        if (whole) outcomes.fill(outcomes[0]!);
        events.forEach(({ messageId, userId }, at) => {
          busy.delete(userId);
          if (outcomes[at]?.outcome === "dead") refusedForGood.add(messageId);
          if (outcomes[at]?.outcome !== "delivered") return;
          reached.add(messageId);
          order.set(userId, [...(order.get(userId) ?? []), messageId]);
        });
        return outcomes;
      },
      { events: whole ? 5 : 1, bytes: 1 << 20, whole },
    );
    const before = store.savesOf("events", "d").at(-1);
    const harness = await RouterHarness.open({
      store,
      clock,
      random,
      step,
      destinations: { d: fake },
      settings: { d: { concurrency } },
      limits: { windowEvents },
    });
    const firstSave = store.savesOf("events", "d").length;
    // What this process answers for: everything in the log that is not finished, as far as was saved.
    const mine = eventsIn(store).filter(
      ({ offset, index }) =>
        offset >= (before?.low ?? 0) && !before?.finished.some(([o, i]) => o === offset && i === index),
    ).length;
    const kill = () => {
      alive = false;
    };
    return { harness, kill, order, accepted: mine, firstSave };
  }

  let process = await start();

  async function check(): Promise<void> {
    const status = await process.harness.status("d");
    const ended = status.delivered + sum(status.filtered) + status.duplicate + sum(status.dead);
    assert.equal(
      ended + status.waiting,
      process.accepted,
      "accepted = delivered + filtered + duplicate + dead + waiting",
    );
    assert.ok(status.counted);
    const inMemory = process.harness.router.inMemory.get("d") ?? 0;
    assert.ok(inMemory < windowEvents + sizeOfRecord, `${inMemory} events in memory`);
    const saves = store.savesOf("events", "d").slice(process.firstSave);
    for (let at = 1; at < saves.length; at++)
      assert.ok(saves[at]!.low >= saves[at - 1]!.low, "progress moves backwards");
    for (const ids of process.order.values()) {
      for (let at = 1; at < ids.length; at++)
        assert.ok(number(ids[at]!) > number(ids[at - 1]!), `out of order: ${ids}`);
    }
  }

  for (const one of steps) {
    switch (one.kind) {
      case "accept":
      case "repeat": {
        // A client that got no answer sends the same again.
        const again = one.kind === "repeat" ? requests.at(-one.back) : undefined;
        const count = one.kind === "accept" ? one.events : 1;
        const events = again ?? Array.from({ length: count }, () => makeEvent(made++, users, random));
        requests.push(events);
        process.accepted += events.length;
        // Status is asked for while it all goes on: counting what is unread must not get in its way.
        const { harness } = process;
        await Promise.all([harness.status("d"), harness.accept(events), harness.status("d")]);
        break;
      }
      case "advance":
        await clock.advance(one.milliseconds);
        break;
      case "mood":
        now = one.mood;
        break;
      case "jump":
        clock.wallOffset += one.milliseconds;
        break;
      case "restart":
        await process.harness.close(1000);
        process.kill();
        process = await start();
        break;
      case "crash": {
        process.harness.engine.crash();
        process.kill();
        const saves = store.savesOf("events", "d");
        saves.splice(Math.max(0, saves.length - one.lostSaves));
        process = await start();
        break;
      }
    }
    await settle();
    await check();
  }

  now = well;
  for (let rounds = 0; (await process.harness.status("d")).waiting > 0; rounds++) {
    assert.ok(rounds < 50, "it does not come to an end");
    await clock.advance(300_000);
  }
  await check();
  await process.harness.close();

  const letters = store.recordsOf("dead.d").map((record) => decodeDeadLetter(record)!);
  const buried = new Set(letters.map(({ event }) => event.messageId));
  const all = eventsIn(store);
  for (const { id, event } of all) {
    if (event.integrations !== undefined) assert.ok(!reached.has(id) && !buried.has(id), `${id} is filtered`);
    else if (event.type === "shout") assert.ok(!reached.has(id) && buried.has(id), `${id} has no known type`);
    else assert.ok(reached.has(id) || buried.has(id), `${id} is lost`);
  }
  for (const { reason, event } of letters) {
    assert.ok(reason === "type" || refusedForGood.has(event.messageId), `${event.messageId} died of ${reason}`);
  }
  const last = store.savesOf("events", "d").at(-1);
  const end = (store.recordsOf("events").at(-1)?.offset ?? -1) + 1;
  assert.deepEqual(last, { low: end, finished: [] });
}

function makeEvent(number: number, users: number, random: () => number): TestEvent {
  const kind = random();
  return {
    messageId: `m${number}`,
    userId: `u${Math.floor(random() * users)}`,
    ...(kind < 0.1 ? { type: "shout" } : {}),
    ...(kind > 0.9 ? { integrations: { All: false } } : {}),
  };
}

function eventsIn(store: MemoryStore) {
  return store
    .recordsOf("events")
    .flatMap((record) =>
      eventsOf(record).events.map((event, index) => ({ offset: record.offset, index, id: event.messageId, event })),
    );
}

function number(id: string): number {
  return Number(id.slice(1));
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
