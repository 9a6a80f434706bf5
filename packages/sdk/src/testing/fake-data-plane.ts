import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Answer, type SettledAnswer, settle, statusOf } from "./answer.ts";
import { readRequest } from "./read-request.ts";
import type { ReceivedMessage, ReceivedRequest } from "./received-request.ts";
import { sendAnswer } from "./send-answer.ts";

/** What is known when it starts; all of it can be changed later. See {@link FakeDataPlane}. */
export interface FakeDataPlaneOptions {
  /** The only key that is let in; others get 401. Every key, unless given. */
  readonly writeKey?: string;
  /** How requests are answered for which no answer was scripted. 200 unless given. */
  readonly otherwise?: Answer;
  /**
   * What `GET /cluster-info` says. Unless given it is answered with 404, as a data plane without
   * RudderStack's proxy does.
   */
  readonly nodes?: number;
}

/**
 * A data plane for tests: a real HTTP server on 127.0.0.1 that decodes what it gets, keeps it, and
 * answers by script.
 *
 * Faults: any status, `"hang"`, `"reset"`, slow answers, `Retry-After` in seconds or as a date,
 * truncated answers, and a closed port ({@link FakeDataPlane.refuse}). Nothing in it is timed:
 * {@link FakeDataPlane.until} waits for what happens.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { Pintle } from "@pintle/sdk";
 * import { FakeDataPlane } from "@pintle/sdk/testing";
 *
 * await using plane = await FakeDataPlane.start({ writeKey: "key" });
 * const client = new Pintle("key", plane.url, { interval: 0 });
 *
 * plane.script(503, { status: 429, retryAfter: 1 }, "reset"); // then 200, for ever
 * client.track({ userId: "123", event: "Paid" });
 * await plane.until(() => plane.messages.length === 1);
 *
 * assert.equal(plane.requests.length, 4);
 * await client.close();
 * ```
 */
export class FakeDataPlane {
  readonly #options: FakeDataPlaneOptions;
  readonly #script: Answer[] = [];
  readonly #requests: ReceivedRequest[] = [];
  readonly #messages: ReceivedMessage[] = [];
  readonly #clusterRequests: ReceivedRequest[] = [];
  readonly #waiting = new Set<() => void>();
  #otherwise: Answer;
  #nodes: number | undefined;
  #server: Server | undefined;
  #port = 0;
  #arrivals = 0;
  #openConnections = 0;
  #mostConnections = 0;
  #connections = 0;

  private constructor(options: FakeDataPlaneOptions) {
    this.#options = options;
    this.#otherwise = options.otherwise ?? 200;
    this.#nodes = options.nodes;
  }

  /** Listens on a free port of 127.0.0.1. */
  static async start(options: FakeDataPlaneOptions = {}): Promise<FakeDataPlane> {
    const plane = new FakeDataPlane(options);
    await plane.accept();
    return plane;
  }

  /** `http://127.0.0.1:<port>`, the same for its whole life. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Every request but those for `/cluster-info`, in order of arrival, answered or not. */
  get requests(): readonly ReceivedRequest[] {
    return this.#requests;
  }

  /**
   * The messages of every request that was answered with 2xx, in the order of the answers; repeats
   * included.
   */
  get messages(): readonly ReceivedMessage[] {
    return this.#messages;
  }

  /** Requests for `/cluster-info`. */
  get clusterRequests(): readonly ReceivedRequest[] {
    return this.#clusterRequests;
  }

  /** Connections that were ever opened, that are open, and that were open at one time. */
  get connections(): { readonly total: number; readonly open: number; readonly most: number } {
    return { total: this.#connections, open: this.#openConnections, most: this.#mostConnections };
  }

  /** Answers for the next requests, one each, behind those that are still to be given. */
  script(...answers: readonly Answer[]): this {
    this.#script.push(...answers);
    return this;
  }

  /**
   * How requests are answered from now on when the script is over.
   *
   * @example
   * ```ts
   * import assert from "node:assert/strict";
   * import { FakeDataPlane } from "@pintle/sdk/testing";
   *
   * await using plane = await FakeDataPlane.start();
   * plane.otherwise(503);
   *
   * const response = await fetch(`${plane.url}/v1/batch`, { method: "POST", body: '{"batch":[]}' });
   * assert.equal(response.status, 503);
   * ```
   */
  otherwise(answer: Answer): this {
    this.#otherwise = answer;
    return this;
  }

  /**
   * What `GET /cluster-info` says from now on; 404 for `undefined`.
   *
   * @example
   * ```ts
   * import assert from "node:assert/strict";
   * import { FakeDataPlane } from "@pintle/sdk/testing";
   *
   * await using plane = await FakeDataPlane.start();
   * plane.nodes(3);
   *
   * const response = await fetch(`${plane.url}/cluster-info`);
   * assert.deepEqual(await response.json(), { nodeCount: 3 });
   * assert.equal(plane.clusterRequests.length, 1);
   * ```
   */
  nodes(count: number | undefined): this {
    this.#nodes = count;
    return this;
  }

  /**
   * Resolves as soon as `condition` holds: now, or after a request, an answer, a connection or its
   * end.
   */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const check = (): void => {
        try {
          if (!condition()) return;
          resolve();
        } catch (error) {
          reject(error);
        }
        this.#waiting.delete(check);
      };
      this.#waiting.add(check);
      check();
    });
  }

  /**
   * Closes the port and every connection: from now on connecting is refused. {@link accept} opens
   * the same port again.
   *
   * @example
   * ```ts
   * import assert from "node:assert/strict";
   * import { Pintle } from "@pintle/sdk";
   * import { FakeDataPlane } from "@pintle/sdk/testing";
   *
   * const plane = await FakeDataPlane.start();
   * const client = new Pintle("key", plane.url, { interval: 0 });
   *
   * await plane.refuse();
   * const failed = new Promise((resolve) => client.on("error", resolve));
   * const receipt = client.track({ userId: "123", event: "Paid" });
   * await failed;
   * await plane.accept();
   *
   * assert.equal((await receipt.delivered()).status, "delivered");
   * assert(plane.connections.total >= 1);
   * await client.close();
   * await plane.close();
   * ```
   */
  async refuse(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  }

  /** Listens, after {@link refuse}. */
  async accept(): Promise<void> {
    if (this.#server !== undefined) return;
    const server = createServer((incoming, response) => {
      this.#serve(incoming, response).catch((error: unknown) => response.destroy(error as Error));
    });
    server.on("connection", (socket) => {
      this.#connections += 1;
      this.#openConnections += 1;
      this.#mostConnections = Math.max(this.#mostConnections, this.#openConnections);
      socket.once("close", () => {
        this.#openConnections -= 1;
        this.#changed();
      });
      // A client that gives up is what many tests are about.
      socket.on("error", () => {});
      this.#changed();
    });
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(this.#port, "127.0.0.1", resolve);
    });
    this.#port = (server.address() as AddressInfo).port;
  }

  /** Ends it. Requests that hang are cut off. */
  async close(): Promise<void> {
    await this.refuse();
  }

  /** The same as {@link FakeDataPlane.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on("error", () => {});
    const read = await readRequest(incoming, this.#arrivals++).catch(() => undefined);
    // The client has gone in the middle of its request.
    if (read === undefined) return;

    const request: ReceivedRequest & { status?: number } = read;
    if (request.path === "/cluster-info") {
      this.#clusterRequests.push(request);
      this.#changed();
      return sendAnswer(this.#clusterInfo(), response);
    }
    this.#requests.push(request);
    // Taken in order of arrival, before anything asynchronous.
    const scripted = this.#refusal(request) ?? this.#script.shift() ?? this.#otherwise;
    this.#changed();

    const answer = await settle(scripted, request);
    const status = statusOf(answer);
    if (status !== undefined) request.status = status;
    if (status !== undefined && status >= 200 && status < 300 && !isTruncated(answer)) {
      this.#messages.push(...request.messages);
    }
    await sendAnswer(answer, response);
    this.#changed();
  }

  /** What no data plane would let through, whatever the script says. */
  #refusal(request: ReceivedRequest): Answer | undefined {
    const { writeKey } = this.#options;
    if (writeKey !== undefined && request.writeKey !== writeKey) return 401;
    if (request.problem !== undefined) return { status: 400, body: "invalid json\n" };
    return undefined;
  }

  #clusterInfo(): SettledAnswer {
    if (this.#nodes === undefined) return { status: 404, body: "404 page not found" };
    return { body: JSON.stringify({ nodeCount: this.#nodes }), headers: { "Content-Type": "application/json" } };
  }

  #changed(): void {
    for (const check of this.#waiting) check();
  }
}

function isTruncated(answer: SettledAnswer): boolean {
  return typeof answer !== "string" && answer.truncated === true;
}
