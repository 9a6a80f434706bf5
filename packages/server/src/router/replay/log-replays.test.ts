import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { filterLater } from "../filter/filter.ts";
import type { ReplayedEvent } from "../retry/retry-partition.ts";
import { eventRecord } from "../testing/event-records.ts";
import { FakeClock, settle } from "../testing/fake-clock.ts";
import { MemoryDisk, MemoryEngine } from "../testing/memory-engine.ts";
import type { ReplayTarget } from "./log-replay.ts";
import { LogReplays } from "./log-replays.ts";

const sources = new Set(["shop"]);
const rules = { name: "hook", displayName: "Hook", except: { types: ["page"], events: [] } };

/** A log, and a destination whose retry topic the test works off. */
class World {
  readonly store = new MemoryDisk();
  readonly clock = new FakeClock();
  readonly given: string[] = [];
  readonly filtered = new Map<string, number>();
  waiting = 0;
  most = 0;
  isAtWork = true;
  hasRoom = true;
  /** The disk takes nothing, and says nothing. */
  isStuck = false;
  fault: Error | undefined;
  engine = this.#engine();
  replays!: LogReplays;
  #ids = 0;

  #engine(): MemoryEngine {
    return new MemoryEngine(this.store, { step: 3, wall: () => this.clock.wall() });
  }

  async open(): Promise<this> {
    this.replays = await LogReplays.open({
      engine: this.engine,
      clock: this.clock,
      random: () => 0.5,
      newId: () => `r${this.#ids++}`,
      target: (id) => (this.isAtWork && id === "hook" ? this.#target(this.engine) : undefined),
    });
    await settle();
    return this;
  }

  #target(engine: MemoryEngine): ReplayTarget {
    return {
      judge: (event, sourceId) => filterLater(event, sourceId, rules, sources),
      filtered: (reason, count) => void this.filtered.set(reason, (this.filtered.get(reason) ?? 0) + count),
      waiting: () => this.waiting,
      hasRoom: () => this.hasRoom,
      replay: async (events: readonly ReplayedEvent[]) => {
        await Promise.resolve();
        // Nothing more is seen of a process that was killed.
        if (engine !== this.engine || this.isStuck) return new Promise(() => {});
        if (this.fault !== undefined) throw this.fault;
        this.waiting += events.length;
        this.most = Math.max(this.most, this.waiting);
        this.given.push(...events.map(({ raw }) => raw.messageId));
      },
    };
  }

  async accept(ids: readonly string[], sourceId = "shop", more: object = {}): Promise<void> {
    await this.engine.append(
      "events",
      eventRecord(
        ids.map((messageId) => ({ messageId, ...more })),
        sourceId,
      ),
    );
  }

  /** Kills the process and starts it again. */
  async crash(): Promise<void> {
    this.engine.crash();
    this.engine = this.#engine();
    await this.open();
  }

  start(from: number, more: { to?: number; rate?: number } = {}) {
    const epoch = this.clock.wallOffset;
    const to = more.to === undefined ? {} : { to: epoch + more.to };
    return this.replays.start({ destinationId: "hook", from: epoch + from, rate: more.rate ?? 1_000_000, ...to });
  }
}

test("what was accepted from a time on is given to the destination, by its filter and sources, up to now", async () => {
  const world = await new World().open();
  await world.accept(["a"]);
  await world.clock.advance(1000);
  await world.accept(["b", "c"]);
  await world.accept(["of another source"], "blog");
  await world.accept(["filtered"], "shop", { type: "page" });
  await world.accept(["of no known type"], "shop", { type: "shout" });
  await world.clock.advance(1000);
  await world.accept(["d"]);
  const started = await world.start(1000);
  assert.deepEqual([started.state, started.destinationId, started.id], ["running", "hook", "r0"]);
  await world.accept(["too late"]);
  await world.clock.advance(1000);
  assert.deepEqual(world.given, ["b", "c", "d"]);
  assert.deepEqual([...world.filtered], [["except", 1]], "what is not for it is counted; of another source it is not");
  const [ended] = world.replays.list();
  assert.deepEqual([ended?.state, ended?.given, ended?.left], ["done", 3, 0]);

  await world.start(500, { to: 1500 });
  await world.clock.advance(1000);
  assert.deepEqual(world.given, ["b", "c", "d", "b", "c"]);
  assert.equal(world.store.savesOf("events", "hook").length, 0, "the destination's own position is not touched");
  await world.replays.close();
});

test("without memory nothing is given, until there is some", async () => {
  const world = await new World().open();
  await world.accept(["a", "b"]);
  world.hasRoom = false;
  await world.start(0);
  await world.clock.advance(5000);
  assert.deepEqual(world.given, []);
  world.hasRoom = true;
  await world.clock.advance(1000);
  assert.deepEqual(world.given, ["a", "b"]);
  await world.replays.close();
});

test("no more goes out than the rate allows", async () => {
  const world = await new World().open();
  for (let at = 0; at < 30; at++) await world.accept([`m${at}`]);
  await world.start(0, { rate: 10 });
  await world.clock.advance(1000);
  assert.ok(world.given.length >= 10 && world.given.length <= 12, String(world.given.length));
  await world.clock.advance(2000);
  assert.equal(world.given.length, 30);
  await world.replays.close();
});

test("a destination that is behind gets no more than it works off; one that is not at work, nothing until it is", async () => {
  const world = await new World().open();
  for (let at = 0; at < 50; at++) await world.accept(Array.from({ length: 50 }, (_, index) => `${at}.${index}`));
  await world.start(0);
  await world.clock.advance(5000);
  assert.ok(world.most <= 1000 + 50, `${world.most} wait`);
  assert.equal(world.given.length, 1000);
  world.isAtWork = false;
  world.waiting = 0;
  await world.clock.advance(5000);
  assert.equal(world.given.length, 1000);
  assert.equal(world.replays.list()[0]?.problem, "the destination is not at work");
  world.isAtWork = true;
  world.fault = new Error("the disk is full");
  await world.clock.advance(1000);
  assert.equal(world.replays.list()[0]?.problem, "the disk is full");
  world.fault = undefined;
  for (let step = 0; step < 10; step++) {
    world.waiting = 0;
    await world.clock.advance(60_000);
  }
  assert.equal(world.given.length, 2500);
  assert.equal(world.replays.list()[0]?.state, "done");
  await world.replays.close();
});

test("what cannot be made durable does not keep it from ending, and is given again", async () => {
  const world = await new World().open();
  await world.accept(["a"]);
  world.isStuck = true;
  await world.start(0);
  await world.clock.advance(1000);
  assert.deepEqual(world.given, []);
  await world.replays.close();
  world.isStuck = false;
  await world.open();
  await world.clock.advance(1000);
  assert.deepEqual(world.given, ["a"]);
  await world.replays.close();
});

test("one that is stopped goes no further, also after a restart", async () => {
  const world = await new World().open();
  for (let at = 0; at < 30; at++) await world.accept([`m${at}`]);
  await world.start(0, { rate: 10 });
  await world.clock.advance(1000);
  const { length } = world.given;
  assert.equal((await world.replays.stop("r0"))?.state, "stopped");
  assert.equal(await world.replays.stop("r0"), undefined);
  assert.equal(await world.replays.stop("other"), undefined);
  await world.crash();
  await world.clock.advance(10_000);
  assert.equal(world.given.length, length);
  assert.equal(world.replays.list()[0]?.state, "stopped");
  await world.replays.close();
});

test("over kills and restarts at any point, all of it is given, in order but for repeats, and the end is where it was", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 40 }),
      fc.array(fc.record({ run: fc.nat(1500), kill: fc.boolean() }), { maxLength: 6 }),
      async (count, steps) => {
        const world = await new World().open();
        for (let at = 0; at < count; at++) await world.accept([`m${at}`]);
        await world.start(0, { rate: 10 });
        for (const { run, kill } of steps) {
          await world.clock.advance(run);
          await world.accept(["new"]);
          if (kill) await world.crash();
          else {
            await world.replays.close();
            await world.open();
          }
          world.waiting = 0;
        }
        await world.clock.advance(60_000);
        const firsts = [...new Set(world.given)];
        assert.deepEqual(
          firsts,
          Array.from({ length: count }, (_, at) => `m${at}`),
        );
        assert.equal(world.replays.list()[0]?.state, "done");
        const lows = world.store.savesOf("events", "replay-r0").map(({ low }) => low);
        assert.deepEqual(
          lows,
          lows.toSorted((one, other) => one - other),
          "progress never falls",
        );
        await world.replays.close();
      },
    ),
    { numRuns: 50 },
  );
});

test("a topic that a newer version has written is refused", async () => {
  const world = new World();
  await world.engine.append("replays", {
    header: Buffer.from(JSON.stringify({ v: 2, kind: "started" })),
    payload: new Uint8Array(0),
  });
  await assert.rejects(world.open(), /record 0 of replays has format 2, this version knows 1/);
});
