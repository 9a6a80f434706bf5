import type { Transport, TransportRequest, TransportResponse } from "../transport/transport.ts";
import type { VirtualEnvironment } from "./virtual-environment.ts";

export interface WireLike {
  readonly messageId: string;
  readonly userId: string;
  readonly sentAt: string;
  readonly originalTimestamp: string;
  readonly properties?: { readonly n: number; readonly bad?: boolean };
}

/** How the server treats one request. */
export type Behaviour =
  | {
      readonly do: "answer";
      readonly status: number;
      readonly body?: string;
      readonly headers?: Record<string, string>;
    }
  /**
   * 200, unless a message is marked as bad: then 400, in words about it, or (`misread`) about the
   * body as a whole.
   */
  | { readonly do: "judge"; readonly misread?: boolean }
  /**
   * No answer, or none that is complete; `throw` and `nonsense`: the transport throws, or resolves
   * with nothing.
   */
  | { readonly do: "reset" | "hang" | "throw" | "nonsense" };

export interface Treatment {
  readonly behaviour: Behaviour;
  /** Milliseconds until it happens. */
  readonly delay: number;
}

/** What a request was, and what became of it. */
export interface ServedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: number;
  readonly messages: readonly WireLike[];
  readonly at: number;
  status?: number;
}

/**
 * A data plane as a function, on virtual time: does to each request what the test has planned for
 * it.
 */
export class ModelServer {
  readonly requests: ServedRequest[] = [];
  /** Called with each request that is answered with 2xx, at the moment of the answer. */
  onAccepted: (messages: readonly WireLike[]) => void = () => {};
  inFlight = 0;
  mostInFlight = 0;
  readonly #environment: () => VirtualEnvironment;
  readonly #plan: (request: ServedRequest) => Treatment;

  constructor(environment: () => VirtualEnvironment, plan: (request: ServedRequest) => Treatment) {
    this.#environment = environment;
    this.#plan = plan;
  }

  readonly transport: Transport = (request) => {
    const served = this.#read(request);
    this.requests.push(served);
    const { behaviour, delay } = this.#plan(served);
    if (behaviour.do === "throw") throw new Error("thrown, not rejected");
    if (behaviour.do === "nonsense") return Promise.resolve(undefined as unknown as TransportResponse);
    this.inFlight++;
    this.mostInFlight = Math.max(this.mostInFlight, this.inFlight);
    return new Promise((resolve, reject) => {
      const cancel = this.#environment().after(delay, () => act());
      const onAbort = (): void => {
        end();
        reject(new Error("aborted"));
      };
      const end = (): void => {
        cancel();
        request.signal.removeEventListener("abort", onAbort);
        this.inFlight--;
      };
      const act = (): void => {
        if (behaviour.do === "hang") return;
        end();
        if (behaviour.do === "reset") {
          reject(new Error("ECONNRESET"));
          return;
        }
        const answer = answerOf(behaviour, served);
        served.status = answer.status;
        if (answer.status >= 200 && answer.status < 300 && served.method === "POST") this.onAccepted(served.messages);
        resolve(answer);
      };
      request.signal.addEventListener("abort", onAbort);
    });
  };

  #read(request: TransportRequest): ServedRequest {
    const { method, url, headers, body } = request;
    const text = body === undefined ? "" : new TextDecoder("utf-8", { fatal: true }).decode(body);
    const messages = text === "" ? [] : (JSON.parse(text) as { batch: WireLike[] }).batch;
    return { method, url, headers, bytes: body?.length ?? 0, messages, at: this.#environment().time };
  }
}

function answerOf(behaviour: Behaviour, request: ServedRequest): TransportResponse {
  if (behaviour.do === "answer") {
    return { status: behaviour.status, headers: behaviour.headers ?? {}, body: behaviour.body ?? "" };
  }
  const bad = request.messages.find((message) => message.properties?.bad === true);
  if (bad === undefined) return { status: 200, headers: {}, body: "ok" };
  const body = "misread" in behaviour ? "invalid json" : `message ${bad.messageId} is bad`;
  return { status: 400, headers: {}, body };
}
