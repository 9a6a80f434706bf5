import assert from "node:assert/strict";
import { test } from "node:test";
import { type SimulatedServer, simulate } from "./testing/simulation.ts";

// How long users' events wait, on virtual time. npm run bench -- retries makes a hundred runs of each.

const second = 1000;
const refusing = (status: number, share: number): SimulatedServer => ({
  answer: (_, random) => (random() < share ? status : 200),
  latency: 40,
});

/** The bound of an event's own waits does not depend on what kind of passing failure it is. */
for (const status of [503, 502, 504, 500]) {
  test(`a third of all requests is answered with ${status}: no event waits for more than 90 s`, async () => {
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
