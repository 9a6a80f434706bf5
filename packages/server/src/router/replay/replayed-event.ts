import { hashUserKey, userKey } from "@pintle/events";
import { knownType } from "@pintle/events/gateway";
import { type RawEvent, rawEvent } from "@pintle/kit";
import type { DeadLetter } from "../../records/dead-letter.ts";
import type { ReplayedEvent } from "../retry/retry-partition.ts";

/** The place of an event, and when it was accepted or given up. */
type LetterPlace = Pick<DeadLetter, "sourceId" | "partition" | "offset" | "index" | "at">;

/** An event that is to be tried again, as if it had never been. */
export function replayedEvent(raw: RawEvent, { sourceId, partition, offset, index, at }: LetterPlace): ReplayedEvent {
  const { userId, anonymousId } = raw.parsed();
  const key = userKey({ userId, anonymousId });
  const facts = { partition, offset, index, sourceId, time: at, attempts: 0 };
  return { ...facts, keyHash: hashUserKey(key), hasKey: key !== "", raw, bytes: raw.end - raw.start };
}

/** The same of a dead letter, which holds it as an object. */
export function replayedLetter(letter: DeadLetter): ReplayedEvent {
  const { event } = letter;
  // Older versions told `Track` from `track`: their letters hold the type as it was sent.
  return replayedEvent(rawEvent({ ...event, type: knownType(event.type) ?? event.type }), letter);
}
