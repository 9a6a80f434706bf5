import { type JsonRecord, jsonRecord } from "./json-record.ts";

/*
 * Records of the topic `replays`: that one was started, and that it has ended. They have a JSON
 * header and no payload. Where a replay stands between the two is the progress of its own consumer
 * group.
 */

/** A replay as it was asked for. */
export interface ReplayRequest {
  readonly destinationId: string;
  /** Events that were accepted at this time or later, milliseconds since the epoch. */
  readonly from: number;
  /** And before this time; absent: up to the moment in which the replay was asked for. */
  readonly to?: number | undefined;
  /** Events a second. */
  readonly rate: number;
}

export interface StartedReplay extends ReplayRequest {
  readonly id: string;
  /** When it was asked for, milliseconds since the epoch. */
  readonly at: number;
  /** The ranges by partition of `events`: where it begins, and the offset before which it ends. */
  readonly ranges: readonly { readonly partition: number; readonly begin: number; readonly end: number }[];
}

export interface EndedReplay {
  readonly id: string;
  readonly at: number;
  /** `stopped`: by somebody, before it was done. */
  readonly outcome: "done" | "stopped";
}

export type ReplayFact = ({ readonly kind: "started" } & StartedReplay) | ({ readonly kind: "ended" } & EndedReplay);

export const replayRecord: JsonRecord<ReplayFact> = jsonRecord("replays", 1, ["started", "ended"]);
