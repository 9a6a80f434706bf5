import assert from "node:assert/strict";
import { test } from "node:test";
import type { DeliveredEvent } from "@pintle/events/gateway";
import { Suspects } from "./suspects.ts";

const event = (messageId: string) => ({ messageId }) as unknown as DeliveredEvent;

test("the room halves with each failure, and is whole again for who has come through", () => {
  const suspects = new Suspects();
  const five = ["a", "b", "c", "d", "e"].map(event);
  assert.equal(suspects.roomOf(five[0]!), Number.POSITIVE_INFINITY);
  suspects.failed(five);
  assert.equal(suspects.roomOf(five[4]!), 3);
  suspects.failed(five.slice(0, 3));
  suspects.failed(five.slice(0, 2));
  assert.deepEqual(
    five.map((one) => suspects.roomOf(one)),
    [1, 1, 2, 3, 3],
  );
  suspects.ended(five[0]!);
  assert.equal(suspects.roomOf(five[0]!), Number.POSITIVE_INFINITY);
});

test("it forgets whom it suspected first, so that it stays small", () => {
  const suspects = new Suspects();
  suspects.failed([event("first"), event("second")]);
  for (let n = 0; n < 100; n++) suspects.failed(Array.from({ length: 100 }, (_, k) => event(`${n}-${k}`)));
  assert.equal(suspects.roomOf(event("first")), Number.POSITIVE_INFINITY);
  assert.equal(suspects.roomOf(event("99-99")), 50);
});
