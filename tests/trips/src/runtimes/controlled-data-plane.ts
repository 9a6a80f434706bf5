import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type Answer, FakeDataPlane, type ReceivedMessage, type ReceivedRequest } from "@pintle/sdk/testing";

interface State {
  readonly script: Answer[];
  otherwise: Answer;
}

/**
 * A fake data plane for programs that are no test: told over HTTP how to answer, for each write key
 * by itself.
 */
export class ControlledDataPlane implements AsyncDisposable {
  readonly #plane: FakeDataPlane;
  readonly #states = new Map<string, State>();
  readonly #server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { pathname, searchParams } = new URL(request.url ?? "", "http://control");
    const body = JSON.stringify(
      this.#do(pathname.slice(1), searchParams.get("key") ?? "", JSON.parse(Buffer.concat(chunks).toString())),
    );
    response.writeHead(200, { "Content-Type": "application/json" }).end(body);
  });

  private constructor(plane: FakeDataPlane) {
    this.#plane = plane;
    plane.otherwise((request) => {
      const state = this.#stateOf(request.writeKey ?? "");
      return state.script.shift() ?? state.otherwise;
    });
  }

  static async start(): Promise<ControlledDataPlane> {
    const controlled = new ControlledDataPlane(await FakeDataPlane.start());
    await new Promise<void>((resolve) => controlled.#server.listen(0, "127.0.0.1", resolve));
    return controlled;
  }

  /** Where it is told what to do. */
  get controlUrl(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get plane(): FakeDataPlane {
    return this.#plane;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
    await this.#plane.close();
  }

  #do(action: string, key: string, body: unknown): unknown {
    const state = this.#stateOf(key);
    switch (action) {
      case "hello":
        return { url: this.#plane.url };
      case "script":
        state.script.push(...(body as Answer[]));
        return {};
      case "otherwise":
        state.otherwise = body === "judge" ? judge : (body as Answer);
        return {};
      case "requests":
        return this.#requestsOf(key);
      case "connections":
        return this.#plane.connections;
      case "messages":
        return this.#messagesOf(key);
      default:
        throw new Error(`there is no ${action}`);
    }
  }

  #stateOf(key: string): State {
    const state = this.#states.get(key) ?? { script: [], otherwise: 200 };
    this.#states.set(key, state);
    return state;
  }

  #requestsOf(key: string): readonly ReceivedRequest[] {
    return this.#plane.requests.filter(({ writeKey }) => writeKey === key);
  }

  #messagesOf(key: string): readonly ReceivedMessage[] {
    const ids = new Set(this.#requestsOf(key).flatMap(({ messages }) => messages.map(({ messageId }) => messageId)));
    return this.#plane.messages.filter(({ messageId }) => ids.has(messageId));
  }
}

/** Refuses a batch with a message that is marked as bad, as RudderStack does. */
function judge({ messages }: ReceivedRequest): Answer {
  return messages.some(({ properties }) => (properties as { bad?: boolean }).bad === true) ? 400 : 200;
}
