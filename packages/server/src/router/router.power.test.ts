import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { dead, delivered, retry } from "@pintle/kit";
import { FakeFileSystem, type OperationKind, systemError } from "@pintle/log/testing";
import fc from "fast-check";
import { EmbeddedEngine } from "../engine/embedded/embedded-engine.ts";
import type { PlaneLogger } from "../logger.ts";
import type { Destination } from "../model/destination.ts";
import type { Source } from "../model/source.ts";
import { decodeDeadLetter } from "../records/dead-letter.ts";
import { Router } from "./router.ts";
import { eventRecord } from "./testing/event-records.ts";
import { FakeClock, settle } from "./testing/fake-clock.ts";
import { FakeDestination } from "./testing/fake-destination.ts";
import { seededRandom } from "./testing/random.ts";

/*
 * The router over the real engine, on a disk whose power fails, and which fills up: what was synced
 * stays, of everything else any part. Whatever was accepted, that is, whose append had resolved,
 * ends at the destination or in a dead letter, and nothing is called damaged.
 */

type Step =
  | { readonly kind: "accept"; readonly events: number }
  | { readonly kind: "advance"; readonly milliseconds: number }
  | { readonly kind: "mood"; readonly failing: number; readonly dying: number }
  | { readonly kind: "power" }
  | { readonly kind: "kill" }
  | { readonly kind: "disk"; readonly isFull: boolean };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({ kind: fc.constant("accept" as const), events: fc.integer({ min: 1, max: 5 }) }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant("advance" as const), milliseconds: fc.constantFrom(0, 20, 150, 5000) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant("mood" as const),
        failing: fc.constantFrom(0, 30, 100),
        dying: fc.constantFrom(0, 30),
      }),
    },
    { weight: 2, arbitrary: fc.constant({ kind: "power" as const }) },
    { weight: 1, arbitrary: fc.constant({ kind: "kill" as const }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("disk" as const), isFull: fc.boolean() }) },
  ),
  { maxLength: 25 },
);

/** What needs room. */
const taking: ReadonlySet<OperationKind> = new Set(["open", "makeDirectory", "write", "sync", "truncate"]);
const sources: Source[] = [{ id: "shop", name: "shop", writeKeys: ["k"], enabled: true, destinations: ["d"] }];
const destinations: Destination[] = [{ id: "d", name: "d", type: "d", enabled: true, settings: {} }];

test("what was accepted is delivered or a dead letter, whenever the power fails or the disk is full", async (t) => {
  // A log that could not be written waits for a second of the system's clock before it tries again.
  mock.timers.enable({ apis: ["Date"], now: Date.parse("2026-01-01T00:00:00Z") });
  t.after(() => mock.timers.reset());
  await fc.assert(fc.asyncProperty(fc.nat(), steps, run), { numRuns: 60 });
});

async function run(seed: number, history: readonly Step[]): Promise<void> {
  const random = seededRandom(seed);
  const disk = new FakeFileSystem();
  const clock = new FakeClock();
  const damage: unknown[] = [];
  const logger: PlaneLogger = {
    debug() {},
    info() {},
    warn() {},
    error: (fields: object | string, message?: string) => {
      if (message === "part of the log cannot be read") damage.push(fields);
    },
  };
  const accepted = new Set<string>();
  const reached = new Set<string>();
  let failing = 0;
  let dying = 0;
  let made = 0;

  let isFull = false;
  function fill(full: boolean): void {
    isFull = full;
    mock.timers.tick(1500);
    disk.interference = ({ kind, path }) => {
      if (full && taking.has(kind)) throw systemError("ENOSPC", `${kind} ${path}`);
    };
  }

  interface Running {
    readonly engine: EmbeddedEngine;
    readonly router: Router;
    readonly stop: () => void;
  }

  async function start(): Promise<Running> {
    let alive = true;
    const fake = new FakeDestination(async (events) => {
      await settle();
      if (!alive) return new Promise(() => {});
      return events.map(({ messageId }) => {
        const dice = random() * 100;
        if (dice < failing) return retry(dice < failing / 2 ? "event" : "destination", "failed");
        if (dice < failing + dying) return dead("refused");
        reached.add(messageId);
        return delivered;
      });
    });
    const engine = new EmbeddedEngine({ directory: "/data", owns: () => true, fs: disk.process(), logger });
    const opening = Router.open({
      engine,
      sources,
      destinations,
      types: new Map([["d", fake.type]]),
      tools: { directory: "/", now: () => clock.wall(), userAgent: "Pintle/test" },
      clock,
      random,
      logger,
    });
    const router = await opening.catch(async (error: unknown) => {
      assert.ok(isFull, String(error));
      await engine.close();
      return undefined;
    });
    if (router === undefined) {
      fill(false);
      return start();
    }
    const stop = () => {
      alive = false;
    };
    return { engine, router, stop };
  }

  async function accept(engine: EmbeddedEngine, count: number): Promise<void> {
    const ids = Array.from({ length: count }, () => `m${made++}`);
    const record = eventRecord(ids.map((messageId) => ({ messageId, userId: `u${Math.floor(random() * 4)}` })));
    const isStored = await engine.append("events", record).then(
      () => true,
      (error: unknown) => {
        assert.ok(isFull || wasFull, String(error));
        return false;
      },
    );
    if (isStored) for (const id of ids) accepted.add(id);
  }

  let wasFull = false;
  let process = await start();
  for (const step of history) {
    if (step.kind === "accept") await accept(process.engine, step.events);
    else if (step.kind === "advance") await clock.advance(step.milliseconds);
    else if (step.kind === "mood") ({ failing, dying } = step);
    else if (step.kind === "disk") {
      fill(step.isFull);
      wasFull ||= step.isFull;
    } else {
      // An append is under way when it happens: nothing is promised for it.
      void accept(process.engine, 1);
      process.stop();
      if (step.kind === "power") disk.crash(random);
      else disk.kill();
      process = await start();
    }
  }

  failing = 0;
  dying = 0;
  fill(false);
  for (let round = 0; ; round++) {
    assert.ok(round < 100, "it does not come to an end");
    mock.timers.tick(1500);
    await clock.advance(300_000);
    const [status] = (await process.router.status()).destinations;
    if (status?.waiting === 0) break;
  }
  const buried = new Set<string>();
  for await (const record of process.engine.scan("dead.d")) {
    buried.add(decodeDeadLetter(record)!.event.messageId);
  }
  const lost = [...accepted].filter((id) => !reached.has(id) && !buried.has(id));
  assert.deepEqual([lost, damage], [[], []]);
  await process.router.close(0);
  await process.engine.close();
}
