import type { Message } from "@pintle/events";
import { callForeign, isThenable } from "./foreign.ts";
import { type CallRefusal, foreignRefusal, refusal } from "./refusal.ts";
import type { WritableMessage } from "./writable-message.ts";

/** What `beforeSend` may be, or a list of it. */
export type BeforeSend = (message: WritableMessage) => Message | null;

/**
 * What the functions make of a message, one after the other, each of what the one before returned.
 * They get a copy, because they may write to it, and the program's objects are not ours to change.
 *
 * @throws CallRefusal where one refuses it, or fails
 */
export function applyBeforeSend(functions: readonly BeforeSend[], json: string): unknown {
  let message: unknown = JSON.parse(`${json}}`);
  for (const [at, call] of functions.entries()) {
    const name = functions.length === 1 ? "beforeSend" : `beforeSend[${at}]`;
    let failure: CallRefusal | undefined;
    message = callForeign(
      () => call(message as WritableMessage),
      (error) => {
        failure = foreignRefusal("before_send", "PINTLE_BEFORE_SEND_FAILED", `${name} threw`, error);
      },
    );
    if (failure !== undefined) throw failure;
    if (message === null) throw refusal("filtered", "PINTLE_MESSAGE_FILTERED", `${name} returned null`);
    if (isThenable(message)) {
      const what = `${name} returned a promise, allowed is a message or null`;
      throw refusal("before_send", "PINTLE_BEFORE_SEND_FAILED", what);
    }
    // What is no object at all is refused as such, and not handed on.
    if (typeof message !== "object") return message;
  }
  return message;
}
