import assert from "node:assert/strict";
import { test } from "node:test";
import { assertMove, type Moves } from "./moves.ts";
import { RecordBatch } from "./record-batch.ts";

test("whoever waits hears when it is stored or has failed, and at once from then on", () => {
  for (const end of ["stored", "failed"] as const) {
    const batch = new RecordBatch(1);
    let heard = 0;
    const hear = (): void => {
      heard++;
    };
    batch.whenSettled(hear);
    batch.writing();
    assert.equal(heard, 0);
    if (end === "stored") batch.stored(7);
    else batch.failed();
    assert.deepEqual([batch.state, batch.isSettled, heard], [end, true, 1]);
    batch.whenSettled(hear);
    assert.equal(heard, 2);
    if (end === "stored") assert.equal(batch.offset, 7);
  }
});

test("a batch makes no move that its states do not know", () => {
  const batch = new RecordBatch(1);
  assert.throws(() => batch.stored(1), /moved from open to stored, allowed is writing/);
  batch.writing();
  assert.throws(() => batch.writing(), /moved from writing to writing, allowed is stored or failed/);
  batch.failed();
  assert.throws(() => batch.stored(1), /moved from failed to stored/);
});

test("a state machine makes the moves that it knows, and no others", () => {
  type State = "up" | "down" | "gone";
  const moves: Moves<State> = { up: ["down"], down: ["up", "gone"], gone: [] };
  for (const from of ["up", "down", "gone"] as const) {
    for (const to of ["up", "down", "gone"] as const) {
      const move = (): void => assertMove(moves, from, to);
      if (moves[from].includes(to)) assert.doesNotThrow(move);
      else assert.throws(move, new RegExp(`from ${from} to ${to}`));
    }
  }
});
