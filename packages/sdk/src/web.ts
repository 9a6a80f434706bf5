import { brand } from "@pintle/events";
import type { Config } from "./config.ts";
import { loadSending, webEnvironment } from "./environment/web.ts";
import { ConfigError } from "./errors.ts";
import { PintleClient } from "./pintle.ts";
import type { AnyPlan, TrackingPlan } from "./plan/plan.ts";
import type { Transport } from "./transport/transport.ts";

export * from "./exports.ts";

/** The transport of `transport/fetch.ts`, which is loaded with the first message. */
export const fetchTransport: Transport = async (request) => (await loadSending()).fetchTransport(request);

/** Where there is no `node:http`. @throws ConfigError */
export function nodeTransport(): never {
  throw new ConfigError("transport", undefined, "nodeTransport", "fetchTransport on this runtime");
}

/**
 * A client that takes events and delivers them to a data plane. A program makes one, and shares it.
 *
 * No call throws into the program (unless it asks for that by `strict`), blocks it, or makes a
 * promise that may reject.
 *
 * @example
 * ```ts
 * import { Pintle } from "@pintle/sdk";
 *
 * const client = new Pintle(WRITE_KEY, DATA_PLANE_URL);
 * client.track({ userId: "123", event: "Signed Up", properties: { plan: "Free" } });
 * await client.close();
 * ```
 */
export class Pintle<Plan extends TrackingPlan<Plan> = AnyPlan> extends PintleClient<Plan> {
  static {
    brand(Pintle, "Pintle");
  }

  /**
   * @param writeKey of the source that the messages are for
   * @param dataPlaneUrl where the data plane listens, for example `https://data.example.com`; a URL
   * object will do
   * @throws {@link ConfigError}, and nothing else
   */
  constructor(writeKey: string, dataPlaneUrl: string | { readonly href: string }, config?: Config<Plan>) {
    super(writeKey, dataPlaneUrl, config, webEnvironment);
  }
}
