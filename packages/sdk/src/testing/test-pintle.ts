import { AssertionError } from "node:assert";
import type { Message } from "@pintle/events";
import type { Config } from "../config.ts";
import type { WireMessage } from "../encode.ts";
import { Pintle } from "../index.ts";
import type { PintleEvents } from "../pintle-events.ts";
import type { AnyPlan, TrackingPlan } from "../plan/plan.ts";
import type { TransportResponse } from "../transport/transport.ts";
import { describeMismatch, findMismatch, show } from "./pattern.ts";

/**
 * All options of a client but for its transport: nothing is sent anywhere. See {@link TestPintle}.
 */
export type TestConfig<Plan = AnyPlan> = Omit<Config<Plan>, "transport" | "durable">;

/**
 * What a message has to be like: the fields that matter, at any depth. See {@link TestPintle}.
 */
export interface MessagePattern<Plan = AnyPlan> {
  readonly type?: Message["type"] | undefined;
  readonly event?: (keyof Plan & string) | RegExp | undefined;
  readonly [field: string]: unknown;
}

/**
 * A client for tests: a real one, with all checks, whose messages go nowhere and are kept, as they
 * would have been sent.
 *
 * It is `strict` unless told otherwise: a message that a real client would refuse fails the test
 * where it is made. Every message is "delivered" at the next turn of the event loop; for a data
 * plane that fails there is `FakeDataPlane`.
 *
 * A pattern names the fields that matter, at any depth. In it a list is compared as a whole, a Date
 * stands for the text that it is sent as, a regular expression for any text that it matches, a
 * function for what it returns `true` for, and `undefined` for a field that is not there.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { TestPintle } from "@pintle/sdk/testing";
 *
 * const client = new TestPintle();
 * client.track({ userId: "123", event: "Order Completed", properties: { revenue: 25.5 } });
 *
 * client.assertSent({ event: "Order Completed", userId: "123", properties: { revenue: 25.5 } });
 * client.assertNotSent({ event: /Refund/ });
 * assert.equal(client.messages.length, 1);
 *
 * client.clear();
 * client.assertNotSent();
 * assert.deepEqual(client.refused, []);
 * ```
 */
export class TestPintle<Plan extends TrackingPlan<Plan> = AnyPlan> extends Pintle<Plan> {
  readonly #messages: WireMessage[] = [];
  readonly #refused: PintleEvents["refused"][] = [];

  /** @throws ConfigError */
  constructor(config: TestConfig<Plan> = {}) {
    super("test", "http://data-plane.invalid", {
      interval: 0,
      gzip: false,
      strict: true,
      ...config,
      transport: accept,
    });
    this.on("accepted", ({ message }) => this.#messages.push(message));
    this.on("refused", (refusal) => this.#refused.push(refusal));
  }

  /** Every message that was accepted, in the order of the calls, from the moment of the call on. */
  get messages(): readonly WireMessage[] {
    return this.#messages;
  }

  /** Every message that was refused, with the reason. */
  get refused(): readonly PintleEvents["refused"][] {
    return this.#refused;
  }

  /** Forgets the messages so far. */
  clear(): void {
    this.#messages.length = 0;
    this.#refused.length = 0;
  }

  /**
   * Asserts that a message like `pattern` was sent, and returns the first one.
   *
   * @param times how many there have to be; at least one, unless given
   * @throws AssertionError which says how the nearest messages differ
   */
  assertSent(pattern: MessagePattern<Plan>, times?: number): WireMessage {
    const found = this.#matching(pattern);
    const isEnough = times === undefined ? found.length > 0 : found.length === times;
    const message = found[0];
    if (isEnough && message !== undefined) return message;
    const wanted = times === undefined ? "a message" : times === 1 ? "1 message" : `${times} messages`;
    return this.#fail(`expected ${wanted} like ${show(pattern)}, found ${found.length}`, pattern, this.assertSent);
  }

  /**
   * Asserts that no message like `pattern` was sent; without a pattern, that none was.
   *
   * @throws AssertionError
   */
  assertNotSent(pattern: MessagePattern<Plan> = {}): void {
    const found = this.#matching(pattern);
    if (found.length > 0)
      this.#fail(`expected no message like ${show(pattern)}, found ${found.length}`, pattern, this.assertNotSent);
  }

  #matching(pattern: MessagePattern<Plan>): readonly WireMessage[] {
    return this.#messages.filter((message) => findMismatch(message, pattern) === undefined);
  }

  #fail(what: string, pattern: MessagePattern<Plan>, stackStartFn: (...args: never) => unknown): never {
    const lines = this.#messages.map((message) => {
      const mismatch = findMismatch(message, pattern);
      return `  ${titleOf(message)}: ${mismatch === undefined ? "is like it" : describeMismatch(mismatch)}`;
    });
    const sent = lines.length === 0 ? "nothing was sent" : `${lines.length} sent:\n${lines.join("\n")}`;
    const message = `${what}; ${sent}`;
    throw new AssertionError({ message, actual: this.#messages, expected: pattern, operator: "sent", stackStartFn });
  }
}

function titleOf({ type, event, name }: WireMessage): string {
  const what = event ?? name;
  return typeof what === "string" ? `${type} ${JSON.stringify(what)}` : type;
}

async function accept(): Promise<TransportResponse> {
  return { status: 200, headers: {}, body: "ok" };
}
