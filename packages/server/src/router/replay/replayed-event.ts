import { hashUserKey, stringifyJson, userKey } from "@pintle/events";
import { type DeliveredEvent, knownType } from "@pintle/events/gateway";
import type { DeadLetter } from "../../records/dead-letter.ts";
import type { ReplayedEvent } from "../retry/retry-partition.ts";

/** A dead letter as an event that is to be tried again, as if it had never been. */
export function replayedEventOf({ event: given, sourceId, partition, offset, index, at }: DeadLetter): ReplayedEvent {
  // Older versions told `Track` from `track`: their letters hold the type as it was sent.
  const event: DeliveredEvent = { ...given, type: knownType(given.type) ?? given.type };
  const { userId, anonymousId } = event;
  const key = userKey({ userId, anonymousId });
  const facts = { partition, offset, index, sourceId, time: at, attempts: 0 };
  const bytes = Buffer.byteLength(stringifyJson(event));
  return { ...facts, keyHash: hashUserKey(key), hasKey: key !== "", event, bytes };
}
