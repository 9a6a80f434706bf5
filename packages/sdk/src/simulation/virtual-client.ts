import type { Config } from "../config.ts";
import type { OpenOutbox } from "../environment.ts";
import { PintleClient } from "../pintle.ts";
import type { TransportRequest, TransportResponse } from "../transport/transport.ts";
import { VirtualEnvironment } from "./virtual-environment.ts";

/** A message as it arrived. */
export type ArrivedMessage = Readonly<Record<string, unknown>>;

/** A request as it arrived. */
export interface VirtualRequest extends TransportRequest {
  readonly batch: readonly ArrivedMessage[];
  /** Milliseconds since the beginning. */
  readonly at: number;
}

/**
 * What is answered to a request: 200 with "ok", but for what it says; or the connection is reset.
 */
export type VirtualAnswer = (request: VirtualRequest) => Partial<TransportResponse> | "reset";

export interface VirtualClient {
  readonly client: PintleClient;
  readonly environment: VirtualEnvironment;
  readonly requests: readonly VirtualRequest[];
  /** Messages of requests that were answered with 2xx, in order. */
  readonly messages: readonly ArrivedMessage[];
}

const silent: NonNullable<Config["logger"]> = { debug() {}, info() {}, warn() {}, error() {} };

/**
 * A client on virtual time, with a data plane that answers at once; its outbox is there at once,
 * unless given. Its write key is `wk_secret`.
 */
export function startVirtualClient(
  config: Config = {},
  answer: VirtualAnswer = () => ({}),
  openOutbox?: OpenOutbox,
): VirtualClient {
  const requests: VirtualRequest[] = [];
  const messages: ArrivedMessage[] = [];
  const environment = new VirtualEnvironment(async (request) => {
    const { batch } = JSON.parse(new TextDecoder().decode(request.body)) as { batch: ArrivedMessage[] };
    const arrived = { ...request, batch, at: environment.time };
    requests.push(arrived);
    const answered = answer(arrived);
    if (answered === "reset") throw new Error("ECONNRESET");
    const response = { status: 200, headers: {}, body: "ok", ...answered };
    if (response.status >= 200 && response.status <= 299) messages.push(...batch);
    return response;
  });
  if (openOutbox !== undefined) environment.openOutbox = openOutbox;
  const client = new PintleClient("wk_secret", "https://data.example.com/", { logger: silent, ...config }, environment);
  return { client, environment, requests, messages };
}
