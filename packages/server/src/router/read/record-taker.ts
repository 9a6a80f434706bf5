import { hashUserKey, userKey } from "@pintle/events";
import type { EngineRecord } from "../../engine/engine.ts";
import type { DeadLetterWriter } from "../dead/dead-letter-writer.ts";
import type { Entry } from "../lanes/entry.ts";
import type { Lanes } from "../lanes/lanes.ts";
import { duplicate, filtered } from "../ledger/ending.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { PartitionState } from "../ledger/partition.ts";
import type { Clock } from "../time/clock.ts";
import { takeGap } from "./retention-gap.ts";
import { type OnTaken, type TakeRules, takeRecord } from "./take-record.ts";
import { countedAsUnread } from "./unread.ts";

export interface RecordTakerOptions {
  readonly ledger: Ledger;
  readonly lanes: Lanes;
  readonly deadLetters: DeadLetterWriter;
  readonly rules: TakeRules;
  /** Whether events of one user key wait for each other. */
  readonly isOrdered: boolean;
  readonly clock: Clock;
}

const noUserKey = hashUserKey("");

/**
 * Takes what is read in: what is not for the destination ends here, the rest goes into its lanes.
 */
export class RecordTaker {
  readonly #options: RecordTakerOptions;

  constructor(options: RecordTakerOptions) {
    this.#options = options;
  }

  /**
   * Takes the next record, or what is left of it (`partition.part`).
   *
   * @param duplicates one byte for each event, 1 for one that its client sent before; `undefined`:
   * there are none
   */
  take(record: EngineRecord, partition: PartitionState, duplicates: Uint8Array | undefined): void {
    const { ledger, lanes, deadLetters, rules, isOrdered } = this.#options;
    const unread = partition.part === undefined ? countedAsUnread(record, partition, rules.concerns) : 0;
    const told = ledger.isWatched ? this.#teller(record, partition) : undefined;
    const taken = takeRecord(record, partition, rules, duplicates, told);
    partition.unread -= unread;
    ledger.count(duplicate, taken.duplicate);
    ledger.counters.malformed += taken.malformed;
    for (const [reason, count] of taken.filtered) ledger.count(filtered(reason), count);
    for (const entry of taken.deliver) {
      ledger.enter(entry);
      lanes.add(entry, isOrdered && hasUserKey(entry));
    }
    for (const { entry, reason, detail } of taken.dead) {
      ledger.enter(entry);
      deadLetters.write(entry, { kind: "dead", reason, detail });
    }
    ledger.touch(partition);
  }

  #teller(record: EngineRecord, partition: PartitionState): OnTaken {
    const { ledger } = this.#options;
    return (index, event, sourceId, ending) => {
      const place = { partition, record, index, origin: undefined, sourceId, event };
      ledger.tell(place, { kind: "accepted", event });
      if (ending !== undefined) ledger.tell(place, ending);
    };
  }

  /**
   * Records that were not read are gone: retention had no room. One dead letter stands for all of
   * them.
   */
  async skipGap(partition: PartitionState): Promise<void> {
    const { ledger, deadLetters, rules, clock } = this.#options;
    const lost = await takeGap(partition, rules.concerns, clock.wall());
    if (lost === undefined) return;
    const { entry, to } = lost;
    const { offset } = entry.record;
    const detail = `the records from ${offset} to ${to - 1} of events were removed before they were read: the size bound was reached`;
    ledger.problems.report("retention", detail);
    ledger.enter(entry);
    deadLetters.write(entry, { kind: "dead", reason: "retention", detail }, { to });
    ledger.touch(partition);
  }
}

/** Events of one user key wait for each other. One without a key waits for nobody. */
function hasUserKey(entry: Entry): boolean {
  if (entry.keyHash !== noUserKey) return true;
  // Rare: for it the event may have to be parsed.
  const { userId, anonymousId } = entry.event;
  return userKey({ userId, anonymousId }) !== "";
}
