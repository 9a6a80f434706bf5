import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { LogError } from "./errors.ts";
import { Log } from "./log.ts";
import { LogReader } from "./log-reader.ts";
import { FakeFileSystem, type OperationKind, systemError } from "./testing/fake-file-system.ts";
import { epochs, numberOf, payloadOf, readAll, seeded, settle } from "./testing/harness.ts";

const directory = "/data/events";
const header = new Uint8Array([1, 2, 3]);

type Action =
  | { readonly do: "append"; readonly sizes: number[] }
  | { readonly do: "reopen" }
  | { readonly do: "retain"; readonly passed: number; readonly needed: number }
  | { readonly do: "fill"; readonly room: number; readonly sizes: number[] }
  | { readonly do: "fail"; readonly kind: OperationKind; readonly times: number; readonly sizes: number[] }
  | {
      readonly do: "crash";
      readonly seed: number;
      /** Only the process dies, the machine goes on. */
      readonly kill: boolean;
      /** At which operation of the appends, and again at which of opening the log. */
      readonly after: number;
      readonly during: number;
      readonly sizes: number[];
    };

const sizes = fc.array(fc.oneof(fc.integer({ min: 8, max: 300 }), fc.integer({ min: 300, max: 20_000 })), {
  minLength: 1,
  maxLength: 8,
});
const kinds = fc.constantFrom<OperationKind>(
  "write",
  "sync",
  "open",
  "truncate",
  "close",
  "remove",
  "syncDirectory",
  "space",
);
const actions: fc.Arbitrary<Action> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("append" as const), sizes }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("reopen" as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("retain" as const),
      passed: fc.nat({ max: 4000 }),
      needed: fc.nat({ max: 100 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("fill" as const), room: fc.nat({ max: 40_000 }), sizes }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("fail" as const),
      kind: kinds,
      times: fc.integer({ min: 1, max: 4 }),
      sizes,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("crash" as const),
      seed: fc.integer(),
      kill: fc.boolean(),
      after: fc.nat({ max: 25 }),
      during: fc.nat({ max: 40 }),
      sizes,
    }),
  },
);

/** What must hold of a log, and the log. Numbers name appends in the order of the calls. */
class Model {
  readonly fs = new FakeFileSystem();
  log!: Log;
  reader!: LogReader;
  now = 1_000_000;
  needed = 0;
  #count = 0;
  /** Acknowledged: number by offset. */
  readonly #acknowledged = new Map<number, number>();
  /**
   * Whatever a reader was ever given: a consumer may have finished it, so its offset must never
   * mean another record.
   */
  readonly #seen = new Map<number, number>();
  /** Rejected in this life: must not be seen before a crash. */
  #rejected = new Set<number>();
  readonly #random = epochs();

  async open(): Promise<void> {
    const fs = this.fs.process();
    this.log = await Log.open(directory, {
      fs,
      now: () => this.now,
      random: this.#random,
      segmentBytes: 32 * 1024,
      firstSegmentBytes: 4096,
      segmentAge: 5000,
      retention: { maxAge: 3000, maxBytes: 600_000, minFree: 0.01, neededFrom: () => this.needed },
    });
    this.reader = await LogReader.open(directory, { fs });
  }

  /** Starts appends; the promise resolves when all of them are answered. */
  append(lengths: readonly number[]): Promise<unknown> {
    const answers = lengths.map((length) => {
      const number = this.#count++;
      return this.log.append(header, payloadOf(number, length)).then(
        (offset) => {
          assert.ok(!this.#acknowledged.has(offset), `offset ${offset} was given twice`);
          this.#acknowledged.set(offset, number);
        },
        (error: unknown) => {
          assert.ok(error instanceof LogError && error.retryable && error.cause !== undefined);
          this.#rejected.add(number);
        },
      );
    });
    return Promise.all(answers);
  }

  /** A failure that is over: the next append has to succeed. */
  async recover(): Promise<void> {
    this.now += 1000;
    const before = this.log.end;
    await this.append([10]);
    assert.ok(this.log.end > before, "the log does not come back");
    assert.equal(this.log.failure, undefined);
  }

  acknowledgedBetween(from: number, to: number): number[] {
    return [...this.#acknowledged.keys()].filter((offset) => offset >= from && offset < to);
  }

  async check(): Promise<void> {
    for (const reader of [undefined, this.reader]) {
      const { records, damage } = await readAll(this.log, this.fs, reader === undefined ? {} : { reader });
      let last = -1;
      const found = new Map<number, number>();
      for (const record of records) {
        const number = numberOf(record);
        assert.deepEqual(new Uint8Array(record.header), header);
        assert.ok(number > last, `append ${number} comes after ${last}`);
        assert.ok(!this.#rejected.has(number), `append ${number} was rejected and is shown`);
        last = number;
        found.set(record.offset, number);
        assert.equal(
          this.#seen.get(record.offset) ?? number,
          number,
          `offset ${record.offset} has meant another append`,
        );
        this.#seen.set(record.offset, number);
      }
      for (const [offset, number] of this.#acknowledged) {
        if (offset >= this.log.start)
          assert.equal(found.get(offset), number, `acknowledged offset ${offset} is not there`);
      }
      for (const { from, to } of damage) {
        for (const offset of this.#acknowledged.keys()) {
          assert.ok(
            offset < this.log.start || offset < from || offset >= to,
            `damage is reported for offset ${offset}, which is whole`,
          );
        }
      }
    }
  }

  /**
   * The machine goes down at the next operation but `after`, and perhaps again while the log is
   * opened.
   */
  async crash({ seed, kill, after, during, sizes }: Action & { do: "crash" }): Promise<void> {
    const random = seeded(seed);
    const crash = (): void => (kill ? this.fs.kill() : this.fs.crash(random));
    await this.#downAfter(after, crash, () => this.append(sizes));
    this.#rejected = new Set();
    await this.#downAfter(during, crash, () => this.open());
    await this.open();
  }

  async #downAfter(operations: number, crash: () => void, run: () => Promise<unknown>): Promise<void> {
    let left = operations;
    const down = new Promise<void>((resolve) => {
      this.fs.interference = () => {
        if (left-- > 0) return;
        crash();
        this.fs.interference = () => {};
        resolve();
      };
    });
    await Promise.race([run(), down]);
    // Nothing may be said after the power is gone but what was decided before.
    await settle();
    if (left >= 0) crash();
    this.fs.interference = () => {};
  }
}

async function perform(model: Model, action: Action): Promise<void> {
  switch (action.do) {
    case "append":
      await model.append(action.sizes);
      break;
    case "reopen":
      await model.reader.close();
      await model.log.close();
      await model.open();
      break;
    case "retain": {
      model.now += action.passed;
      model.needed = Math.floor((model.log.end * action.needed) / 100);
      const { start } = model.log;
      const { removed, forced } = await model.log.retain();
      assert.equal(forced, undefined, "the size bound is far away");
      assert.deepEqual(
        model.acknowledgedBetween(Math.max(start, model.needed), model.log.start),
        [],
        "what is needed stays",
      );
      if (removed !== undefined) assert.equal(removed.from, start);
      break;
    }
    case "fill":
      model.fs.capacity = model.fs.used + action.room;
      await model.append(action.sizes);
      model.fs.capacity = Number.POSITIVE_INFINITY;
      await model.recover();
      break;
    case "fail": {
      let left = action.times;
      model.fs.interference = ({ kind, path }) => {
        if (kind === action.kind && left-- > 0) throw systemError("EIO", `${kind} ${path}`);
      };
      await model.append(action.sizes);
      await model.append(action.sizes);
      model.fs.interference = () => {};
      await model.recover();
      break;
    }
    case "crash":
      await model.crash(action);
      break;
  }
}

test("no sequence of appends, failures, full disks, crashes and retention breaks a promise", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(actions, { minLength: 1, maxLength: 12 }), async (sequence) => {
      const model = new Model();
      await model.open();
      for (const action of sequence) {
        await perform(model, action);
        await model.check();
      }
      await model.reader.close();
      await model.log.close();
    }),
    { numRuns: Number(process.env.PINTLE_LOG_RUNS ?? 150), includeErrorInReport: true },
  );
});
