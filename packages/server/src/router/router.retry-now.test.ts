import assert from "node:assert/strict";
import { retry } from "@pintle/kit";
import { destination } from "./testing/fake-destination.ts";
import { RouterHarness } from "./testing/router-harness.ts";
import { stillTest, test } from "./testing/router-test.ts";

const second = 1000;

stillTest("lanes that wait and lanes that are parked go out at once, each in its order", async () => {
  let isStuck = true;
  const { fake, ids } = destination((id) => (isStuck && id.endsWith("1") ? retry("event", "http_500") : undefined));
  const harness = await RouterHarness.open({ destinations: { d: fake } });
  for (const user of ["a", "b", "c"])
    await harness.accept([1, 2, 3].map((number) => ({ messageId: `${user}${number}`, userId: user })));
  await harness.clock.advance(11 * second);
  await harness.accept([
    { messageId: "e1", userId: "e" },
    { messageId: "e2", userId: "e" },
  ]);
  const { lanesParked, lanesWaiting, nextAttempt } = await harness.status("d");
  assert.deepEqual([lanesParked, lanesWaiting], [3, 1]);
  const wait = Date.parse(nextAttempt!) - harness.clock.wall();
  assert.ok(wait > 0 && wait <= 15 * second, `${wait} ms`);
  isStuck = false;
  assert.deepEqual(harness.router.retryNow("d"), { state: "closed", lanes: 4 });
  await harness.clock.advance(0);
  assert.deepEqual([...ids].sort(), ["a1", "a2", "a3", "b1", "b2", "b3", "c1", "c2", "c3", "e1", "e2"]);
  for (const user of ["a", "b", "c", "e"]) {
    const its = ids.filter((id) => id.startsWith(user));
    assert.deepEqual(its, [...its].sort());
  }
  assert.deepEqual(harness.router.retryNow("d"), { state: "closed", lanes: 0 });
  assert.equal((await harness.status("d")).nextAttempt, undefined);
  await harness.close();
});

test("a destination in trouble is probed at once, and again with each call; its own pause does not hold", async () => {
  const { fake, attempts } = destination(() => retry("destination", "http_429", { after: 3600 * second }));
  const harness = await RouterHarness.open({ destinations: { d: fake } });
  await harness.accept([{ messageId: "a" }]);
  const asked = () => [...attempts.values()].reduce((sum, times) => sum + times, 0);
  assert.equal(asked(), 1);
  await harness.clock.advance(600 * second);
  assert.equal(asked(), 1);
  const { nextAttempt } = await harness.status("d");
  assert.equal(Date.parse(nextAttempt!) - harness.clock.wall(), 3000 * second);
  for (const times of [2, 3]) {
    assert.deepEqual(harness.router.retryNow("d"), { state: "open", lanes: 0 });
    await harness.clock.advance(0);
    assert.equal(asked(), times);
  }
  assert.throws(() => harness.router.retryNow("nobody"), /No destination with the id "nobody" is at work/);
  await harness.close();
});

stillTest("a probe that hangs does not keep others from finding out", async () => {
  let hangs = true;
  const { fake, ids } = destination();
  const deliver = fake.deliver;
  fake.deliver = (events) => (hangs ? new Promise(() => {}) : deliver(events));
  const down = destination(() => retry("destination", "connect"));
  const harness = await RouterHarness.open({ destinations: { d: fake } });
  fake.deliver = down.fake.deliver;
  await harness.accept(["a", "b", "c"].map((messageId) => ({ messageId, userId: messageId })));
  fake.deliver = (events) => (hangs ? new Promise(() => {}) : deliver(events));
  await harness.clock.advance(10 * second);
  assert.equal((await harness.status("d")).inFlight, 1);
  hangs = false;
  await harness.clock.advance(6 * second);
  assert.deepEqual([ids.length, (await harness.status("d")).state], [2, "closed"]);
  await harness.close(0);
});
