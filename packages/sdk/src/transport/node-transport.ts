import type { Config } from "../config.ts";
import { checkConnections } from "../connection-options.ts";
import type { Transport } from "./transport.ts";

/**
 * How {@link nodeTransport} makes connections: the options of a client that have the same names.
 */
export interface NodeTransportOptions extends Pick<Config, "proxy" | "agent" | "ca"> {
  /** Connections at most; further requests wait for one, within their own `timeout`. Default: 4. */
  readonly concurrency?: number | undefined;
}

/**
 * The transport that clients have on Node, Bun and Deno, to be wrapped by one of your own:
 * keep-alive connections of `node:http`, directly or through a proxy.
 *
 * @example
 * ```ts
 * import { nodeTransport, Pintle, type Transport } from "@pintle/sdk";
 *
 * const inner = nodeTransport({ concurrency: 2 });
 * const transport: Transport = async (request) => {
 *   const answer = await inner(request);
 *   console.log(request.url, answer.status);
 *   return answer;
 * };
 * // So that closing the client closes its connections.
 * transport.close = () => inner.close?.();
 *
 * const client = new Pintle(WRITE_KEY, DATA_PLANE_URL, { transport });
 * client.track({ userId: "123", event: "Paid" });
 * await client.close();
 * ```
 *
 * @throws ConfigError for an option that cannot be used
 */
export function nodeTransport({ concurrency = 4, ...options }: NodeTransportOptions = {}): Transport {
  const settings = checkConnections(options, concurrency);
  let loading: Promise<Transport> | undefined;
  const load = (): Promise<Transport> => {
    // With the first request, so that importing the SDK costs a program that sends nothing next to
    // nothing.
    loading ??= import("./node.ts").then(({ createNodeTransport }) => createNodeTransport(settings));
    return loading;
  };
  const transport: Transport = async (request) => (await load())(request);
  transport.close = () => {
    loading?.then(
      (loaded) => loaded.close?.(),
      () => {},
    );
  };
  return transport;
}
