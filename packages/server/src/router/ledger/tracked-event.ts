import type { DeliveredEvent } from "@pintle/events/gateway";
import type { Origin } from "../../records/retry-record.ts";
import type { PartitionState } from "./partition.ts";
import type { WindowRecord } from "./window.ts";

/** An event as the ledger needs to know it. */
export interface TrackedEvent {
  readonly partition: PartitionState;
  readonly record: WindowRecord;
  /** Position of the event in its record. */
  readonly index: number;
  /** Where it stands in `events`, if it was read from somewhere else. */
  readonly origin: Origin | undefined;
  /** Parsed anew each time where it is held as JSON. */
  readonly event: DeliveredEvent;
  readonly sourceId: string;
  /** Bytes: the event's share of the record's payload. */
  readonly bytes: number;
  /** Bytes of memory that it is charged with. */
  readonly cost: number;
  /** The number of events that it counts as: 1, but for a record that cannot be taken apart. */
  readonly weight: number;
  attempts: number;
  /**
   * The time from which its age is counted, in the clock's `now`; `undefined` before the first
   * attempt.
   */
  firstAttempt: number | undefined;
  /** Whether it is on its way, to the destination or to its dead letter: the ledger says so. */
  isOut: boolean;
}
