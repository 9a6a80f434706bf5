import { gunzipSync } from "node:zlib";
import type { Config } from "../../config.ts";
import { callForeign } from "../../foreign.ts";
import { nodeTransport } from "../../transport/node-transport.ts";
import type { Transport } from "../../transport/transport.ts";
import { bounded } from "../bounded.ts";
import { withPath } from "../with-path.ts";
import type { NodeEmitterEvents } from "./emitter.ts";
import { FetchHTTPClient, transportOf } from "./http-client.ts";
import { type AnalyticsSettings, intervalOf, maxAgeOf, timeoutOf } from "./settings.ts";

/** Observes requests and answers. */
export interface HttpObserver {
  isWatching(event: "http_request" | "http_response"): boolean;
  tell<Event extends "http_request" | "http_response">(event: Event, ...payload: NodeEmitterEvents[Event]): void;
}

/** What Pintle is to be made with. */
export function translate(settings: AnalyticsSettings, observer: HttpObserver): { url: string; config: Config } {
  const { host, path = "/v1/batch", httpClient, pintle = {} } = settings;
  const maxAge = maxAgeOf(settings);
  if (settings.oauthSettings !== undefined) {
    callForeign(
      () =>
        (pintle.logger ?? console).warn(
          "pintle: oauthSettings have no meaning here: the write key is what is asked for",
        ),
      () => {},
    );
  }
  const own = pintle.transport ?? nodeTransport({ concurrency: pintle.concurrency, ...connectionsOf(pintle) });
  const transport =
    httpClient === undefined
      ? own
      : transportOf(typeof httpClient === "function" ? new FetchHTTPClient(httpClient) : httpClient);
  const { proxy: _, agent: _agent, ca: _ca, ...others } = pintle;
  return {
    url: host ?? "https://api.segment.io",
    config: {
      batchSize: bounded(settings.flushAt ?? settings.maxEventsInBatch, 15, 1, 20_000),
      interval: intervalOf(settings),
      timeout: timeoutOf(settings),
      ...(maxAge === undefined ? {} : { maxAge }),
      // A client of the program's is given text.
      gzip: httpClient === undefined,
      // Segment knows nothing of RudderStack's proxy.
      nodeAware: false,
      ...others,
      transport: withPath(observed(transport, observer), path),
    },
  };
}

function connectionsOf({ proxy, agent, ca }: Config): Pick<Config, "proxy" | "agent" | "ca"> {
  return { proxy, agent, ca };
}

/** Tells of each request and answer while somebody listens. */
function observed(transport: Transport, observer: HttpObserver): Transport {
  const send: Transport = async (request) => {
    const { url, method, headers, body } = request;
    if (observer.isWatching("http_request")) {
      const bytes = headers["Content-Encoding"] === "gzip" && body !== undefined ? gunzipSync(body) : body;
      observer.tell("http_request", { url, method, headers: { ...headers }, body: new TextDecoder().decode(bytes) });
    }
    const answer = await transport(request);
    if (observer.isWatching("http_response")) {
      const { status, body: text } = answer;
      observer.tell("http_response", { status, statusText: "", url, body: text, headers: { ...answer.headers } });
    }
    return answer;
  };
  send.close = () => transport.close?.();
  return send;
}
