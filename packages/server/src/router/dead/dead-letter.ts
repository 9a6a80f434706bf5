import { parseJson, stringifyJson } from "@pintle/events";
import type { DeliveredEvent } from "@pintle/events/gateway";
import type { Answer, ShownRequest } from "@pintle/kit";
import type { EngineRecord } from "../../engine/engine.ts";
import { EngineError } from "../../engine/engine-error.ts";

/*
 * The record of the topics `dead.<destination id>`, as docs/router.md specifies it: the header is what lists and counts need,
 * the payload what is shown of one letter. Both are JSON.
 */

export interface DeadLetter {
  /** Why it was given up: `type`, `expired`, `http_400`, ... */
  readonly reason: string;
  readonly sourceId: string;
  /** Where the event stands in `events`. With `partition` and `index` this identifies it, also when a crash made a letter twice. */
  readonly offset: number;
  readonly partition: number;
  /** Position in its record. */
  readonly index: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly attempts: number;
  /** Milliseconds since the epoch; absent when nothing was attempted. */
  readonly firstAttempt?: number;
  /** As it was before any transformation. */
  readonly event: DeliveredEvent;
  /** The last answer of the destination, if it gave one. */
  readonly answer?: Answer;
  /** The request that it was the answer to, without secrets; absent: there was none, or an older version has written the letter. */
  readonly request?: ShownRequest;
  /** One line for people. */
  readonly detail?: string;
  /** For a range of records that retention removed (`retention`): it begins at `offset` and ends before `to`. */
  readonly to?: number;
  /** How many events it stands for; absent: 1. */
  readonly events?: number;
}

const format = 1;

export function encodeDeadLetter(letter: DeadLetter): { header: Uint8Array; payload: Uint8Array } {
  const { event, answer, request, detail, ...facts } = letter;
  const header = {
    v: format,
    kind: "letter",
    ...facts,
    messageId: event.messageId,
    type: event.type,
    ...(answer === undefined ? {} : { status: answer.status }),
  };
  return {
    header: Buffer.from(stringifyJson(header)),
    payload: Buffer.from(stringifyJson({ event, answer, request, detail })),
  };
}

/**
 * @returns `undefined` for a record of another kind (verdicts on letters)
 * @throws EngineError `RECORD_TOO_NEW`, `RECORD_INVALID`
 */
export function decodeDeadLetter(record: Pick<EngineRecord, "offset" | "header" | "payload">): DeadLetter | undefined {
  const header = parse(record.header, record.offset);
  if (header.v !== format) {
    const message = `dead letter ${record.offset} has format ${JSON.stringify(header.v)}, this version knows ${format}`;
    throw new EngineError("RECORD_TOO_NEW", message);
  }
  if (header.kind !== "letter") return undefined;
  const { v: _v, kind: _kind, messageId: _messageId, type: _type, status: _status, ...facts } = header;
  return { ...facts, ...parse(record.payload, record.offset) } as unknown as DeadLetter;
}

function parse(bytes: Uint8Array, offset: number): Record<string, unknown> {
  try {
    const value: unknown = parseJson(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString());
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch {
    // The parser's message quotes the text, which may be anybody's data.
  }
  throw new EngineError("RECORD_INVALID", `dead letter ${offset} is no JSON object`);
}
