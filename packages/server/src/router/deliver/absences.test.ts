import assert from "node:assert/strict";
import { test } from "node:test";
import { dead } from "@pintle/kit";
import type { Absence } from "../lanes/entry.ts";
import { Absences } from "./absences.ts";

const gone = dead("http_404", { inARow: "destination" });
const moved = dead("http_301", { inARow: "destination" });

/** Asks about an event, batch by batch, and remembers what is to be remembered of it. */
class Asked {
  readonly absences = new Absences();
  now = 0;
  hasDelivered = true;
  readonly #of = new Map<string, Absence>();

  ask(id: string, outcome = gone, key?: number): string {
    this.absences.send();
    const before = this.#of.get(id);
    const same = before?.reason === outcome.reason ? before : undefined;
    const scope = this.absences.judge({ before: same, key }, outcome, this.hasDelivered, this.now);
    this.#of.set(id, same ?? this.absences.absence(outcome, this.now));
    return scope ?? "unknown";
  }

  deliver(batch = this.absences.send(), key?: number): void {
    this.absences.delivered(batch, key);
  }
}

test("one alone: it is the event's once another one got through, or nothing has come for 5 s", () => {
  const asked = new Asked();
  assert.equal(asked.ask("a"), "unknown");
  asked.deliver();
  assert.equal(asked.ask("a"), "event");
  assert.equal(asked.ask("b"), "unknown");
  asked.now = 4999;
  assert.equal(asked.ask("b"), "unknown");
  asked.now = 5000;
  assert.equal(asked.ask("b"), "event");
});

test("what went out before its answer proves nothing", () => {
  const asked = new Asked();
  const early = asked.absences.send();
  asked.ask("a");
  asked.deliver(early);
  assert.equal(asked.ask("a"), "unknown");
  asked.deliver();
  assert.equal(asked.ask("a"), "event");
});

test("eight events in a row are the destination's, however often each is asked, and so are those behind them", () => {
  const asked = new Asked();
  for (let event = 0; event < 7; event++)
    for (let attempt = 0; attempt < 3; attempt++) assert.equal(asked.ask(`m${event}`), "unknown");
  assert.equal(asked.ask("m7"), "destination");
  asked.now = 3_600_000;
  assert.equal(asked.ask("m0"), "destination", "nobody dies while it lasts");
  assert.equal(asked.ask("m8"), "destination");
  asked.deliver();
  assert.equal(asked.ask("m0"), "event", "others get through, it does not");
  assert.equal(asked.ask("m9"), "unknown");
});

test("three are enough for one that has delivered nothing yet, or nothing for 5 s", () => {
  const fresh = new Asked();
  fresh.hasDelivered = false;
  assert.deepEqual(
    ["a", "b", "c"].map((id) => fresh.ask(id)),
    ["unknown", "unknown", "destination"],
  );
  const slow = new Asked();
  assert.equal(slow.ask("a"), "unknown");
  slow.now = 4000;
  assert.equal(slow.ask("b"), "unknown");
  slow.now = 5000;
  assert.equal(slow.ask("c"), "destination");
  assert.equal(slow.ask("a"), "destination");
});

test("only equal answers make a row, and a delivery ends it", () => {
  const asked = new Asked();
  for (let round = 0; round < 20; round++) {
    assert.equal(asked.ask(`a${round}`, round % 2 === 0 ? gone : moved), "unknown");
  }
  for (let event = 0; event < 6; event++) asked.ask(`b${event}`);
  asked.deliver();
  for (let event = 0; event < 7; event++) assert.equal(asked.ask(`c${event}`), "unknown");
  assert.equal(asked.ask("c7"), "destination");
});

test("users of whom an event was given up make no row, until one of their events is delivered", () => {
  const asked = new Asked();
  for (let user = 0; user < 7; user++) asked.ask(`a${user}`, gone, user);
  asked.deliver();
  for (let user = 0; user < 7; user++) assert.equal(asked.ask(`a${user}`, gone, user), "event");
  for (let user = 0; user < 7; user++) assert.equal(asked.ask(`b${user}`, gone, user), "event");
  for (let user = 7; user < 14; user++) assert.equal(asked.ask(`b${user}`, gone, user), "unknown");
  assert.equal(asked.ask("b14", gone, 14), "destination");
  assert.equal(asked.ask("b15", gone, 0), "destination", "in a row that others make it is nobody's own");
  for (let user = 0; user < 7; user++) asked.deliver(undefined, user);
  for (let user = 0; user < 7; user++) assert.equal(asked.ask(`c${user}`, gone, user), "unknown");
  assert.equal(asked.ask("c7", gone, 7), "destination");
});

test("an event is asked for the last time once it has been held for 5 s", () => {
  const absences = new Absences();
  assert.equal(absences.holdUntil(absences.absence(gone, 7000)), 12_000);
});
