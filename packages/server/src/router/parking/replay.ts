import { hashUserKey, userKey } from "@pintle/events";
import type { DeadLetter } from "../dead-letter.ts";
import type { Replay } from "./parking-lot.ts";

/** A dead letter as an event that is to be tried again, as if it had never been. */
export function replayOf({ event, sourceId, partition, offset, index, at }: DeadLetter): Replay {
  const { userId, anonymousId } = event;
  const key = userKey({ userId, anonymousId });
  const facts = { partition, offset, index, sourceId, time: at, attempts: 0 };
  const bytes = Buffer.byteLength(JSON.stringify(event));
  return { ...facts, keyHash: hashUserKey(key), hasKey: key !== "", event, bytes };
}
