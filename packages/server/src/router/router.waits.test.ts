import assert from "node:assert/strict";
import { onePartitionTest, test } from "./testing/router-test.ts";
import { type SimulatedAnswer, type SimulatedServer, simulate } from "./testing/simulation.ts";

// How long users' events wait, on virtual time. npm run bench -- retries makes a hundred runs of
// each. They take seconds, so one of a kind is enough with partitions that move.

const second = 1000;
const refusing = (status: number, share: number): SimulatedServer => ({
  answer: (_, random) => (random() < share ? status : 200),
  latency: 40,
});

/** The bound of an event's own waits does not depend on what kind of passing failure it is. */
for (const status of [503, 502, 504, 500]) {
  const testOfStatus = status === 503 ? test : onePartitionTest;
  testOfStatus(`a third of all requests is answered with ${status}: no event waits for more than 90 s`, async () => {
    const { waits } = await simulate({
      seed: status,
      events: 9276,
      users: 1000,
      perSecond: 100,
      server: refusing(status, 1 / 3),
    });
    assert.equal(waits.length, 9276);
    assert.ok(Math.max(...waits) < 90 * second, `${Math.max(...waits)} ms`);
  });
}

test("as much is true when all of it comes at once, each event of a user of its own", async () => {
  // One of those runs in which eight refusals come in a row, and the probes after them are refused
  // as well.
  const { waits } = await simulate({
    seed: 80,
    events: 9276,
    users: 9276,
    perSecond: 9276,
    server: refusing(503, 1 / 3),
  });
  assert.ok(Math.max(...waits) < 90 * second, `${Math.max(...waits)} ms`);
});

const down = 300 * second;
const outages: readonly [name: string, answer: SimulatedAnswer | undefined, slowest: number][] = [
  ["nobody listens", undefined, 16 * second],
  ["it refuses", 503, 16 * second],
  ["it has nothing there", 404, 16 * second],
  ["it does not answer", "silence", 30 * second],
];

for (const [name, answer, slowest] of outages) {
  const testOfOutage = answer === "silence" ? test : onePartitionTest;
  testOfOutage(
    `20,000 events wait and ${name}: it is probed all the time, found again soon, and gets up to speed at once`,
    async () => {
      const server = { answer: (now: number) => (now < down ? answer : 200), latency: 40 };
      const { deliveries, requests } = await simulate({
        seed: 8,
        events: 20_000,
        users: 5000,
        perSecond: 20_000,
        server,
      });
      const first = deliveries[0]!;
      assert.ok(first - down <= slowest, `the first event after ${first - down} ms`);
      const meanwhile = requests.filter((at) => at < first);
      for (let at = 1; at < meanwhile.length; at++) {
        const pause = meanwhile[at]! - meanwhile[at - 1]!;
        assert.ok(pause <= 15 * second + 100, `no probe for ${pause} ms`);
      }
      assert.ok(meanwhile.length < 200, `${meanwhile.length} requests to one that is down`);
      const perSecond = deliveries.reduce<number[]>((counts, at) => {
        const since = Math.floor((at - first) / second);
        counts[since] = (counts[since] ?? 0) + 1;
        return counts;
      }, []);
      const most = Math.max(...perSecond);
      assert.ok(perSecond.findIndex((count) => count >= 0.9 * most) <= 2, `${perSecond.slice(0, 5)} a second`);
    },
  );
}
