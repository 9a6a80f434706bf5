import assert from "node:assert/strict";
import { test } from "node:test";
import { type Receipt, Room } from "./room.ts";

function receipt(room: Room, since: number, bytes: number, cuts: string[], name: string): Receipt {
  const made: Receipt = {
    since,
    cut() {
      cuts.push(name);
      room.give(bytes);
      room.end(made);
    },
  };
  room.begin(made);
  room.take(bytes);
  return made;
}

test("what is here counts, and comes free again", () => {
  const room = new Room(100, 1000);
  assert.ok(room.admits(0));
  assert.equal(room.take(99), true);
  assert.ok(room.admits(0));
  assert.equal(room.take(2), false);
  assert.equal(room.admits(0), false);
  room.give(101);
  assert.equal(room.used, 0);
  assert.ok(room.admits(0));
});

test("without room the oldest unfinished body gives way, once it had its time", () => {
  const room = new Room(100, 1000);
  const cuts: string[] = [];
  receipt(room, 0, 60, cuts, "first");
  receipt(room, 500, 60, cuts, "second");
  assert.equal(room.admits(999), false);
  assert.deepEqual(cuts, []);
  assert.equal(room.admits(1000), true);
  assert.deepEqual(cuts, ["first"]);
  assert.equal(room.used, 60);
});

test("bodies that wait for the disk do not give way", () => {
  const room = new Room(100, 1000);
  const cuts: string[] = [];
  const whole = receipt(room, 0, 100, cuts, "whole");
  room.end(whole);
  assert.equal(room.admits(1e9), false);
  assert.deepEqual(cuts, []);
});
