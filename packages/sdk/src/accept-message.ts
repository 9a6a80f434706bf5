import { deepestEvent, type EventError, isBlank, type Message } from "@pintle/events";
import { checkMessage, isNoId } from "@pintle/events/strict";
import type { SpanIds } from "./around/active-span.ts";
import type { HeldScope } from "./around/scope.ts";
import { applyBeforeSend } from "./before-send.ts";
import type { Settings } from "./config.ts";
import { parseMessage } from "./encode.ts";
import { type Envelope, encodeMessage } from "./encode-message.ts";
import { hasFields } from "./has-fields.ts";
import { loggedAs } from "./logged.ts";
import { lossesOf } from "./lossy.ts";
import { addSpan, fieldsOf } from "./message-fields.ts";
import { findPlanViolation } from "./plan/plan.ts";
import { CallRefusal, foreignRefusal, refusal } from "./refusal.ts";
import { TooDeep } from "./shallow.ts";

/** What other SDKs send beside the fields of the model. */
export interface Further {
  /** When the call was made, if that was earlier: ISO 8601. */
  readonly originalTimestamp: string | undefined;
  /** Further fields as JSON, each with a comma in front. Throws what encoding throws. */
  encode(): string;
}

/** A call, and what holds where it is made. */
export interface Call {
  /** `undefined` where the message says so itself. */
  readonly type: Message["type"] | undefined;
  readonly given: unknown;
  readonly further: Further | undefined;
  /** The id for a message without one of its own. */
  readonly messageId: string;
  /** ISO 8601. */
  readonly originalTimestamp: string;
  readonly scope: HeldScope;
  readonly span: SpanIds | undefined;
}

/** The options of a client that are about what a message holds. */
export interface MessageRules extends Pick<Settings, "plan" | "beforeSend"> {
  /** Looks at each message that has been encoded; see `lossesOf`. May throw a `CallRefusal`. */
  readonly checkLosses: ((message: Message, given?: unknown) => void) | undefined;
}

/** A message as it is queued. */
export interface EncodedMessage {
  readonly messageId: string;
  readonly type: Message["type"];
  readonly json: string;
  /** The end of it that no function of the program's sees: fields that the model does not know. */
  readonly more: string;
  /** The user key: see `userKey` of the events. */
  readonly key: string;
  readonly refusal?: undefined;
}

/** A message that breaks a rule. */
export interface RefusedMessage {
  readonly messageId: string;
  readonly refusal: CallRefusal;
}

/**
 * What becomes of a call: the message is completed, checked and encoded, or refused. Never throws.
 */
export function acceptMessage(call: Call, rules: MessageRules): EncodedMessage | RefusedMessage {
  let { messageId } = call;
  try {
    const { given, type, further, scope, span } = call;
    const fields = hasFields(given) ? fieldsOf(given, type) : undefined;
    messageId = idOf(fields) ?? messageId;
    if (fields !== undefined) {
      scope.complete(fields);
      if (span !== undefined) addSpan(fields, span);
    }
    let message = checked(fields ?? given);
    checkPlan(message, rules.plan);
    const originalTimestamp = further?.originalTimestamp ?? call.originalTimestamp;
    let json = encode(message, { messageId, originalTimestamp, base: scope.baseFor(message.type) });
    rules.checkLosses?.(message, given);
    if (rules.beforeSend !== undefined) {
      message = messageOf(applyBeforeSend(rules.beforeSend, json));
      messageId = idOf(message) ?? messageId;
      // What lies under its context is in it already, and may have been taken out of it.
      json = encode(message, { messageId, originalTimestamp, base: undefined });
      rules.checkLosses?.(message);
    }
    const more = further === undefined ? "" : encodeFurther(message.type, further);
    return { messageId, type: message.type, json: json + more, more, key: keyOf(message) };
  } catch (thrown) {
    return { messageId, refusal: refusalFor(thrown) };
  }
}

/**
 * What is sent for what `enrich` gave: it goes on being the message of its call, at its time.
 * @throws CallRefusal
 */
export function encodeEnriched(result: unknown, original: string, more: string): { json: string; key: string } {
  const { messageId, originalTimestamp } = parseMessage(original);
  const message = messageOf(result);
  return { json: encode(message, { messageId, originalTimestamp, base: undefined }) + more, key: keyOf(message) };
}

/** The refusal that was thrown, or one for whatever else code of the program has thrown. */
export function refusalFor(thrown: unknown): CallRefusal {
  return thrown instanceof CallRefusal
    ? thrown
    : foreignRefusal("invalid", "PINTLE_MESSAGE_NOT_ENCODABLE", "the message cannot be read", thrown);
}

/** Throws a Refusal for the first value that JSON drops or changes. */
export function refuseLosses(message: Message, given?: unknown): void {
  for (const { text } of lossesOf(message, given)) throw refusal("invalid", "PINTLE_MESSAGE_LOSSY", text);
}

/** What a function of the program's made of a message. */
function messageOf(result: unknown): Message {
  return checked(hasFields(result) ? fieldsOf(result, undefined) : result);
}

function checked(message: unknown): Message {
  const error: EventError | undefined = checkMessage(message);
  if (error !== undefined) throw new CallRefusal("invalid", error);
  return message as Message;
}

function checkPlan(message: Message, plan: Settings["plan"]): void {
  const violation = plan === undefined ? undefined : findPlanViolation(plan, message);
  if (violation === undefined) return;
  const event = "event" in message ? ` "${message.event}"` : "";
  const where = `${message.type}${event}`;
  const refused = refusal(
    "invalid",
    "PINTLE_MESSAGE_NOT_IN_PLAN",
    `${where}: ${violation.field}: ${violation.message}`,
  );
  // Its name is one of the plan's; field and words may be anything of the message.
  loggedAs(refused.error, `${where} is not as planned (${violation.message.length} characters)`);
  throw refused;
}

function encode(message: Message, envelope: Envelope): string {
  try {
    return encodeMessage(message, envelope);
  } catch (error) {
    throw notEncoded(message.type, error);
  }
}

function encodeFurther(type: Message["type"], further: Further): string {
  try {
    return further.encode();
  } catch (error) {
    throw notEncoded(type, error);
  }
}

function notEncoded(type: Message["type"], thrown: unknown): CallRefusal {
  return thrown instanceof TooDeep || isOverflow(thrown)
    ? refusal("invalid", "PINTLE_MESSAGE_TOO_DEEP", `${type}: the message is nested deeper than ${deepestEvent} levels`)
    : foreignRefusal("invalid", "PINTLE_MESSAGE_NOT_ENCODABLE", `${type}: the message cannot be encoded`, thrown);
}

/** Whether the stack ended before the levels could be counted. */
function isOverflow(thrown: unknown): boolean {
  return thrown instanceof RangeError && thrown.message.includes("call stack");
}

/**
 * The caller's, if there is one; an empty id is none, and so is one that the data plane would
 * replace at each attempt.
 */
function idOf(message: unknown): string | undefined {
  if (!hasFields(message) || typeof message.messageId !== "string") return undefined;
  return isBlank(message.messageId) ? undefined : message.messageId;
}

/** The user key of a message whose ids are texts and numbers, as has been checked. */
function keyOf({ userId, anonymousId }: Message): string {
  return String(isNoId(userId) ? anonymousId : userId);
}
