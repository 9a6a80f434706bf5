import type { DeliveredEvent } from "@pintle/events/gateway";
import type { Answer, ShownRequest } from "@pintle/kit";
import type { EngineRecord } from "../engine/engine.ts";
import { type JsonRecord, jsonRecord, type RecordBytes } from "./json-record.ts";

/*
 * The records of the topics `dead.<destination id>`, as docs/router.md specifies them: letters,
 * whose header is what lists and counts need and whose payload is what is shown of one letter, and
 * verdicts on them.
 */

export interface DeadLetter {
  /** Why it was given up: `type`, `expired`, `http_400`, ... */
  readonly reason: string;
  readonly sourceId: string;
  /**
   * Where the event stands in `events`. With `partition` and `index` this identifies it, also when
   * a crash made a letter twice.
   */
  readonly offset: number;
  readonly partition: number;
  /** Position in its record. */
  readonly index: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly attempts: number;
  /** Milliseconds since the epoch; absent when nothing was attempted. */
  readonly firstAttempt?: number;
  /** The event before any transformation. */
  readonly event: DeliveredEvent;
  /** The last answer of the destination, if it gave one. */
  readonly answer?: Answer;
  /**
   * The request that it was the answer to, without secrets; absent: there was none, or an older
   * version has written the letter.
   */
  readonly request?: ShownRequest;
  /** One line for people. */
  readonly detail?: string;
  /**
   * The end of a range of records that retention removed (`retention`): it begins at `offset` and
   * ends before `to`.
   */
  readonly to?: number;
  /** How many events it stands for; absent: 1. */
  readonly events?: number;
}

/** What the header of a dead letter says. */
export type LetterFacts = Omit<DeadLetter, "event" | "answer" | "request" | "detail"> & {
  readonly messageId: string;
  readonly type?: unknown;
  readonly status?: number;
};

/** What was decided about letters. */
export interface DeadVerdict {
  readonly verdict: "replayed" | "purged" | "filtered";
  /** Why they are filtered. */
  readonly reason?: string | undefined;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Their offsets in the topic. */
  readonly letters: readonly number[];
}

/** The header of a record. */
export type DeadFact = ({ readonly kind: "letter" } & LetterFacts) | ({ readonly kind: "verdict" } & DeadVerdict);

export const deadRecord: JsonRecord<DeadFact> = jsonRecord("the dead letters", 1, ["letter", "verdict"]);

export function encodeDeadLetter({ event, answer, request, detail, ...facts }: DeadLetter): RecordBytes {
  const { messageId, type } = event;
  const status = answer === undefined ? {} : { status: answer.status };
  return deadRecord.encode(
    { kind: "letter", ...facts, messageId, type, ...status },
    { event, answer, request, detail },
  );
}

/**
 * @returns `undefined` for a record that is no letter
 * @throws EngineError `PINTLE_RECORD_TOO_NEW`, `PINTLE_RECORD_INVALID`
 */
export function decodeDeadLetter(record: Pick<EngineRecord, "offset" | "header" | "payload">): DeadLetter | undefined {
  const fact = deadRecord.decode(record);
  if (fact?.kind !== "letter") return undefined;
  const { kind: _kind, messageId: _messageId, type: _type, status: _status, ...facts } = fact;
  return { ...facts, ...(deadRecord.payloadOf(record) as Pick<DeadLetter, "event" | "answer" | "request" | "detail">) };
}
