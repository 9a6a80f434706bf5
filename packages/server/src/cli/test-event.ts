import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { parseJson } from "@pintle/events";
import { checkEvent, completeEvent, type DeliveredEvent } from "@pintle/events/gateway";
import { findJsonError } from "../config/json-error.ts";
import { ServerError, systemReason } from "../errors.ts";
import { defaultLimits } from "../gateway/limits.ts";
import { deepest, isDeeperThan } from "../gateway/nesting.ts";
import { version } from "../version.ts";

/** A track that says what it is, so that nobody takes it for somebody's doing. */
export function testEvent(now: number): DeliveredEvent {
  return arrived(
    {
      type: "track",
      event: "Pintle Test",
      userId: "pintle-check",
      properties: { test: true },
      context: { library: { name: "pintle check", version } },
    },
    now,
  );
}

/**
 * The event in a file, as the gateway would take it and complete it.
 *
 * @throws ServerError PINTLE_USAGE
 */
export function eventIn(path: string, shownAs: string, now: number): DeliveredEvent {
  const refused = (problem: string) => new ServerError("PINTLE_USAGE", `--event ${shownAs}: ${problem}`);
  let text: string;
  try {
    text = readFileSync(path, "utf8").replace(/^\uFEFF/, "");
  } catch (error) {
    throw refused(systemReason(error));
  }
  if (Buffer.byteLength(text) > defaultLimits.bodyBytes) {
    throw refused(`the gateway takes events of up to ${defaultLimits.bodyBytes} bytes, this one has more`);
  }
  let event: unknown;
  try {
    event = parseJson(text);
  } catch {
    // The parser's message quotes the text.
    const { line, column } = findJsonError(text);
    throw refused(`not valid JSON at line ${line}, column ${column}`);
  }
  if (isDeeperThan(event, deepest)) throw refused(`the gateway takes ${deepest} levels of nesting, this has more`);
  const fault = checkEvent(event);
  if (fault === "object")
    throw refused('one event is a JSON object, like {"type": "track", "userId": "1", "event": "x"}');
  if (fault === "id") throw refused("an event has a userId or an anonymousId");
  return arrived(event as Readonly<Record<string, unknown>>, now);
}

function arrived(event: Readonly<Record<string, unknown>>, now: number): DeliveredEvent {
  return completeEvent(event, {
    receivedAt: now,
    requestIp: "127.0.0.1",
    type: undefined,
    messageId: `pintle-check-${randomUUID()}`,
    batchSentAt: undefined,
  });
}

/** `track "Signed Up" of the user 123`. */
export function nameOf({ type, event, name, userId, anonymousId }: DeliveredEvent): string {
  const what = [event, name].find((text) => typeof text === "string" && text !== "");
  const who = typeof userId === "string" && userId !== "" ? `user ${userId}` : `anonymous user ${anonymousId}`;
  const kind = typeof type === "string" ? type : JSON.stringify(type ?? null);
  return `${kind}${what === undefined ? "" : ` ${JSON.stringify(what)}`} of the ${who}`.slice(0, 300);
}
