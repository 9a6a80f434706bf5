import type { MessageCounters, Stats } from "../counters.ts";
import { callForeign } from "../foreign.ts";
import { dropReasons, refusalReasons } from "../outcome.ts";
import type { Transport } from "../transport/transport.ts";
import { version } from "../version.ts";
import type { RequestEnded } from "./channels.ts";

/**
 * The part of `@opentelemetry/api` (1.3 or later) that is used. Written down here so that the SDK
 * needs no package for the types.
 */
export interface OpenTelemetryApi {
  readonly metrics: { getMeter(name: string, version?: string): Meter };
  createNoopMeter(): Meter;
  readonly context: {
    with<Args extends unknown[], Result>(
      context: OtelContext,
      fn: (...args: Args) => Result,
      thisArg: undefined,
      ...args: Args
    ): Result;
  };
  readonly ROOT_CONTEXT: OtelContext;
  createContextKey(description: string): symbol;
}

interface OtelContext {
  setValue(key: symbol, value: unknown): OtelContext;
}

interface InstrumentOptions {
  readonly description: string;
  readonly unit: string;
}

interface Meter {
  createObservableCounter(name: string, options: InstrumentOptions): object;
  createObservableUpDownCounter(name: string, options: InstrumentOptions): object;
  createHistogram(name: string, options: InstrumentOptions): OtelHistogram;
  addBatchObservableCallback(callback: (result: ObservableResult) => void, observables: object[]): void;
}

interface ObservableResult {
  observe(instrument: object, value: number, attributes?: Attributes): void;
}

interface OtelHistogram {
  record(value: number, attributes?: Attributes): void;
}

type Attributes = Readonly<Record<string, string | number>>;

/** Where `@opentelemetry/api` keeps what has been registered with any copy of it. */
const registry = Symbol.for("opentelemetry.js.api.1");

/**
 * Whether anything has been registered with OpenTelemetry. Until then there is nobody to tell, and
 * the API need not even be looked for.
 */
function isRegistered(): boolean {
  return registry in globalThis;
}

/** Loads `@opentelemetry/api`; rejects if the program does not have it. */
export type LoadApi = () => Promise<OpenTelemetryApi>;

/**
 * What OpenTelemetry is told, for all clients of the process, if the program has
 * `@opentelemetry/api`:
 *
 * - metrics, read off the counters when they are collected, so that a message costs nothing more;
 * - that the SDK's own requests are not to be traced: a span for each would tell nothing about the
 *   program, and an exporter that goes through the same data plane would feed itself.
 *
 * A provider of metrics may be registered after the first client has been made, and OpenTelemetry
 * tells nobody, so it is looked for at each request until there is one.
 */
export class OpenTelemetry {
  readonly #load: LoadApi;
  readonly #isRegistered: () => boolean;
  #api: Promise<OpenTelemetryApi | undefined> | undefined;
  #histogram: OtelHistogram | undefined;
  #isLookingForMeter = false;

  /**
   * Counters of clients that live. Counters do not refer to their client, so this keeps none alive.
   */
  readonly #counters = new Set<MessageCounters>();
  /** Sums of clients that are gone: what a counter has counted stays counted. */
  #past: Stats | undefined;
  readonly #gone = new FinalizationRegistry<MessageCounters>((counters) => this.#forget(counters));

  constructor(load: LoadApi, isThere: () => boolean = isRegistered) {
    this.#load = load;
    this.#isRegistered = isThere;
  }

  /**
   * Reports a client's counters for as long as the client lives, and what it has counted for ever.
   */
  watch(client: object, counters: MessageCounters): void {
    this.#counters.add(counters);
    this.#gone.register(client, counters);
    this.#look();
  }

  requestEnded({ method, milliseconds, status, error }: RequestEnded): void {
    this.#look();
    // The names of OpenTelemetry's semantic conventions for HTTP.
    this.#histogram?.record(milliseconds / 1000, {
      "http.request.method": method,
      ...(status === undefined ? {} : { "http.response.status_code": status }),
      ...(error === undefined ? {} : { "error.type": "code" in error ? String(error.code) : error.name }),
    });
  }

  /** The same transport, without spans and without a `traceparent` of its own. */
  untraced(transport: Transport): Transport {
    const untraced: Transport = async (request) => {
      const api = await this.#findApi();
      return api === undefined ? transport(request) : api.context.with(untracedIn(api), transport, undefined, request);
    };
    return Object.assign(untraced, { close: () => transport.close?.() });
  }

  async #findApi(): Promise<OpenTelemetryApi | undefined> {
    if (this.#api === undefined && this.#isRegistered()) this.#api = this.#load().catch(() => undefined);
    return this.#api;
  }

  /**
   * What OpenTelemetry, or what the program has registered with it, throws is not for the program
   * to die of.
   */
  #look(): void {
    callForeign(
      () => this.#lookForMeter(),
      () => {},
    );
  }

  async #lookForMeter(): Promise<void> {
    if (this.#histogram !== undefined || this.#isLookingForMeter) return;
    this.#isLookingForMeter = true;
    const api = await this.#findApi();
    this.#isLookingForMeter = false;
    const meter = api?.metrics.getMeter("@pintle/sdk", version);
    if (meter !== undefined && meter !== api?.createNoopMeter()) this.#measure(meter);
  }

  #measure(meter: Meter): void {
    const counter = (name: string, description: string, unit = "{message}"): object =>
      meter.createObservableCounter(`pintle.${name}`, { description, unit });
    const gauge = (name: string, description: string, unit = "{message}"): object =>
      meter.createObservableUpDownCounter(`pintle.${name}`, { description, unit });
    const accepted = counter("messages.accepted", "Messages that were taken");
    const refused = counter("messages.refused", "Messages that were not taken, by reason");
    const delivered = counter("messages.delivered", "Messages that the data plane has confirmed");
    const dropped = counter("messages.dropped", "Messages that were given up, by reason");
    const retries = counter("requests.retries", "Requests that repeated earlier ones", "{request}");
    const pending = gauge("messages.pending", "Messages neither delivered nor dropped yet");
    const bytes = gauge("messages.pending.size", "Encoded bytes of the pending messages", "By");
    const inFlight = gauge("requests.active", "Requests that are under way", "{request}");
    meter.addBatchObservableCallback(
      (result) => {
        const stats = this.#stats();
        result.observe(accepted, stats.accepted);
        result.observe(delivered, stats.delivered);
        result.observe(retries, stats.retries);
        result.observe(pending, stats.pending);
        result.observe(bytes, stats.bytes);
        result.observe(inFlight, stats.inFlight);
        for (const reason of refusalReasons)
          result.observe(refused, stats.refused[reason], { "pintle.reason": reason });
        for (const reason of dropReasons) result.observe(dropped, stats.dropped[reason], { "pintle.reason": reason });
      },
      [accepted, refused, delivered, dropped, retries, pending, bytes, inFlight],
    );
    this.#histogram = meter.createHistogram("pintle.request.duration", {
      description: "Requests to the data plane, from their beginning to the end of the answer",
      unit: "s",
    });
  }

  #forget(counters: MessageCounters): void {
    this.#counters.delete(counters);
    const stats = counters.stats();
    this.#past = this.#past === undefined ? stats : sum(this.#past, stats);
  }

  #stats(): Stats {
    const all = [...this.#counters].map((counters) => counters.stats());
    if (this.#past !== undefined) all.push(this.#past);
    return all.reduce(sum);
  }
}

/**
 * A context in which nothing is traced, and that keeps nothing of the request in which a message
 * was sent.
 */
function untracedIn(api: OpenTelemetryApi): OtelContext {
  // The key of @opentelemetry/core's suppressTracing(): keys with one description are the same.
  return api.ROOT_CONTEXT.setValue(api.createContextKey("OpenTelemetry SDK Context Key SUPPRESS_TRACING"), true);
}

function sum(a: Stats, b: Stats): Stats {
  return {
    offered: a.offered + b.offered,
    accepted: a.accepted + b.accepted,
    refused: sumOf(refusalReasons, a.refused, b.refused),
    delivered: a.delivered + b.delivered,
    dropped: sumOf(dropReasons, a.dropped, b.dropped),
    pending: a.pending + b.pending,
    bytes: a.bytes + b.bytes,
    inFlight: a.inFlight + b.inFlight,
    requests: a.requests + b.requests,
    retries: a.retries + b.retries,
  };
}

function sumOf<Reason extends string>(
  reasons: readonly Reason[],
  a: Readonly<Record<Reason, number>>,
  b: Readonly<Record<Reason, number>>,
): Record<Reason, number> {
  return Object.fromEntries(reasons.map((reason) => [reason, a[reason] + b[reason]])) as Record<Reason, number>;
}
