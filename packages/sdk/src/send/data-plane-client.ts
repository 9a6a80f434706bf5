import type { Settings } from "../config.ts";
import { channel, type RequestEnded } from "../diagnostics/channels.ts";
import type { Environment } from "../environment.ts";
import { askForeign, callForeign, describeThrown, errorOf } from "../foreign.ts";
import { limit } from "../transport/attempt.ts";
import { gzipThreshold } from "../transport/gzip.ts";
import type { Transport, TransportRequest, TransportResponse } from "../transport/transport.ts";
import { aborted } from "../transport/transport-error.ts";
import { version } from "../version.ts";
import { askForHeaders } from "./ask-for-headers.ts";
import { nodeHeaders } from "./node-headers.ts";

/** The requests of a client: where to, with which headers, compressed or not. */
export class DataPlaneClient {
  readonly #settings: Settings;
  readonly #environment: Environment;
  #headers: Readonly<Record<string, string>> | undefined;
  readonly #channel = channel("request");
  #transport: Promise<Transport> | undefined;

  constructor(settings: Settings, environment: Environment) {
    this.#settings = settings;
    this.#environment = environment;
  }

  /**
   * The headers of all requests, made with the first: where a client is made at the start of a
   * worker, there is no randomness yet.
   */
  get #common(): Readonly<Record<string, string>> {
    this.#headers ??= {
      Authorization: `Basic ${btoa(`${this.#settings.writeKey}:`)}`,
      "User-Agent": `pintle-sdk/${version} (${this.#environment.runtime})`,
      // RudderStack's gateway picks its worker by this header; a constant of the client keeps its
      // requests together.
      AnonymousId: this.#environment.uuid(),
    };
    return this.#headers;
  }

  /** Sends a batch. Rejects when there is no complete answer, never later than the time-out. */
  async post(body: Uint8Array, node: number, nodes: number, signal: AbortSignal): Promise<TransportResponse> {
    const headers: Record<string, string> = {
      ...this.#common,
      "Content-Type": "application/json",
      ...(this.#settings.nodeAware ? nodeHeaders(node, nodes) : {}),
    };
    let sent = body;
    if (this.#settings.gzip && body.length >= gzipThreshold) {
      try {
        sent = await this.#environment.gzip(body);
        headers["Content-Encoding"] = "gzip";
      } catch {
        // Without CompressionStream, or without memory: the server takes plain bodies as well.
      }
    }
    return this.#request({ method: "POST", path: "/v1/batch", headers, body: sent, signal });
  }

  /** Asks for something. Rejects as `post`. */
  async get(path: string, signal: AbortSignal): Promise<TransportResponse> {
    return this.#request({ method: "GET", path, headers: this.#common, signal });
  }

  async #request(
    request: Omit<TransportRequest, "url" | "timeout"> & { readonly path: string },
  ): Promise<TransportResponse> {
    const { path, signal: outer, ...rest } = request;
    const { url: base, timeout } = this.#settings;
    const url = base + path;
    const transport = await this.#loadTransport();
    if (outer.aborted) throw aborted(url);
    const { signal, stop } = limit({ url, timeout, signal: outer }, this.#environment.after);
    // A transport of the user's may not know of time-outs and aborts, or never settle: nobody waits
    // for it then.
    const cut = new Promise<never>((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
    });
    const send = async (): Promise<TransportResponse> => {
      const headers = { ...(await this.#ownHeaders()), ...rest.headers };
      return askForeign(() => transport({ ...rest, url, timeout, signal, headers }));
    };
    const began = this.#environment.monotonic();
    const ended = (how: Pick<RequestEnded, "status" | "error">): void => {
      stop();
      const milliseconds = this.#environment.monotonic() - began;
      this.#tell({ method: rest.method, url, bytes: rest.body?.length ?? 0, milliseconds, ...how });
    };
    try {
      const answer = checkAnswer(await Promise.race([send(), cut]));
      ended({ status: answer.status });
      return answer;
    } catch (error) {
      ended({ error: errorOf(error) });
      throw error;
    }
  }

  async #ownHeaders(): Promise<Record<string, string>> {
    const { headers } = this.#settings;
    if (headers === undefined) return {};
    try {
      return await askForHeaders(headers);
    } catch (error) {
      const advice = "correct the option headers";
      throw Object.assign(new Error(`no headers for it: ${describeThrown(error)}`, { cause: error }), { advice });
    }
  }

  /** The client is closed: what the transport keeps for later requests is let go. */
  async close(): Promise<void> {
    // Undefined where it could not be loaded.
    const transport = (await this.#transport?.catch(() => undefined)) ?? this.#settings.transport;
    callForeign(
      () => transport?.close?.(),
      () => {},
    );
  }

  #tell(request: RequestEnded): void {
    if (this.#channel.hasSubscribers) this.#channel.publish(request);
    callForeign(
      () => this.#environment.telemetry?.requestEnded(request),
      () => {},
    );
  }

  #loadTransport(): Promise<Transport> {
    const { transport } = this.#settings;
    if (transport !== undefined) return Promise.resolve(transport);
    if (this.#transport === undefined) {
      this.#transport = this.#environment.loadTransport(this.#settings);
      // What could not be loaded may be there the next time.
      this.#transport.catch(() => {
        this.#transport = undefined;
      });
    }
    return this.#transport;
  }
}

/**
 * Whether a request failed because its connection had been closed before: then it is sent again at
 * once, once.
 */
export function isStale(error: unknown): boolean {
  return error instanceof Error && (error as { readonly code?: unknown }).code === "stale";
}

/** A transport of the user's may be written without types. */
function checkAnswer(answer: unknown): TransportResponse {
  const { status, headers, body, flaw } = (answer ?? {}) as { [Field in keyof TransportResponse]?: unknown };
  if (!Number.isInteger(status)) throw new Error("the transport resolved without a status");
  // Headers of fetch, without a look at their class: to touch it loads all of fetch, which takes
  // Node 20 some 20 ms and 4 MB.
  const isIterable = typeof headers === "object" && headers !== null && Symbol.iterator in headers;
  const named = isIterable ? [...(headers as Iterable<[string, unknown]>)] : Object.entries(headers ?? {});
  return {
    status: status as number,
    headers: Object.fromEntries(named.map(([name, value]) => [name.toLowerCase(), String(value)])),
    body: typeof body === "string" ? body : "",
    ...(typeof flaw === "string" ? { flaw } : {}),
  };
}
