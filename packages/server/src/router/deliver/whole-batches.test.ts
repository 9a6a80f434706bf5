import assert from "node:assert/strict";
import { type Answer, delivered, type Outcome, retry } from "@pintle/kit";
import { FakeDestination } from "../testing/fake-destination.ts";
import { RouterHarness } from "../testing/router-harness.ts";
import { test } from "../testing/router-test.ts";

const answer: Answer = { status: 503, headers: {}, body: "" };
const faults: [what: string, outcome: Outcome][] = [
  ["fails", retry("event", "http_500")],
  ["is refused by one server of several", retry("destination", "http_503", { answer })],
];

/**
 * Two hundred users with two events each, delivered as wholes of at most 40, of which `fault`
 * befalls four in a row and then every third one.
 */
async function deliverAll(fault: Outcome): Promise<{ seen: string[]; calls: number; troubles: string[] }> {
  const seen: string[] = [];
  let calls = 0;
  const destination = new FakeDestination(
    (events) => {
      // The first one gets through (a destination that never took anything may be the wrong one),
      // the next four do not.
      const call = calls++;
      if ((call > 0 && call < 5) || call % 3 === 1) return events.map(() => fault);
      seen.push(...events.map(({ messageId }) => messageId));
      return events.map(() => delivered);
    },
    { events: 40, bytes: 1 << 20, whole: true },
  );
  const harness = await RouterHarness.open({ destinations: { d: destination } });
  for (let n = 0; n < 400; n += 20) {
    await harness.accept(
      Array.from({ length: 20 }, (_, k) => ({ userId: `u${(n + k) % 200}`, messageId: `m${n + k}` })),
    );
  }
  for (let round = 0; round < 200 && seen.length < 400; round++) await harness.clock.advance(1000);
  await harness.close();
  return { seen, calls, troubles: harness.log.filter((line) => /in trouble/.test(line)) };
}

for (const [what, fault] of faults) {
  test(`a batch that now and then ${what} counts as one failure, however many events it has`, async () => {
    const { seen, troubles } = await deliverAll(fault);
    assert.deepEqual(troubles, []);
    assert.equal(new Set(seen).size, 400);
    assert.equal(seen.length, 400);
    for (let user = 0; user < 200; user++) {
      assert.ok(seen.indexOf(`m${user}`) < seen.indexOf(`m${user + 200}`), `the events of u${user} are in order`);
    }
  });
}
