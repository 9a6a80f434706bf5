import type { Dispatcher, Pool } from "undici";
import { RequestError, TimeoutError } from "./classify.ts";
import { guardedConnector } from "./guarded-connect.ts";
import type { Answer } from "./outcome.ts";
import { undici } from "./undici.ts";

/** One HTTP request, complete: a destination's `requests` makes it, a `Sender` sends it. */
export interface HttpRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Absolute, `http:` or `https:`. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

export interface SendLimits {
  /** Milliseconds for the whole of it: connecting, sending, and the answer to its last byte. */
  readonly timeout: number;
  /** Bytes of the answer's body that are kept. */
  readonly bodyBytes: number;
  /** Whether headers and body of a 2xx answer are wanted. @default true */
  readonly successes?: boolean;
}

/** The network as a destination sees it. Tests put a function of their own in its place. */
export interface Sender {
  /**
   * Resolves with the answer, whatever its status. An answer whose status arrived and whose body then broke off counts
   * as answered, with what arrived of it.
   *
   * @throws TimeoutError, RequestError, or the network's own error with its `code`
   */
  send(request: HttpRequest, limits: SendLimits): Promise<Answer>;
  /** Breaks off what is on its way, and closes the connections. */
  close(): Promise<void>;
}

export interface PoolOptions {
  /** Connections for each origin at most. */
  readonly connections: number;
  /** Milliseconds. @default 10_000 */
  readonly connectTimeout?: number;
  /** Whether only public addresses are connected to. @see guardedConnector @default false */
  readonly blockPrivate?: boolean;
}

/** Sends over kept-alive connections, one pool for each origin. Redirects are not followed: they are answers. */
export function poolSender({ connections, connectTimeout = 10_000, blockPrivate = false }: PoolOptions): Sender {
  const pools = new Map<string, Pool>();
  let last: { url: string; pool: Pool; path: string } | undefined;

  function target(url: string): { pool: Pool; path: string } {
    // Nearly every destination has one URL, and parsing it costs more than the rest of this function.
    if (last?.url === url) return last;
    if (!URL.canParse(url)) throw new RequestError(`The URL of a request cannot be parsed: ${url}`);
    const { origin, protocol, pathname, search } = new URL(url);
    if (protocol !== "http:" && protocol !== "https:")
      throw new RequestError(`A URL is http: or https:, not ${protocol}`);
    let pool = pools.get(origin);
    if (pool === undefined) {
      pool = new (undici().Pool)(origin, {
        connections,
        // The limit on the whole request is ours: undici's two do not add up to one.
        headersTimeout: 0,
        bodyTimeout: 0,
        connect: blockPrivate ? guardedConnector(connectTimeout) : { timeout: connectTimeout },
      });
      pools.set(origin, pool);
    }
    last = { url, pool, path: pathname + search };
    return last;
  }

  return {
    send({ method, url, headers, body }, limits) {
      return new Promise((resolve, reject) => {
        const { pool, path } = target(url);
        // The lowest call of the pool: `request` would make a stream for each body, most of which nobody reads.
        pool.dispatch({ method, path, headers, body: body ?? null }, new Exchange(limits, resolve, reject));
      });
    },

    async close() {
      await Promise.all([...pools.values()].map((pool) => pool.destroy()));
    },
  };
}

const noHeaders: Readonly<Record<string, string>> = {};

/** One request on its way: waits for a connection, is sent, is answered; at any point it can fail or run out of time. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #limits: SendLimits;
  readonly #resolve: (answer: Answer) => void;
  readonly #reject: (error: unknown) => void;
  readonly #timer: NodeJS.Timeout;
  #controller: Dispatcher.DispatchController | undefined;
  #timedOut: TimeoutError | undefined;
  #status = 0;
  #headers: Readonly<Record<string, string>> = noHeaders;
  #isKept = true;
  #kept: Buffer[] | undefined;
  #keptBytes = 0;

  constructor(limits: SendLimits, resolve: (answer: Answer) => void, reject: (error: unknown) => void) {
    this.#limits = limits;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#timer = setTimeout(runOut, limits.timeout, this);
  }

  /** Its time is over. */
  expire(): void {
    this.#timedOut = new TimeoutError(`no complete answer within ${this.#limits.timeout} ms`);
    this.#settle(this.#timedOut);
    this.#controller?.abort(this.#timedOut);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // Its time ran out while it waited for a connection: it must not go out behind our back.
    if (this.#timedOut !== undefined) controller.abort(this.#timedOut);
    else this.#controller = controller;
  }

  onResponseStart(
    _: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) return;
    this.#status = status;
    this.#isKept = this.#limits.successes !== false || status >= 300;
    if (this.#isKept) this.#headers = flatten(headers);
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#isKept || this.#keptBytes >= this.#limits.bodyBytes) return;
    this.#keptBytes += chunk.length;
    this.#kept ??= [];
    this.#kept.push(chunk);
  }

  onResponseEnd(): void {
    this.#settle(undefined);
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.#settle(error);
  }

  #settle(error: unknown): void {
    clearTimeout(this.#timer);
    if (this.#status === 0) {
      this.#reject(error);
      return;
    }
    const body = this.#kept === undefined ? "" : Buffer.concat(this.#kept).toString("utf8", 0, this.#limits.bodyBytes);
    this.#resolve({ status: this.#status, headers: this.#headers, body });
  }
}

function runOut(exchange: Exchange): void {
  exchange.expire();
}

function flatten(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const name in headers) {
    const value = headers[name];
    if (value !== undefined) flat[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return flat;
}
