import { parseJson, stringifyJson } from "@pintle/events";
import type { EngineRecord } from "../engine/engine.ts";
import { EngineError } from "../engine/engine-error.ts";

/** A record as it is given to a topic. */
export interface RecordBytes {
  readonly header: Uint8Array;
  readonly payload: Uint8Array;
}

/**
 * The records of a topic with a JSON header: the format as `v`, the `kind`, and what records of
 * this kind say.
 */
export interface JsonRecord<Fact extends { readonly kind: string }> {
  /** @param payload a JSON value; absent: the record has an empty payload */
  encode(fact: Fact, payload?: unknown): RecordBytes;
  /**
   * The header, without `v`.
   *
   * @returns `undefined` for a kind that this version does not know
   * @throws EngineError `PINTLE_RECORD_TOO_NEW`, `PINTLE_RECORD_INVALID`
   */
  decode(record: Pick<EngineRecord, "offset" | "header">): Fact | undefined;
  /** The payload, an object or a list. @throws EngineError `PINTLE_RECORD_INVALID` */
  payloadOf(record: Pick<EngineRecord, "offset" | "payload">): object;
}

/**
 * The codec of a topic's records.
 *
 * @param topic what an error calls the topic
 * @param version the format that is written and read; a record of another one was written by a
 * newer version
 * @param kinds what is read; other kinds are passed over
 */
export function jsonRecord<Fact extends { readonly kind: string }>(
  topic: string,
  version: number,
  kinds: readonly Fact["kind"][],
): JsonRecord<Fact> {
  const known: ReadonlySet<unknown> = new Set(kinds);

  function parse(bytes: Uint8Array, offset: number, part: string): object {
    try {
      const value: unknown = parseJson(textOf(bytes));
      if (typeof value === "object" && value !== null) return value;
    } catch {
      // The parser's message quotes the text, which may be anybody's data.
    }
    throw new EngineError("PINTLE_RECORD_INVALID", `record ${offset} of ${topic}: its ${part} is no JSON object`);
  }

  return {
    encode: (fact, payload) => ({
      header: Buffer.from(stringifyJson({ v: version, ...fact })),
      payload: payload === undefined ? new Uint8Array(0) : Buffer.from(stringifyJson(payload)),
    }),
    decode({ header, offset }) {
      const { v, ...fact } = parse(header, offset, "header") as { readonly v?: unknown; readonly kind?: unknown };
      if (v !== version) {
        const message = `record ${offset} of ${topic} has format ${JSON.stringify(v)}, this version knows ${version}`;
        throw new EngineError("PINTLE_RECORD_TOO_NEW", message);
      }
      return known.has(fact.kind) ? (fact as Fact) : undefined;
    },
    payloadOf: ({ payload, offset }) => parse(payload, offset, "payload"),
  };
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
}
