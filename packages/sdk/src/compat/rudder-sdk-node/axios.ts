import type { Config } from "../../config.ts";
import type { Transport, TransportResponse } from "../../transport/transport.ts";
import { TransportError } from "../../transport/transport-error.ts";

/** What is used of an instance of axios. See {@link Analytics}. */
export interface AxiosLike {
  /** Makes a request, and resolves with its answer. */
  request(config: object): Promise<{ readonly status: number; readonly headers: unknown; readonly data: unknown }>;
}

/** What of a configuration of axios has a meaning here. See {@link Analytics}. */
export interface AxiosConfig {
  readonly timeout?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly proxy?:
    | false
    | {
        readonly protocol?: string;
        readonly host: string;
        readonly port?: number;
        readonly auth?: { readonly username: string; readonly password: string };
      };
  readonly httpAgent?: object;
  readonly httpsAgent?: object;
}

export function isAxios(value: unknown): value is AxiosLike {
  const canHaveFields = typeof value === "function" || (typeof value === "object" && value !== null);
  return canHaveFields && "request" in value && typeof value.request === "function";
}

/**
 * Requests by an instance of axios: with its interceptors, headers, agents and proxy. Every status
 * is an answer.
 */
export function axiosTransport(axios: AxiosLike): Transport {
  return async ({ method, url, headers, body, timeout, signal }) => {
    const answer = await axios.request({
      method: method.toLowerCase(),
      url,
      headers,
      data: body === undefined ? undefined : Buffer.from(body.buffer, body.byteOffset, body.byteLength),
      timeout,
      signal,
      maxRedirects: 0,
      responseType: "text",
      validateStatus: () => true,
    });
    if (typeof answer?.status !== "number") throw new TransportError("network", "axiosInstance gave no answer");
    return { status: answer.status, headers: headersOf(answer.headers), body: textOf(answer.data) };
  };
}

function headersOf(headers: unknown): TransportResponse["headers"] {
  if (typeof headers !== "object" || headers === null) return {};
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]));
}

function textOf(data: unknown): string {
  return typeof data === "string" ? data : data === undefined ? "" : JSON.stringify(data);
}

/** The options of Pintle that say the same as a configuration of axios. */
export function connectionsOf({ headers, proxy, httpAgent, httpsAgent }: AxiosConfig, url: string): Config {
  const agent = url.startsWith("https:") ? httpsAgent : httpAgent;
  return {
    ...(headers === undefined ? {} : { headers }),
    ...(proxy === undefined ? {} : { proxy: proxy === false ? false : proxyUrl(proxy) }),
    ...(agent === undefined ? {} : { agent }),
  };
}

function proxyUrl({ protocol = "http", host, port, auth }: Exclude<AxiosConfig["proxy"], false | undefined>): string {
  const credentials =
    auth === undefined ? "" : `${encodeURIComponent(auth.username)}:${encodeURIComponent(auth.password)}@`;
  return `${protocol.replace(/:$/, "")}://${credentials}${host}${port === undefined ? "" : `:${port}`}`;
}
