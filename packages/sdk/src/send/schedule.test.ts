import assert from "node:assert/strict";
import { test } from "node:test";
import { resolveConfig } from "../read-config.ts";
import { QueueEntry } from "../store/entry.ts";
import { MessageQueue } from "../store/memory/queue.ts";
import { MessageBatch, untilRegrouped } from "./batch.ts";
import { ClientBreaker } from "./breaker.ts";
import { Schedule } from "./schedule.ts";

/** A schedule with messages that were accepted at these moments, each of another user. */
function scheduleOf({ at = [] as number[], isWaitedFor = false, batchSize = 3 }) {
  const settings = resolveConfig("key", "http://localhost", { interval: 100, maxAge: 10_000, batchSize });
  const queue = new MessageQueue();
  const breaker = new ClientBreaker(settings.concurrency, () => 0);
  const schedule = new Schedule(settings, queue, breaker, () => isWaitedFor);
  const push = (moment: number): QueueEntry => {
    const entry = new QueueEntry(queue.newestSeq, moment);
    entry.length = 10;
    queue.push(entry);
    return entry;
  };
  for (const moment of at) push(moment);
  /** A batch of one message that was sent in vain, and waits. */
  const waiting = (dueAt: number, failures = 1): MessageBatch => {
    const batch = new MessageBatch(queue.take(1, 1e6));
    Object.assign(batch, { dueAt, failures });
    schedule.waiting.add(batch);
    return batch;
  };
  return { schedule, breaker, push, waiting };
}

const seqs = (batch: MessageBatch | undefined): number[] | undefined =>
  batch && [...batch.entries()].map(({ seq }) => seq);

test("messages are sent when the oldest has waited for the interval", () => {
  const { schedule } = scheduleOf({ at: [50, 60] });
  assert.equal(schedule.moment(60, 0), 150);
  assert.equal(schedule.next(149), undefined);
  assert.deepEqual(seqs(schedule.next(150)), [1, 2]);
  assert.equal(schedule.moment(150, 1), Number.POSITIVE_INFINITY);
});

test("and at once where they fill a batch, a flush covers them, or somebody waits for room", () => {
  assert.deepEqual(seqs(scheduleOf({ at: [0, 0, 0, 0] }).schedule.next(0)), [1, 2, 3]);
  const { schedule } = scheduleOf({ at: [0, 0] });
  schedule.dueMark = 1;
  assert.deepEqual(seqs(schedule.next(0)), [1, 2]);
  assert.deepEqual(seqs(scheduleOf({ at: [0], isWaitedFor: true }).schedule.next(0)), [1]);
});

test("a batch that is due goes before new messages, those that failed less often first", () => {
  const { schedule, push, waiting } = scheduleOf({ at: [0, 0], batchSize: 1 });
  const older = waiting(500, 2);
  const newer = waiting(600);
  push(0);
  assert.equal(schedule.moment(0, 0), 0, "the new one fills a batch");
  assert.deepEqual(seqs(schedule.next(0)), [3]);
  push(700);
  assert.equal(schedule.next(700), newer);
  assert.equal(schedule.next(700), older);
  assert.deepEqual(seqs(schedule.next(700)), [4]);
});

test("a probe is made of messages that have not failed", () => {
  const { schedule, breaker, waiting } = scheduleOf({ at: [0, 0], batchSize: 1 });
  waiting(0);
  for (let count = 0; count < 3; count++) breaker.failed(0);
  assert.equal(schedule.moment(0, 0), breaker.openUntil);
  assert.deepEqual(seqs(schedule.next(breaker.openUntil!)), [2]);
});

test("in a hurry all is due, in order, but for what waits until the nodes are known", () => {
  const { schedule, waiting } = scheduleOf({ at: [0, 0, 0], batchSize: 1 });
  const retried = waiting(5_000);
  const regrouped = waiting(untilRegrouped);
  schedule.hurry(10);
  assert.equal(schedule.moment(10, 0), 0);
  assert.equal(schedule.next(10), retried);
  assert.deepEqual(seqs(schedule.next(10)), [3]);
  assert.equal(schedule.next(10), undefined);
  assert.ok(schedule.waiting.has(regrouped));
});

test("where nothing can be sent, age alone sets the next moment", () => {
  const { schedule } = scheduleOf({ at: [40] });
  assert.equal(schedule.moment(40, 4), 10_040);
});
