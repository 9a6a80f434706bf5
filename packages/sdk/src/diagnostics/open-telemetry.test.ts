import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MessageCounters } from "../counters.ts";
import { OpenTelemetry, type OpenTelemetryApi } from "./open-telemetry.ts";

/** As much of the API as is used; the real one is in the test with OpenTelemetry's SDK. */
class FakeApi {
  readonly observed: Record<string, number> = {};
  readonly recorded: [number, unknown][] = [];
  isRegistered = false;
  loads = 0;
  meters = 0;
  #callback: ((result: object) => void) | undefined;
  readonly #noop = { name: "noop" };
  readonly #meter = {
    createObservableCounter: (name: string) => ({ name }),
    createObservableUpDownCounter: (name: string) => ({ name }),
    createHistogram: () => ({ record: (...args: [number, unknown]) => void this.recorded.push(args) }),
    addBatchObservableCallback: (callback: (result: object) => void) => {
      this.meters++;
      this.#callback = callback;
    },
  };

  readonly load = async (): Promise<OpenTelemetryApi> => {
    this.loads++;
    return {
      metrics: { getMeter: () => (this.isRegistered ? this.#meter : this.#noop) },
      createNoopMeter: () => this.#noop,
    } as unknown as OpenTelemetryApi;
  };

  collect(): Record<string, number> {
    const observe = ({ name }: { name: string }, value: number, attributes?: Record<string, string>): void => {
      this.observed[[name, ...Object.values(attributes ?? {})].join(" ")] = value;
    };
    this.#callback?.({ observe });
    return this.observed;
  }
}

const request = { method: "POST", url: "http://x", bytes: 1, milliseconds: 250, status: 200 } as const;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("OpenTelemetry", () => {
  test("sums over all clients, by reason", async () => {
    const api = new FakeApi();
    api.isRegistered = true;
    const telemetry = new OpenTelemetry(api.load, () => true);
    const [a, b] = [new MessageCounters(), new MessageCounters()];
    const clients = [{}, {}] as const;
    telemetry.watch(clients[0], a);
    telemetry.watch(clients[1], b);
    await turn();
    a.accepted(100);
    a.accepted(50);
    b.accepted(7);
    b.refused("queue_full");
    a.deliver(100);
    a.drop("expired", 50);
    const seen = api.collect();
    assert.equal(seen["pintle.messages.accepted"], 3);
    assert.equal(seen["pintle.messages.delivered"], 1);
    assert.equal(seen["pintle.messages.dropped expired"], 1);
    assert.equal(seen["pintle.messages.refused queue_full"], 1);
    assert.equal(seen["pintle.messages.refused invalid"], 0);
    assert.equal(seen["pintle.messages.pending"], 1);
    assert.equal(seen["pintle.messages.pending.size"], 7);
    assert.deepEqual([api.loads, api.meters], [1, 1]);
  });

  test("finds a provider that is registered later, at a request", async () => {
    const api = new FakeApi();
    const telemetry = new OpenTelemetry(api.load, () => true);
    telemetry.watch({}, new MessageCounters());
    await turn();
    telemetry.requestEnded(request);
    await turn();
    assert.equal(api.meters, 0);
    api.isRegistered = true;
    telemetry.requestEnded(request);
    await turn();
    telemetry.requestEnded(request);
    telemetry.requestEnded({ ...request, status: 503 });
    telemetry.requestEnded({ method: "GET", url: "", bytes: 0, milliseconds: 10, error: new TypeError("x") });
    await turn();
    assert.equal(api.meters, 1);
    assert.deepEqual(api.recorded, [
      [0.25, { "http.request.method": "POST", "http.response.status_code": 200 }],
      [0.25, { "http.request.method": "POST", "http.response.status_code": 503 }],
      [0.01, { "http.request.method": "GET", "error.type": "TypeError" }],
    ]);
  });

  test("nothing is loaded before somebody has registered something", async () => {
    const api = new FakeApi();
    let isRegistered = false;
    const telemetry = new OpenTelemetry(api.load, () => isRegistered);
    telemetry.watch({}, new MessageCounters());
    telemetry.requestEnded(request);
    await turn();
    assert.equal(api.loads, 0);
    isRegistered = true;
    telemetry.requestEnded(request);
    await turn();
    telemetry.requestEnded(request);
    await turn();
    assert.equal(api.loads, 1);
  });

  test("without the API it does nothing, and requests go their way", async () => {
    let loads = 0;
    const load = async (): Promise<never> => {
      loads++;
      throw new Error("Cannot find package '@opentelemetry/api'");
    };
    const telemetry = new OpenTelemetry(load, () => true);
    telemetry.watch({}, new MessageCounters());
    telemetry.requestEnded(request);
    const answer = { status: 200, headers: {}, body: "" };
    const transport = telemetry.untraced(async () => answer);
    const { signal } = new AbortController();
    for (let i = 0; i < 3; i++) {
      assert.equal(await transport({ method: "GET", url: "http://x", headers: {}, timeout: 1, signal }), answer);
    }
    assert.equal(loads, 1);
  });
});
