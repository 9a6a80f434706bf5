import assert from "node:assert/strict";
import { test } from "node:test";
import { hashUserKey } from "@pintle/events";
import type { DeliveredEvent } from "@pintle/events/gateway";
import { dead, delivered, type Outcome, retry } from "@pintle/kit";
import fc from "fast-check";
import { partitionOf } from "../engine/partition-of.ts";
import { decodeDeadLetter } from "../records/dead-letter.ts";
import { eventsOf } from "../records/event-record.ts";
import type { DestinationStatus } from "./ledger/status.ts";
import type { TestEvent } from "./testing/event-records.ts";
import { FakeClock, settle } from "./testing/fake-clock.ts";
import { FakeDestination } from "./testing/fake-destination.ts";
import { MemoryDisk } from "./testing/memory-engine.ts";
import { seededRandom } from "./testing/random.ts";
import { RouterHarness } from "./testing/router-harness.ts";

/** How often out of 100 a delivery ends in each way; else it succeeds. */
interface Mood {
  readonly event: number;
  readonly destination: number;
  readonly refused: number;
  readonly dead: number;
  /** Nothing is there: one event's trouble, or in a row the destination's. */
  readonly gone: number;
  readonly slow: number;
  /** The user whose events fail, nearly all of them. */
  readonly stuck: number;
}

type Step =
  | { readonly kind: "accept"; readonly events: number }
  | { readonly kind: "repeat"; readonly back: number }
  | { readonly kind: "replay"; readonly letters: number }
  | { readonly kind: "advance"; readonly milliseconds: number }
  | { readonly kind: "mood"; readonly mood: Mood }
  | { readonly kind: "retry" }
  | { readonly kind: "jump"; readonly milliseconds: number }
  | { readonly kind: "reload"; readonly concurrency: number; readonly denies: boolean }
  | { readonly kind: "revoke"; readonly partition: number }
  | { readonly kind: "assign" }
  | { readonly kind: "restart" }
  | { readonly kind: "crash"; readonly lostSaves: number; readonly lostRetrySaves: number };

interface World {
  readonly seed: number;
  readonly whole: boolean;
  readonly concurrency: number;
  readonly step: number;
  readonly partitions: number;
  readonly users: number;
  readonly windowEvents: number;
  readonly parkedRecords: number;
  readonly order: boolean;
  readonly steps: readonly Step[];
}

const well: Mood = { event: 0, destination: 0, refused: 0, dead: 0, gone: 0, slow: 0, stuck: -1 };

const percent = fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, fc.integer({ min: 0, max: 40 }), fc.constant(100));
const sound = fc.record({
  event: percent,
  destination: percent,
  refused: percent,
  dead: percent,
  gone: percent,
  slow: percent,
});
const mood = fc.oneof(
  fc.tuple(sound, fc.integer({ min: -1, max: 3 })).map(([mood, stuck]) => ({ ...mood, stuck })),
  fc.integer({ min: 0, max: 3 }).map((stuck) => ({ ...well, stuck })),
);

const worldOf = (partitions: number, rebalances: readonly fc.Arbitrary<Step>[]): fc.Arbitrary<World> =>
  fc.record({
    seed: fc.nat(),
    partitions: fc.constant(partitions),
    whole: fc.boolean(),
    concurrency: fc.integer({ min: 1, max: 6 }),
    step: fc.integer({ min: 1, max: 3 }),
    users: fc.integer({ min: 1, max: 6 }),
    windowEvents: fc.constantFrom(1, 5, 1000),
    parkedRecords: fc.constantFrom(2, 6, 1000),
    order: fc.oneof({ weight: 5, arbitrary: fc.constant(true) }, fc.constant(false)),
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
          weight: 1,
          arbitrary: fc.record({ kind: fc.constant("replay" as const), letters: fc.integer({ min: 1, max: 10 }) }),
        },
        {
          weight: 4,
          arbitrary: fc.record({
            kind: fc.constant("advance" as const),
            milliseconds: fc.constantFrom(0, 1, 50, 1000, 20_000, 600_000),
          }),
        },
        { weight: 3, arbitrary: fc.record({ kind: fc.constant("mood" as const), mood }) },
        { weight: 2, arbitrary: fc.record({ kind: fc.constant("retry" as const) }) },
        {
          weight: 1,
          arbitrary: fc.record({
            kind: fc.constant("jump" as const),
            milliseconds: fc.constantFrom(-86_400_000 * 30, -1000, 1000, 86_400_000 * 30),
          }),
        },
        {
          weight: 1,
          arbitrary: fc.record({
            kind: fc.constant("reload" as const),
            concurrency: fc.integer({ min: 1, max: 6 }),
            denies: fc.boolean(),
          }),
        },
        ...rebalances.map((arbitrary) => ({ weight: 4, arbitrary })),
        { weight: 1, arbitrary: fc.record({ kind: fc.constant("restart" as const) }) },
        {
          weight: 2,
          arbitrary: fc.record({
            kind: fc.constant("crash" as const),
            lostSaves: fc.integer({ min: 0, max: 4 }),
            lostRetrySaves: fc.integer({ min: 0, max: 4 }),
          }),
        },
      ),
      { maxLength: 60, size: "max" },
    ),
  });

const denying = { except: { types: [], events: ["secret"] } };

const sizeOfRecord = 6;
/** Lanes are parked soon, into small records, and moved forward for little. */
const small = { parkAfter: 5000, parkAbove: 3, sliceEvents: 2, compactAbove: 3, gatherFor: 50 };
const topics = ["events", "retry.d"];

test("whatever destinations, crashes and clocks do: nothing is lost, order is kept, the account adds up", async () => {
  await fc.assert(fc.asyncProperty(worldOf(1, []), run), { numRuns: 150 });
});

test("the same with four partitions, which are taken away and given back at any moment", async () => {
  const rebalances = [
    fc.record({ kind: fc.constant("revoke" as const), partition: fc.nat(3) }),
    fc.record({ kind: fc.constant("assign" as const) }),
  ];
  await fc.assert(fc.asyncProperty(worldOf(4, rebalances), run), { numRuns: 150 });
});

/** One history, checked after each step and at its end. */
async function run(world: World): Promise<void> {
  const {
    seed,
    whole,
    concurrency,
    step,
    partitions,
    users,
    windowEvents,
    parkedRecords,
    order: isOrdered,
    steps,
  } = world;
  const random = seededRandom(seed);
  const store = new MemoryDisk();
  const clock = new FakeClock();
  let now: Mood = well;
  let made = 0;
  /** The partitions that the destination reads. */
  const all = topics.flatMap((topic) => Array.from({ length: partitions }, (_, number) => [topic, number] as const));
  /** What clients have sent, request by request. */
  const requests: TestEvent[][] = [];
  const reached = new Set<string>();
  const refusedForGood = new Set<string>();
  const replayed = new Set<string>();
  /** Whether the configuration keeps the events named "secret" away, and whether it ever did. */
  let denies = false;
  let hasDenied = false;
  function outcomeOf({ messageId: id, userId }: DeliveredEvent): Outcome {
    const dice = random() * 100;
    if (userId === `u${now.stuck}` && random() < 0.95) return retry("event", "http_500");
    let bound = now.event;
    if (dice < bound) return retry("event", "http_500", random() < 0.3 ? { after: 5000 } : {});
    bound += now.destination;
    if (dice < bound) return retry("destination", "timeout", random() < 0.3 ? { after: 5000 } : {});
    bound += now.refused;
    if (dice < bound) return retry("destination", "http_401", { ages: false });
    bound += now.gone;
    if (dice < bound) return dead("http_404", { inARow: "destination" });
    bound += now.dead;
    if (dice >= bound) return delivered;
    refusedForGood.add(id);
    return dead("http_400");
  }

  /** A process: it ends with a restart or a crash, and nothing that it does afterwards counts. */
  async function start() {
    let alive = true;
    let life = 0;
    const order = new Map<unknown, string[]>();
    const busy = new Set<unknown>();
    /**
     * What is on its way, and of that what was longer there than its partition was at hand: nobody
     * knows what became of it.
     */
    const onWay = new Set<DeliveredEvent>();
    const late = new Set<DeliveredEvent>();
    const fake = new FakeDestination(
      async (events) => {
        if (denies) assert.ok(!events.some(({ event }) => event === "secret"), "what is denied goes out");
        assert.ok(!events.some(({ type }) => type === "shout"), "an event of an unknown type goes out");
        // Without whole batches no two events of a user are ever on their way together, but for
        // those that are replayed.
        const live = events.filter(({ messageId }) => !replayed.has(messageId));
        if (!whole && isOrdered) {
          for (const { userId } of live) {
            assert.ok(!busy.has(userId), "two events of one user on their way");
            busy.add(userId);
          }
        }
        for (const event of live) onWay.add(event);
        const mine = life;
        const delay = random() * 100 < now.slow ? 30_000 : Math.floor(random() * 3);
        await new Promise<void>((resolve) => clock.after(delay, resolve));
        if (!alive || mine !== life) return new Promise(() => {});
        const outcomes = events.map(outcomeOf);
        // As a whole: one outcome for all.
        if (whole) outcomes.fill(outcomes[0]!);
        events.forEach((event, at) => {
          const { messageId, userId } = event;
          onWay.delete(event);
          const isLate = late.delete(event);
          if (live.includes(event) && !isLate) busy.delete(userId);
          if (outcomes[at]?.outcome === "dead") refusedForGood.add(messageId);
          if (outcomes[at]?.outcome !== "delivered") return;
          reached.add(messageId);
          if (replayed.has(messageId) || isLate) return;
          order.set(userId, [...(order.get(userId) ?? []), messageId]);
        });
        return outcomes;
      },
      { events: whole ? 5 : 1, bytes: 1 << 20, whole },
    );
    // A connection that was closed breaks off what is on its way; all of it goes out again on the
    // next one.
    fake.open = async () => {
      life++;
      busy.clear();
      order.clear();
      onWay.clear();
    };
    const harness = await RouterHarness.open({
      store,
      clock,
      random,
      step,
      partitions,
      destinations: { d: fake },
      settings: { d: { concurrency, order: isOrdered } },
      ...(denies ? { filters: { d: denying } } : {}),
      limits: { windowEvents, parkedRecords, ...small },
    });
    const firstSaves = all.map(([topic, partition]) => store.savesOf(topic, "d", partition).length);
    // What this process answers for: everything that is not finished, as far as was saved. That
    // nothing is missing there shows at the end.
    const status = await harness.status("d");
    const accepted = endedOf(status) + status.waiting;
    const kill = () => {
      alive = false;
    };
    const handOver = async (partition: number) => {
      await harness.revoke(partition);
      for (const event of onWay) {
        if (partitionOf(hashUserKey(String(event.userId)), partitions) !== partition) continue;
        late.add(event);
        busy.delete(event.userId);
      }
    };
    return { harness, kill, handOver, order, accepted, firstSaves };
  }

  let process = await start();

  async function check(): Promise<void> {
    const status = await process.harness.status("d");
    assert.deepEqual(process.harness.engine.violations, []);
    // What nobody has now is in nobody's account.
    if (process.harness.engine.revoked.length === 0) {
      assert.equal(
        endedOf(status) + status.waiting,
        process.accepted + status.replayed,
        "accepted + replayed = delivered + filtered + duplicate + dead + waiting",
      );
    }
    assert.ok(status.counted);
    const inMemory = process.harness.router.inMemory.get("d") ?? 0;
    const most = windowEvents + sizeOfRecord + windowEvents / 4 + small.sliceEvents;
    assert.ok(inMemory < most, `${inMemory} events in memory`);
    all.forEach(([topic, partition], index) => {
      const saves = store.savesOf(topic, "d", partition).slice(process.firstSaves[index]);
      for (let at = 1; at < saves.length; at++)
        assert.ok(saves[at]!.low >= saves[at - 1]!.low, "progress moves backwards");
    });
    if (!isOrdered) return;
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
        // Status is asked for while it all goes on: counting what is unread must not get in its
        // way.
        const { harness } = process;
        await Promise.all([harness.status("d"), harness.accept(events), harness.status("d")]);
        break;
      }
      case "advance":
        await clock.advance(one.milliseconds);
        break;
      case "replay": {
        const letters = store
          .recordsOf("dead.d")
          .slice(-one.letters)
          .map((record) => decodeDeadLetter(record)!);
        for (const { event } of letters) replayed.add(event.messageId);
        // What is not durable when the process ends is refused.
        process.harness.router.replay("d", letters).catch(() => {});
        break;
      }
      case "mood":
        now = one.mood;
        break;
      case "retry": {
        const { state, lanesWaiting } = await process.harness.status("d");
        const retried = process.harness.router.retryNow("d");
        assert.equal(retried.state, state);
        assert.ok(retried.lanes >= lanesWaiting, `${retried.lanes} of ${lanesWaiting} lanes`);
        break;
      }
      case "jump":
        clock.wallOffset += one.milliseconds;
        break;
      case "reload": {
        const { sources, destinations } = process.harness.config;
        const settings = { concurrency: one.concurrency, order: isOrdered };
        if (!one.denies) denies = false;
        const filter = one.denies ? { filter: denying } : {};
        await process.harness.change({
          sources,
          destinations: destinations.map(({ filter: _before, ...entry }) => ({ ...entry, ...filter, settings })),
        });
        // What was on its way has ended.
        denies = one.denies;
        hasDenied ||= denies;
        break;
      }
      case "revoke":
        await process.handOver(one.partition);
        break;
      case "assign":
        for (const partition of process.harness.engine.revoked) await process.harness.assign(partition);
        break;
      case "restart":
        await process.harness.close(1000);
        process.kill();
        process = await start();
        break;
      case "crash": {
        process.harness.engine.crash();
        process.kill();
        for (const [topic, partition] of all) {
          const saves = store.savesOf(topic, "d", partition);
          saves.splice(Math.max(0, saves.length - (topic === "events" ? one.lostSaves : one.lostRetrySaves)));
        }
        process = await start();
        break;
      }
    }
    await settle();
    await check();
  }

  now = well;
  for (const partition of process.harness.engine.revoked) await process.harness.assign(partition);
  for (let rounds = 0; (await process.harness.status("d")).waiting > 0; rounds++) {
    assert.ok(rounds < 50, "it does not come to an end");
    await clock.advance(300_000);
  }
  await check();
  await process.harness.close();

  const letters = store.recordsOf("dead.d").map((record) => decodeDeadLetter(record)!);
  const buried = new Set(letters.map(({ event }) => event.messageId));
  for (const { id, event } of eventsIn(store, partitions)) {
    if (event.integrations !== undefined) assert.ok(!reached.has(id) && !buried.has(id), `${id} is filtered`);
    else if (event.type === "shout") assert.ok(buried.has(id) && !reached.has(id), `${id} has no known type`);
    else if (hasDenied && event.event === "secret") continue;
    else assert.ok(reached.has(id) || buried.has(id), `${id} is lost`);
  }
  for (const { reason, event } of letters) {
    assert.ok(reason === "type" || refusedForGood.has(event.messageId), `${event.messageId} died of ${reason}`);
  }
  for (const [topic, partition] of all) {
    const last = store.savesOf(topic, "d", partition).at(-1);
    const end = (store.recordsOf(topic, partition).at(-1)?.offset ?? -1) + 1;
    assert.deepEqual(last, { low: end, finished: [] }, `${topic} ${partition}`);
  }
}

function makeEvent(number: number, users: number, random: () => number): TestEvent {
  const kind = random();
  return {
    messageId: `m${number}`,
    userId: `u${Math.floor(random() * users)}`,
    ...(kind < 0.1 ? { type: "shout" } : {}),
    ...(kind > 0.9 ? { integrations: { All: false } } : {}),
    ...(kind > 0.3 && kind < 0.5 ? { event: "secret" } : {}),
  };
}

function eventsIn(store: MemoryDisk, partitions: number) {
  return Array.from({ length: partitions }, (_, partition) => store.recordsOf("events", partition))
    .flat()
    .flatMap((record) =>
      eventsOf(record).events.map((event, index) => ({ offset: record.offset, index, id: event.messageId, event })),
    );
}

function endedOf({ delivered: count, filtered, duplicate, dead: died }: DestinationStatus): number {
  return count + sum(filtered) + duplicate + sum(died);
}

function number(id: string): number {
  return Number(id.slice(1));
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
