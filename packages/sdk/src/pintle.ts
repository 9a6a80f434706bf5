import {
  type Alias,
  type EventError,
  type Group,
  hashUserKey,
  type Identify,
  type Message,
  type Page,
  type Screen,
  userKey,
} from "@pintle/events";
import { checkMessage } from "@pintle/events/strict";
import { Account, type Stats } from "./account.ts";
import { type Config, resolveConfig, type Settings } from "./config.ts";
import { Delivery, type FlushOptions, type FlushResult } from "./delivery.ts";
import { Emitter, type Listener } from "./emitter.ts";
import { decodeMessage, encodeMessage, suffixBytes, type WireMessage } from "./encode.ts";
import type { Environment } from "./environment/environment.ts";
import { PintleError } from "./errors.ts";
import { IsoClock } from "./iso-clock.ts";
import type { DropReason, RefusalReason } from "./outcome.ts";
import {
  type AnyPlan,
  type FieldsOf,
  findPlanViolation,
  type MessageOf,
  type PlanValidators,
  type TrackingPlan,
  type TrackOf,
} from "./plan/plan.ts";
import type { StandardSchema } from "./plan/standard-schema.ts";
import { AcceptedReceipt, type Receipt, RefusedReceipt } from "./receipt.ts";
import { Reporter } from "./reporter.ts";

/** What listeners are told; see `Pintle.on`. */
export interface PintleEvents {
  /** An answer that confirmed messages. */
  readonly delivered: { readonly messageIds: readonly string[] };
  /** One message that was given up, as it would have been sent. */
  readonly dropped: { readonly message: WireMessage; readonly reason: DropReason; readonly error: PintleError };
  /** One message that was not taken, as the caller gave it. */
  readonly refused: {
    readonly message: unknown;
    readonly messageId: string;
    readonly reason: RefusalReason;
    readonly error: PintleError | EventError;
  };
  /** A problem that may concern more than one message: no connection, a wrong key, a listener that throws. */
  readonly error: PintleError;
}

/** A refusal on its way from the check that found it to the receipt. */
class Refusal {
  readonly reason: RefusalReason;
  readonly error: PintleError | EventError;

  constructor(reason: RefusalReason, error: PintleError | EventError) {
    this.reason = reason;
    this.error = error;
  }
}

/**
 * The client, on any runtime. The entry points of the package give it the environment of theirs and export it as `Pintle`.
 */
export class PintleClient<Plan extends TrackingPlan<Plan> = AnyPlan> {
  readonly #settings: Settings;
  readonly #environment: Environment;
  readonly #account = new Account();
  readonly #emitter: Emitter<PintleEvents>;
  readonly #reporter: Reporter;
  readonly #delivery: Delivery;
  readonly #clock = new IsoClock();

  constructor(
    writeKey: string,
    dataPlaneUrl: string,
    config: (Config & { readonly plan?: PlanValidators<Plan> | undefined }) | undefined,
    environment: Environment,
  ) {
    this.#settings = resolveConfig(writeKey, dataPlaneUrl, config);
    this.#environment = environment;
    this.#reporter = new Reporter(this.#settings.logger, this.#settings.verbose, environment.monotonic);
    this.#emitter = new Emitter((event, error) => {
      this.#reporter.problem("error", `listener ${event}`, `a listener of "${event}" failed: ${String(error)}`);
    });
    this.#delivery = new Delivery(this.#settings, environment, this.#account);
  }

  /** Ties a user to their traits. */
  identify(message: FieldsOf<Identify>): Receipt {
    return this.#offer({ ...message, type: "identify" });
  }

  /** Records something that a user did. */
  track(message: FieldsOf<TrackOf<Plan>>): Receipt {
    return this.#offer({ ...message, type: "track" });
  }

  /** Records a page view. */
  page(message: FieldsOf<Page>): Receipt {
    return this.#offer({ ...message, type: "page" });
  }

  /** Records a view of a screen of an app. */
  screen(message: FieldsOf<Screen>): Receipt {
    return this.#offer({ ...message, type: "screen" });
  }

  /** Ties a user to a company, a project or a team. */
  group(message: FieldsOf<Group>): Receipt {
    return this.#offer({ ...message, type: "group" });
  }

  /** Ties a new identity of a user to an earlier one. */
  alias(message: FieldsOf<Alias>): Receipt {
    return this.#offer({ ...message, type: "alias" });
  }

  /**
   * Takes a message of any type. Returns at once; the message is a snapshot. Never throws, unless the client is `strict`
   * and the message is refused.
   */
  enqueue(message: MessageOf<Plan>): Receipt {
    return this.#offer(message);
  }

  on<Name extends keyof PintleEvents>(event: Name, listener: Listener<PintleEvents[Name]>): this {
    this.#emitter.on(event, listener);
    return this;
  }

  off<Name extends keyof PintleEvents>(event: Name, listener: Listener<PintleEvents[Name]>): this {
    this.#emitter.off(event, listener);
    return this;
  }

  stats(): Stats {
    return this.#account.stats();
  }

  flush(options?: FlushOptions): Promise<FlushResult> {
    return this.#delivery.flush(options);
  }

  close(options?: FlushOptions): Promise<FlushResult> {
    return this.#delivery.close(options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #offer(message: unknown): Receipt {
    const messageId = this.#environment.uuid();
    try {
      if (this.#delivery.closing) throw refusal("closed", "CLIENT_CLOSED", "the client is closed");
      const error = checkMessage(message);
      if (error !== undefined) throw new Refusal("invalid", error);
      const valid = message as Message;
      const id = valid.messageId ?? messageId;
      const json = encodeMessage(valid, {
        messageId: id,
        originalTimestamp: this.#clock.format(this.#environment.now()),
        defaultContext: this.#settings.defaultContext,
      });
      if (json.length + suffixBytes > this.#settings.maxMessageBytes) {
        throw refusal("too_large", "MESSAGE_TOO_LARGE", `${valid.type}: the message is too large`);
      }
      const entry = this.#delivery.accept(json, hashUserKey(userKey(valid)) | 0);
      if (entry === undefined) throw refusal("queue_full", "QUEUE_FULL", "the queue is full");
      return new AcceptedReceipt(id, entry);
    } catch (thrown) {
      const { reason, error } =
        thrown instanceof Refusal ? thrown : refusal("invalid", "MESSAGE_NOT_ENCODABLE", String(thrown));
      this.#account.refused(reason);
      this.#emitter.emit("refused", { message, messageId, reason, error });
      if (this.#settings.strict) throw error;
      return new RefusedReceipt(messageId, reason, error);
    }
  }
}

function refusal(reason: RefusalReason, code: PintleError["code"], what: string): Refusal {
  return new Refusal(reason, new PintleError(code, what));
}

void decodeMessage;
void findPlanViolation;
export type PlanTable = Readonly<Record<string, StandardSchema | undefined>>;
