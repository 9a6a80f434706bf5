import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Pace, Pacer } from "./pacer.ts";

/** A pacer on a clock that goes on where a turn waits. */
function paced(paces: (key: string) => readonly Pace[]) {
  let now = 1_000_000;
  const waits: number[] = [];
  const pacer = new Pacer(
    paces,
    () => now,
    async (wait) => {
      waits.push(wait);
    },
  );
  return {
    pacer,
    waits,
    pass: (time: number) => {
      now += time;
    },
    /** When a turn is. */
    async turn(key = ""): Promise<number> {
      const before = waits.length;
      await pacer.turn(key);
      return now + (waits.length > before ? waits.at(-1)! : 0) - 1_000_000;
    },
  };
}

test("as many requests as the pace takes go out at once, the next when the first is out of the window", async () => {
  const { turn, pass } = paced(() => [{ requests: 2, per: 1000 }]);
  assert.deepEqual([await turn(), await turn(), await turn(), await turn()], [0, 0, 1000, 1000]);
  pass(1500);
  assert.deepEqual([await turn(), await turn()], [2000, 2000]);
});

test("of two paces both are kept, and each key has its own", async () => {
  const { turn } = paced((key) =>
    key === "slow"
      ? [
          { requests: 1, per: 1000 },
          { requests: 2, per: 60_000 },
        ]
      : [{ requests: 1, per: 10 }],
  );
  assert.deepEqual([await turn("slow"), await turn("slow"), await turn("slow")], [0, 1000, 60_000]);
  assert.deepEqual([await turn("quick"), await turn("quick")], [0, 10]);
});

test("in no stretch of time do more requests go out than the pace takes, and none waits for nothing", async () => {
  const pace = fc.record({ requests: fc.integer({ min: 1, max: 5 }), per: fc.integer({ min: 1, max: 1000 }) });
  await fc.assert(
    fc.asyncProperty(
      fc.array(pace, { minLength: 1, maxLength: 3 }),
      fc.array(fc.nat(500), { maxLength: 60 }),
      async (paces, gaps) => {
        const { turn, pass } = paced(() => paces);
        const times: number[] = [];
        let now = 0;
        for (const gap of gaps) {
          now += gap;
          pass(gap);
          const at = await turn();
          // As late as one of the windows demands, and no later.
          const demands = paces.map(({ requests, per }) => (times.length < requests ? 0 : times.at(-requests)! + per));
          assert.equal(at, Math.max(now, ...demands));
          times.push(at);
        }
        for (const { requests, per } of paces) {
          times.forEach((time, at) => {
            const inWindow = times.slice(at).filter((other) => other < time + per);
            assert.ok(inWindow.length <= requests);
          });
        }
      },
    ),
  );
});

test("a clock that is set back makes nobody wait for its return", async () => {
  const { turn, pass } = paced(() => [{ requests: 2, per: 1000 }]);
  await turn();
  await turn();
  pass(-500_000);
  assert.ok((await turn()) <= 1000);
});

test("what waits for its turn is broken off at the end", async () => {
  const pacer = new Pacer(
    () => [{ requests: 1, per: 1000 }],
    () => 0,
    (_, signal) =>
      new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(new Error("closed")))),
  );
  await pacer.turn("");
  const waiting = pacer.turn("");
  pacer.close();
  await assert.rejects(waiting, /closed/);
});
