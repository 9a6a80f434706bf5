import { parseJson, stringifyJson } from "@pintle/events";
import type { Engine, NewRecord } from "../engine/engine.ts";
import { partitionOf } from "../engine/partition-of.ts";
import { type EventRecordFacts, encodeEventRecord } from "../records/event-record.ts";
import type { BodyEvents } from "./body-events.ts";

const topic = "events";

/**
 * The topic `events`, as the gateway appends to it: one record for each partition that a request
 * has events for. Events with the same user key are in one partition, in their order.
 */
export class EventLog {
  readonly #engine: Pick<Engine, "append">;
  readonly #partitions: number;

  constructor(engine: Pick<Engine, "append" | "partitions">) {
    this.#engine = engine;
    this.#partitions = engine.partitions(topic);
  }

  /** Whether requests are divided, for which it helps to know where their events are. */
  get isDivided(): boolean {
    return this.#partitions > 1;
  }

  /**
   * Appends a request. Resolves when all of it is durable; when some of it is not, it rejects, and
   * the client sends all of it once more.
   *
   * @param ranges of the events in the payload; without them it is parsed
   * @throws EngineError
   */
  append(facts: EventRecordFacts, payload: Uint8Array, ranges?: BodyEvents["ranges"]): Promise<unknown> {
    if (!this.isDivided) return this.#engine.append(topic, { header: encodeEventRecord(facts).header, payload });
    const records = this.#divide(facts, payload, ranges);
    return Promise.all(records.map((record) => this.#engine.append(topic, record)));
  }

  #divide(facts: EventRecordFacts, payload: Uint8Array, ranges: BodyEvents["ranges"]): NewRecord[] {
    const { messageIds, keyHashes } = facts;
    const byPartition = new Map<number, number[]>();
    for (let index = 0; index < messageIds.length; index++) {
      const partition = partitionOf(keyHashes[index]!, this.#partitions);
      const indexes = byPartition.get(partition);
      if (indexes === undefined) byPartition.set(partition, [index]);
      else indexes.push(index);
    }
    const [[first = 0] = []] = [...byPartition];
    if (byPartition.size === 1) return [{ partition: first, ...encodeEventRecord(facts), payload }];
    const eventAt = ranges === undefined ? parsedEvents(payload) : cutEvents(payload, ranges);
    return [...byPartition].map(([partition, indexes]) => {
      const part = {
        messageIds: indexes.map((index) => messageIds[index]!),
        keyHashes: indexes.map((index) => keyHashes[index]!),
      };
      return { partition, ...encodeEventRecord({ ...facts, ...part }), payload: batchOf(indexes.map(eventAt)) };
    });
  }
}

function cutEvents(payload: Uint8Array, ranges: readonly number[]): (index: number) => Uint8Array {
  return (index) => payload.subarray(ranges[2 * index]!, ranges[2 * index + 1]!);
}

/** What only JSON.parse could read, was read by it, and is found so again. */
function parsedEvents(payload: Uint8Array): (index: number) => Uint8Array {
  const text = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString("utf8");
  const { batch } = parseJson(text) as { readonly batch: readonly unknown[] };
  return (index) => Buffer.from(stringifyJson(batch[index]));
}

const opening = Buffer.from('{"batch":[');
const comma = Buffer.from(",");
const closing = Buffer.from("]}");

function batchOf(events: readonly Uint8Array[]): Buffer {
  const parts: Uint8Array[] = [opening];
  for (const event of events) parts.push(event, comma);
  parts[parts.length - 1] = closing;
  return Buffer.concat(parts);
}
