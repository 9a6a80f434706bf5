import type { Message } from "@pintle/events";
import { ChannelRelay } from "./diagnostics/channels.ts";
import { Emitter } from "./emitter.ts";
import { decodeMessage, parseMessage, type WireMessage } from "./encode.ts";
import type { PintleError } from "./errors.ts";
import { callForeign } from "./foreign.ts";
import { hasFields } from "./has-fields.ts";
import { kindOfThrown } from "./logged.ts";
import { lossesOf } from "./lossy.ts";
import type { Delivered, Dropped } from "./outcome.ts";
import type { PintleEvents } from "./pintle-events.ts";
import type { CallRefusal } from "./refusal.ts";
import type { MessageNames, TellLog } from "./report/problem-log.ts";
import type { QueueEntry } from "./store/entry.ts";

/** What a client tells: its listeners all of it, the log what is worth a line. */
export class Notices {
  readonly emitter: Emitter<PintleEvents>;
  readonly #log: TellLog;
  readonly #outside: (tell: () => void) => void;
  /** Kinds of losses that have been told. */
  readonly #toldLosses = new Set<string>();

  /**
   * @param client as whose channels publish
   * @param outside calls back in no scope of any request
   */
  constructor(log: TellLog, client: object, outside: (tell: () => void) => void) {
    this.#log = log;
    this.#outside = outside;
    this.emitter = new Emitter((event, error) => {
      const thrown = kindOfThrown(error);
      log((to) => to.listenerFailed(event, thrown));
    }, new ChannelRelay(client));
  }

  accepted(json: string): void {
    if (this.emitter.has("accepted")) this.emitter.emit("accepted", { message: parseMessage(json) });
  }

  refused(message: unknown, messageId: string, { reason, error }: CallRefusal): void {
    this.emitter.emit("refused", { message, messageId, reason, error });
  }

  logRefusal(message: unknown, refusal: CallRefusal): void {
    // It is what the program has asked for, and no mistake.
    if (refusal.reason === "filtered" || refusal.reason === "disabled") return;
    const names = namesOf(message);
    this.#log((to) => to.refused(refusal, names));
  }

  /** What JSON drops or changes. */
  losses(message: Message, given?: unknown): void {
    for (const { kind, text } of lossesOf(message, given)) {
      if (this.#toldLosses.has(kind)) continue;
      this.#toldLosses.add(kind);
      this.#log((to) => to.loss(kind, text));
    }
  }

  ended(entries: readonly QueueEntry[], outcome: Delivered | Dropped): void {
    if (outcome.status === "delivered") {
      if (!this.emitter.has("delivered")) return;
      this.#tell("delivered", { messageIds: entries.map((entry) => decodeMessage(entry.bytes).messageId) });
      return;
    }
    const isHeard = this.emitter.has("dropped") || outcome.reason === "rejected";
    this.dropped(isHeard ? entries.map((entry) => decodeMessage(entry.bytes)) : [], outcome, entries.length);
  }

  /** @param messages may be none where nobody looks at them */
  dropped(messages: readonly WireMessage[], outcome: Dropped, count: number = messages.length): void {
    const { reason, error } = outcome;
    if (this.emitter.has("dropped")) {
      for (const message of messages) this.#tell("dropped", { message, reason, error });
    }
    const rejected = reason === "rejected" ? messages[0] : undefined;
    this.#log((to) => to.dropped(outcome, count, rejected));
  }

  problem(error: PintleError, kind: string): void {
    this.#log((to) => to.problem(error, kind));
    this.#tell("error", error);
  }

  debug(text: () => string): void {
    this.#log((to) => to.debug(text));
  }

  /** Logs what has been held back: to be called at the end. */
  close(): void {
    this.#log((to) => to.close());
  }

  /** What is about no call that is being made. */
  #tell<Name extends keyof PintleEvents>(event: Name, payload: PintleEvents[Name]): void {
    this.#outside(() => this.emitter.emit(event, payload));
  }
}

/** The names of a message as they are now: the program may change it later. */
function namesOf(message: unknown): MessageNames {
  const read = (): MessageNames => (hasFields(message) ? { type: message.type, event: message.event } : {});
  return callForeign(read, () => {}) ?? {};
}
