import type { IncomingMessage } from "node:http";
import { bodyTooLarge, busy, type GatewayAnswer, slowBody } from "./answer.ts";
import type { BodyBudget, IncomingBody } from "./body-budget.ts";
import type { ClientConnection } from "./connections.ts";

/** The client went away before its body was whole; nothing can be answered. */
export const gone: unique symbol = Symbol("gone");

/**
 * Learns, once, what became of a body: the body, whose bytes stay taken from the room until the
 * learner gives them back, or, with the room given back and the rest of the body unread, why there
 * is none.
 */
export type BodyListener = (outcome: Buffer | GatewayAnswer | typeof gone) => void;

/**
 * The body of a request while it comes in, of `limit` bytes at most. Calls back instead of
 * promising: a small request is received and handed on within one turn of the loop.
 */
export class BodyReceipt implements IncomingBody {
  readonly since: number;
  readonly #connection: ClientConnection;
  readonly #limit: number;
  readonly #budget: BodyBudget;
  #listener: BodyListener | undefined;
  readonly #chunks: Buffer[] = [];
  #length = 0;

  constructor(
    request: IncomingMessage,
    connection: ClientConnection,
    { limit, budget, now }: { readonly limit: number; readonly budget: BodyBudget; readonly now: number },
    listener: BodyListener,
  ) {
    this.since = now;
    this.#connection = connection;
    this.#limit = limit;
    this.#budget = budget;
    this.#listener = listener;
    if (connection.isClosed) {
      this.lost();
      return;
    }
    budget.begin(this);
    connection.receipt = this;
    request.on("data", (chunk: Buffer) => this.#take(chunk));
    request.on("end", () => this.#end());
  }

  cut(): void {
    this.#finish(slowBody);
  }

  /** The connection was closed. */
  lost(): void {
    this.#finish(gone);
  }

  #take(chunk: Buffer): void {
    if (this.#listener === undefined) return;
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    const fits = this.#budget.take(chunk.length);
    if (this.#length > this.#limit) this.#finish(bodyTooLarge);
    else if (!fits) this.#finish(busy);
  }

  #end(): void {
    const chunks = this.#chunks;
    this.#finish(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, this.#length));
  }

  #finish(outcome: Buffer | GatewayAnswer | typeof gone): void {
    const listener = this.#listener;
    if (listener === undefined) return;
    this.#listener = undefined;
    if (this.#connection.receipt === this) this.#connection.receipt = undefined;
    this.#budget.end(this);
    if (!Buffer.isBuffer(outcome)) this.#budget.give(this.#length);
    listener(outcome);
  }
}
