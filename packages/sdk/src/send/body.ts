import { sentAtSuffix } from "../encode.ts";
import type { QueueEntry } from "../store/entry.ts";
import { sizeInRequest } from "../store/memory/queue.ts";

const encoder = new TextEncoder();
const head = encoder.encode('{"batch":[');
const tail = encoder.encode("]}");

/**
 * The body of a request: the messages as they were encoded at their calls, each completed with the
 * time of this attempt.
 */
export function encodeBody(entries: readonly QueueEntry[], sentAt: string): Uint8Array {
  const suffix = encoder.encode(`${sentAtSuffix(sentAt)},`);
  let size = head.length + tail.length - 1;
  for (const entry of entries) size += sizeInRequest(entry);
  const body = new Uint8Array(size);
  body.set(head);
  let at = head.length;
  for (const entry of entries) {
    body.set(entry.bytes, at);
    at += entry.length;
    body.set(suffix, at);
    at += suffix.length;
  }
  // The end takes the place of the last comma.
  body.set(tail, at - 1);
  return body;
}
