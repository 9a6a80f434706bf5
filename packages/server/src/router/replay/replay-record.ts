import type { EngineRecord } from "../../engine/engine.ts";
import { EngineError } from "../../engine/engine-error.ts";

/*
 * Records of the topic `replays`: that one was started, and that it has ended. They have a JSON header and no payload. Where a replay
 * stands between the two is the progress of its own consumer group.
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
  /** By partition of `events`: where it begins, and the offset before which it ends. */
  readonly ranges: readonly { readonly partition: number; readonly begin: number; readonly end: number }[];
}

export interface EndedReplay {
  readonly id: string;
  readonly at: number;
  /** `stopped`: by somebody, before it was done. */
  readonly outcome: "done" | "stopped";
}

export type ReplayFact = ({ readonly kind: "started" } & StartedReplay) | ({ readonly kind: "ended" } & EndedReplay);

const format = 1;

export function encodeReplayFact(fact: ReplayFact): { header: Uint8Array; payload: Uint8Array } {
  return { header: Buffer.from(JSON.stringify({ v: format, ...fact })), payload: new Uint8Array(0) };
}

/**
 * @returns `undefined` for a record of a kind that this version does not know
 * @throws EngineError RECORD_TOO_NEW, RECORD_INVALID
 */
export function decodeReplayFact({ header, offset }: Pick<EngineRecord, "header" | "offset">): ReplayFact | undefined {
  let value: { readonly v?: unknown; readonly kind?: unknown };
  try {
    value = JSON.parse(Buffer.from(header.buffer, header.byteOffset, header.byteLength).toString());
  } catch {
    throw new EngineError("RECORD_INVALID", `record ${offset} of replays has no header in JSON`);
  }
  if (value.v !== format) {
    const message = `record ${offset} of replays has format ${JSON.stringify(value.v)}, this version knows ${format}`;
    throw new EngineError("RECORD_TOO_NEW", message);
  }
  return value.kind === "started" || value.kind === "ended" ? (value as unknown as ReplayFact) : undefined;
}
