import type { buildConnector, Dispatcher, Pool } from "undici";
import { guardedConnector } from "./guarded-connect.ts";
import type { HttpRequest } from "./http-request.ts";
import type { Answer } from "./outcome.ts";
import { RequestError, TimeoutError } from "./send-errors.ts";
import { statusOf } from "./status-line.ts";
import { undici } from "./undici.ts";

export interface SendLimits {
  /**
   * Time limit in milliseconds for everything: connecting, sending, and receiving the whole answer.
   */
  readonly timeout: number;
  /** Bytes of the answer's body that are kept. */
  readonly bodyBytes: number;
  /** Whether headers and body of a 2xx answer are wanted. @default true */
  readonly successes?: boolean;
}

/** The network as a destination sees it. Tests put a function of their own in its place. */
export interface Sender {
  /**
   * Resolves with the answer, whatever its status. An answer counts once its status line has
   * arrived, even if the head is too large or malformed, or the body breaks off. It then has what
   * arrived, and `flaw` says what was wrong.
   *
   * @throws TimeoutError, RequestError, or the network's own error with its `code`
   */
  send(request: HttpRequest, limits: SendLimits): Promise<Answer>;
  /** Aborts the requests in flight, and closes the connections. */
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

/**
 * Bytes of an answer's head that are read. Servers and the proxies before them add headers of their
 * own, cookies above all.
 */
const longestHead = 256 * 1024;
/** Bytes of an answer's headers that are kept, besides the significant ones. */
const keptHeaderBytes = 16 * 1024;
/** Bytes that are kept of what comes before the head of an answer has been read. */
const mostHeard = 2 * longestHead;

/**
 * Sends over kept-alive connections, one pool for each origin. Redirects are not followed: they are
 * answers.
 */
export function poolSender({ connections, connectTimeout = 10_000, blockPrivate = false }: PoolOptions): Sender {
  const pools = new Map<string, Pool>();
  let last: { url: string; pool: Pool; path: string } | undefined;
  const wire: Wire = { starting: undefined };

  function target(url: string): { pool: Pool; path: string } {
    // Nearly every destination has one URL, and parsing it costs more than the rest of this
    // function.
    if (last?.url === url) return last;
    if (!URL.canParse(url)) throw new RequestError(`The URL of a request cannot be parsed: ${url}`);
    const { origin, protocol, pathname, search } = new URL(url);
    if (protocol !== "http:" && protocol !== "https:")
      throw new RequestError(`A URL is http: or https:, not ${protocol}`);
    let pool = pools.get(origin);
    if (pool === undefined) {
      pool = new (undici().Pool)(origin, {
        connections,
        // We limit the whole request ourselves: undici's two time-outs do not cover it.
        headersTimeout: 0,
        bodyTimeout: 0,
        maxHeaderSize: longestHead,
        connect: overheard(
          blockPrivate ? guardedConnector(connectTimeout) : undici().buildConnector({ timeout: connectTimeout }),
          wire,
        ),
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
        // The lowest call of the pool: `request` would make a stream for each body, most of which
        // nobody reads.
        pool.dispatch({ method, path, headers, body: body ?? null }, new Exchange(limits, wire, resolve, reject));
      });
    },

    async close() {
      await Promise.all([...pools.values()].map((pool) => pool.destroy()));
    },
  };
}

const noHeaders: Readonly<Record<string, string>> = {};

/** The state shared by the connections of a sender. */
interface Wire {
  /** The exchange whose request is about to be written, by whichever connection writes next. */
  starting: Exchange | undefined;
}

/**
 * Gives each exchange the bytes of its answer before they are parsed. undici reports nothing about
 * an answer whose head it cannot read, not even the status, and a sender that takes a 200 for no
 * answer sends the event again and again. This relies on undici writing a request synchronously
 * when it announces its start, and having one request in flight on each connection.
 */
function overheard(connect: buildConnector.connector, wire: Wire): buildConnector.connector {
  return (options, callback) =>
    connect(options, (...[error, socket]) => {
      if (error !== null) return callback(error, null);
      const { read, write } = socket;
      let exchange: Exchange | undefined;
      socket.write = ((...written: Parameters<typeof write>) => {
        exchange = wire.starting ?? exchange;
        wire.starting = undefined;
        return write.apply(socket, written);
      }) as typeof write;
      socket.read = (size) => {
        const chunk: Buffer | null = read.call(socket, size);
        if (chunk !== null) exchange?.hear(chunk);
        return chunk;
      };
      callback(null, socket);
    });
}

/**
 * A request in flight: it waits for a connection, is sent, and is answered. It can fail or time out
 * at any point.
 */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #limits: SendLimits;
  readonly #wire: Wire;
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
  /** What came before the head was read. */
  #heard: Buffer[] = [];
  #heardBytes = 0;

  constructor(limits: SendLimits, wire: Wire, resolve: (answer: Answer) => void, reject: (error: unknown) => void) {
    this.#limits = limits;
    this.#wire = wire;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#timer = setTimeout(runOut, limits.timeout, this);
  }

  /** Ends the request: its time is over. */
  expire(): void {
    this.#timedOut = new TimeoutError(`no complete answer within ${this.#limits.timeout} ms`);
    this.#settle(this.#timedOut);
    this.#controller?.abort(this.#timedOut);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // It timed out while it waited for a connection, so it must no longer be sent.
    if (this.#timedOut !== undefined) {
      controller.abort(this.#timedOut);
      return;
    }
    this.#controller = controller;
    this.#wire.starting = this;
  }

  /** Bytes of its answer have come. */
  hear(chunk: Buffer): void {
    if (this.#status !== 0 || this.#heardBytes >= mostHeard) return;
    this.#heardBytes += chunk.length;
    this.#heard.push(chunk);
  }

  onResponseStart(
    _: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) return;
    this.#status = status;
    this.#heard = [];
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
    const hadHead = this.#status !== 0;
    if (!hadHead) this.#status = statusOf(this.#heard);
    this.#heard = [];
    const status = this.#status;
    if (status === 0) {
      this.#reject(error);
      return;
    }
    const body = this.#kept === undefined ? "" : Buffer.concat(this.#kept).toString("utf8", 0, this.#limits.bodyBytes);
    const answer: Answer = { status, headers: this.#headers, body };
    this.#resolve(error === undefined ? answer : { ...answer, flaw: flawOf(error, hadHead) });
  }
}

function runOut(exchange: Exchange): void {
  exchange.expire();
}

/** The flaw of an answer that counts all the same. */
function flawOf(error: unknown, hadHead: boolean): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  const problem = error instanceof Error && error.message !== "" ? error.message : String(error);
  if (hadHead) return `the body of the answer is not complete: ${problem}`;
  if (code === "UND_ERR_HEADERS_OVERFLOW") return `the answer has more than ${longestHead / 1024} KB of headers`;
  return `the headers of the answer cannot be read: ${problem}`;
}

/** The headers that affect the outcome. */
const deciding: ReadonlySet<string> = new Set(["retry-after", "location"]);

function flatten(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const flat: Record<string, string> = {};
  let bytes = 0;
  for (const name in headers) {
    const value = headers[name];
    if (value === undefined) continue;
    const text = Array.isArray(value) ? value.join(", ") : value;
    bytes += name.length + text.length;
    if (bytes <= keptHeaderBytes || deciding.has(name)) flat[name] = text;
  }
  return flat;
}
