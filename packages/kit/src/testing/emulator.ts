import { EventEmitter, once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import { type Fault, type FaultOptions, Faults } from "./faults.ts";
import { type Random, seededRandom } from "./random.ts";
import type { Vendor, VendorAnswer, VendorRequest } from "./vendor.ts";
import { AnswerError, jsonOf, type Kept, type RefusedEvent, type Route, type Served } from "./vendor.ts";

export interface EmulatorOptions {
  /** The seed of the faults, so that a run can be repeated. @default 1 */
  readonly seed?: number;
  /** @default none */
  readonly faults?: FaultOptions;
}

/** A request that an emulator has read, and what it did with it. */
export interface Seen {
  readonly request: VendorRequest;
  /** What was made of it, unless it failed before that. */
  readonly answer?: VendorAnswer;
  readonly fault?: Fault;
}

/**
 * A service in its tests: a real HTTP server on 127.0.0.1 that refuses what the vendor refuses,
 * answers as the vendor does, fails at random by a seed, and keeps what it took by the key that the
 * vendor knows repeats by.
 *
 * Emits `request` for each request that it has answered or broken off.
 */
export class Emulator extends EventEmitter implements AsyncDisposable {
  /** What was taken, without repeats, in the order in which each came first. */
  readonly kept: Map<string, Kept> = new Map();
  /** How often something came that had been kept. */
  repeats = 0;
  /** What items were refused for, for good. */
  readonly refused: RefusedEvent[] = [];
  readonly requests: Seen[] = [];
  readonly #server: Server;
  readonly #vendor: Vendor;
  readonly #routes: readonly Pattern[];
  readonly #random: Random;
  readonly #faults: Faults | undefined;

  private constructor(server: Server, vendor: Vendor, { seed = 1, faults }: EmulatorOptions) {
    super();
    this.#server = server;
    this.#vendor = vendor;
    this.#routes = Object.entries(vendor.routes).map(patternOf);
    this.#random = seededRandom(seed);
    this.#faults = faults === undefined ? undefined : new Faults(this.#random, faults);
    server.on("request", (request, response) => void this.#serve(request, response));
  }

  /** Starts it on a free port. */
  static async listen(vendor: Vendor, options: EmulatorOptions = {}): Promise<Emulator> {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new Emulator(server, vendor, options);
  }

  /** Where it is, without a slash at the end: what the setting `endpoint` takes. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** How often each fault has happened. */
  get faults(): ReadonlyMap<Fault, number> {
    return this.#faults?.happened ?? new Map();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of incoming) chunks.push(chunk as Buffer);
    } catch {
      return; // The sender gave up in the middle of its request: it never arrived.
    }
    const request = readRequest(incoming, Buffer.concat(chunks));
    const fault = this.#faults?.next();
    const answer = this.#answer(request, fault);
    this.requests.push({
      request,
      ...(answer === undefined ? {} : { answer }),
      ...(fault === undefined ? {} : { fault }),
    });
    if (fault === "cut" || fault === "lost") incoming.socket.resetAndDestroy();
    else if (fault !== "hang") write(response, answer ?? {});
    this.emit("request");
  }

  #answer(request: VendorRequest, fault: Fault | undefined): VendorAnswer | undefined {
    if (fault === "error") return { status: 500, body: "Internal Server Error" };
    if (fault === "unavailable") return { status: 503 };
    if (fault === "limited") return this.#vendor.limited?.() ?? { status: 429, headers: { "retry-after": "1" } };
    if (fault === "cut" || (fault === "hang" && this.#random.next() < 0.5)) return undefined;
    try {
      return this.#take(request, fault);
    } catch (error) {
      if (error instanceof AnswerError) return error.answer;
      return { status: 500, body: `the emulator has failed: ${error instanceof Error ? error.stack : error}` };
    }
  }

  #take(request: VendorRequest, fault: Fault | undefined): VendorAnswer {
    const unwanted = this.#vendor.authorize?.(request);
    if (unwanted !== undefined) return unwanted;
    if (request.bytes > (this.#vendor.bytes ?? Number.POSITIVE_INFINITY)) return { status: 413 };
    for (const { method, path, route } of this.#routes) {
      const found = request.method === method ? path.exec(request.path) : null;
      if (found === null) continue;
      const params = Object.fromEntries(
        Object.entries(found.groups ?? {}).map(([name, text]) => [name, decodeURIComponent(text)]),
      );
      const served = route({ ...request, params }, (count) => this.#busy(count, fault));
      if (!isServed(served)) return served;
      for (const each of served.kept) this.#keep(each);
      this.refused.push(...served.refused.filter(({ later }) => !later));
      return served.answer;
    }
    return { status: 404, body: { error: `nothing at ${request.method} ${request.path}` } };
  }

  #keep(kept: Kept): void {
    if (this.kept.has(kept.key)) this.repeats++;
    else this.kept.set(kept.key, kept);
  }

  #busy(count: number, fault: Fault | undefined): ReadonlySet<number> {
    if (fault !== "partial") return new Set();
    return new Set(Array.from({ length: count }, (_, at) => at).filter(() => this.#random.next() < 0.5));
  }
}

interface Pattern {
  readonly method: string;
  readonly path: RegExp;
  readonly route: Route;
}

function patternOf([key, route]: [key: string, route: Route]): Pattern {
  const [method = "", path = ""] = key.split(" ");
  const source = path
    .split("/")
    .map((part) => (part.startsWith(":") ? `(?<${part.slice(1)}>[^/]+)` : part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")))
    .join("/");
  return { method, path: new RegExp(`^${source}$`), route };
}

function isServed(served: VendorAnswer | Served): served is Served {
  return "kept" in served;
}

function readRequest({ method = "", url = "/", headers }: IncomingMessage, raw: Buffer): VendorRequest {
  const { pathname, searchParams } = new URL(url, "http://127.0.0.1");
  const whole = headers["content-encoding"] === "gzip" ? gunzipSync(raw) : raw;
  const body = whole.toString();
  return {
    method,
    path: pathname,
    params: {},
    query: searchParams,
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
    body,
    bytes: whole.length,
    json: () => jsonOf(body),
    form: () => new URLSearchParams(body),
    lines: () =>
      body
        .split("\n")
        .filter((line) => line.trim() !== "")
        .map(jsonOf),
  };
}

function write(response: ServerResponse, { status = 200, headers = {}, body }: VendorAnswer): void {
  const isText = typeof body === "string";
  const type = isText || body === undefined ? {} : { "content-type": "application/json" };
  response.writeHead(status, { ...type, ...headers }).end(body === undefined || isText ? body : JSON.stringify(body));
}
