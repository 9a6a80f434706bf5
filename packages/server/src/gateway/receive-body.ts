import type { IncomingMessage } from "node:http";
import { bodyTooLarge, busy, type GatewayAnswer, slowBody } from "./answer.ts";
import type { BodyBudget, IncomingBody } from "./body-budget.ts";

/** The client went away before its body was whole; nothing can be answered. */
export const gone: unique symbol = Symbol("gone");

/**
 * Reads the body of a request, of `limit` bytes at most. Gives the body, whose bytes stay taken
 * from the room until the caller gives them back, or, with the room given back and the rest of the
 * body unread, why there is none.
 */
export function receiveBody(
  request: IncomingMessage,
  limit: number,
  budget: BodyBudget,
  now: number,
): Promise<Buffer | GatewayAnswer | typeof gone> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    let finished = false;
    const receipt: IncomingBody = { since: now, cut: () => finish(slowBody) };
    budget.begin(receipt);

    function finish(outcome: Buffer | GatewayAnswer | typeof gone): void {
      if (finished) return;
      finished = true;
      budget.end(receipt);
      if (!Buffer.isBuffer(outcome)) budget.give(length);
      request.off("data", onData);
      resolve(outcome);
    }

    function onData(chunk: Buffer): void {
      chunks.push(chunk);
      length += chunk.length;
      const fits = budget.take(chunk.length);
      if (length > limit) finish(bodyTooLarge);
      else if (!fits) finish(busy);
    }

    request.on("data", onData);
    request.on("end", () => finish(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, length)));
    // "close" comes after "end" as well, and changes nothing then. An error is followed by it.
    request.on("error", () => {});
    request.on("close", () => finish(gone));
  });
}
