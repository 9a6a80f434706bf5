import { hashUserKey, userKey } from "../../packages/events/dist/index.js";
import { encodeEventRecord } from "../../packages/server/dist/records/event-record.js";

/** A record of `events`, as the gateway makes it of a request. */
export function recordOf(batch) {
  const { header } = encodeEventRecord({
    receivedAt: Date.now(),
    sourceId: "shop",
    requestIp: "192.0.2.1",
    endpoint: "batch",
    messageIds: batch.map(({ messageId }) => messageId),
    keyHashes: batch.map((event) => hashUserKey(userKey(event))),
  });
  return { header, payload: Buffer.from(JSON.stringify({ batch })) };
}
