import assert from "node:assert/strict";
import { hashUserKey, userKey } from "@pintle/events";
import type { EngineRecord } from "../../engine/engine.ts";
import { openRecord } from "../../records/event-record.ts";
import type { WatchedStep } from "../ledger/tap.ts";
import type { MemoryDisk } from "./memory-engine.ts";

/** What is known of an event at a destination. */
interface SeenEvent {
  readonly key: string;
  /** Whether it has ended, or is durable in the retry topic. */
  settled: boolean;
  /** Whether it has ended: what comes after that is a replay. */
  over: boolean;
}

/**
 * Watches what becomes of every event of a log, through all routers that read it, and holds them to
 * what is promised whoever owns which partition when: nothing is lost, events of one user key end
 * in their order, and nobody touches a partition that is not theirs.
 */
export class Witness {
  readonly #seen = new Map<string, SeenEvent>();
  /** Place of the latest delivered event, by destination, partition and user key. */
  readonly #latest = new Map<string, readonly [offset: number, index: number]>();
  readonly #faults: string[] = [];
  /** What ends at once, as a batch does, ends in no order. */
  #atOnce: (() => void)[] = [];

  /** @param isOrdered whether a destination keeps the order of a user key */
  watch(step: WatchedStep, isOrdered: boolean): void {
    const { destinationId, partition, offset, index, step: taken } = step;
    const place = placeOf(destinationId, partition, offset, index);
    if (taken.kind === "accepted") {
      const { userId, anonymousId } = taken.event;
      const key = userKey({ userId, anonymousId });
      if (!this.#seen.has(place)) this.#seen.set(place, { key, settled: false, over: false });
      return;
    }
    if (taken.kind === "attempt" || taken.kind === "transformed") return;
    const seen = this.#seen.get(place) ?? { key: "", settled: false, over: false };
    this.#seen.set(place, seen);
    seen.settled = true;
    if (taken.kind === "delivered" && !seen.over && isOrdered && seen.key !== "") {
      const user = `${destinationId} ${partition} ${hashUserKey(seen.key)}`;
      const latest = this.#latest.get(user);
      if (latest !== undefined && !isBefore(latest, [offset, index]))
        this.#faults.push(`${destinationId} got ${place} of ${seen.key} after ${latest}`);
      this.#endsAtOnce(() => {
        const before = this.#latest.get(user);
        if (before === undefined || isBefore(before, [offset, index])) this.#latest.set(user, [offset, index]);
      });
    }
    if (taken.kind !== "parked") seen.over = true;
  }

  #endsAtOnce(settle: () => void): void {
    this.#atOnce.push(settle);
    if (this.#atOnce.length > 1) return;
    queueMicrotask(() => {
      for (const each of this.#atOnce) each();
      this.#atOnce = [];
    });
  }

  /**
   * Compares what was saved with what was seen.
   *
   * @param sources by destination, whose events it gets
   */
  check(store: MemoryDisk, sources: ReadonlyMap<string, ReadonlySet<string>>, partitions: number): void {
    assert.deepEqual(this.#faults, [], "out of order");
    for (const [destination, its] of sources) {
      for (let partition = 0; partition < partitions; partition++) {
        const saves = store.savesOf("events", destination, partition);
        const [began, saved] = [saves[0], saves.at(-1)];
        if (began === undefined || saved === undefined) continue;
        const finished = new Set(saved.finished.map(([offset, index]) => `${offset} ${index}`));
        for (const record of store.recordsOf("events", partition)) {
          if (record.offset < began.low) continue;
          for (let index = 0; index < countOf(record, its); index++) {
            if (record.offset >= saved.low && !finished.has(`${record.offset} ${index}`)) continue;
            const place = placeOf(destination, partition, record.offset, index);
            assert.ok(this.#seen.get(place)?.settled, `progress has moved past ${place}, which has not ended`);
          }
        }
      }
    }
  }
}

function placeOf(destination: string, partition: number, offset: number, index: number): string {
  return `${destination}: ${partition} ${offset} ${index}`;
}

function isBefore([offset, index]: readonly [number, number], [other, otherIndex]: readonly [number, number]): boolean {
  return offset < other || (offset === other && index < otherIndex);
}

/** Events of a record that are for somebody; one that cannot be taken apart ends as a whole. */
function countOf(record: EngineRecord, sources: ReadonlySet<string>): number {
  try {
    const { sourceId, keyHashes } = openRecord(record);
    return sources.has(sourceId) ? keyHashes.length : 0;
  } catch {
    return 1;
  }
}
