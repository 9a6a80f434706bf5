/** Faults that show after minutes, on virtual time. Each test fails if Pintle had the fault. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Config } from "../index.ts";
import { PintleClient } from "../pintle.ts";
import { VirtualEnvironment } from "../simulation/virtual-environment.ts";
import type { TransportResponse } from "../transport/transport.ts";

const logger: NonNullable<Config["logger"]> = { debug() {}, info() {}, warn() {}, error() {} };
const latency = 100;

interface Request {
  readonly at: number;
  /** Requests that had no answer yet when this one was begun. */
  readonly underWay: number;
  readonly messages: number;
}

/** A client on virtual time, whose requests are all answered as `answer` says, after 100 ms. */
function start(answer: (at: number) => Partial<TransportResponse>, config: Config = {}) {
  const requests: Request[] = [];
  let underWay = 0;
  const environment = new VirtualEnvironment(async ({ body }) => {
    const at = environment.time;
    const { batch } = JSON.parse(new TextDecoder().decode(body)) as { batch: unknown[] };
    requests.push({ at, underWay: underWay++, messages: batch.length });
    await new Promise<void>((resolve) => environment.after(latency, resolve));
    underWay -= 1;
    return { status: 200, headers: {}, body: "", ...answer(at) };
  });
  const client = new PintleClient("key", "https://data.example.com", { logger, ...config }, environment);
  return { client, environment, requests };
}

describe("faults that show after minutes", () => {
  test("Node SDK: 98 % are lost in 120 s of 503, and the client does not recover", async () => {
    const outage = 120_000;
    const { client, environment, requests } = start((at) => ({ status: at < outage ? 503 : 200 }));
    // Ten a second, for three minutes.
    for (let second = 0; second < 180; second++) {
      for (let i = 0; i < 10; i++) client.track({ userId: i, event: "e" });
      await environment.advance(1_000);
    }
    const during = requests.filter(({ at }) => at < outage).length;
    assert.ok(during < 60, `${during} requests while the server was down`);
    const recovered = requests.find(({ at }) => at >= outage)?.at ?? Number.NaN;
    // The longest wait between attempts is 30 s.
    assert.ok(recovered <= outage + 30_000, `the first request after the outage came at ${recovered} ms`);
    const { delivered, pending, dropped } = client.stats();
    assert.deepEqual(dropped, { evicted: 0, rejected: 0, expired: 0, abandoned: 0 });
    assert.equal(delivered + pending, 1_800);
    assert.ok(pending <= 60, `${pending} wait, a minute after the outage: more than the last flush has left`);

    // As if nothing had been: a flush is one request again.
    await environment.until(client.flush());
    const before = requests.length;
    for (let i = 0; i < 20; i++) client.track({ userId: i, event: "e" });
    await environment.until(client.flush());
    assert.deepEqual(
      requests.slice(before).map(({ messages }) => messages),
      [20],
    );
    assert.equal(client.stats().delivered, 1_820);
    await environment.until(client.close());
  });

  test("Go SDK: 401 is retried ten times", async () => {
    const { client, environment, requests } = start(() => ({ status: 401 }), { maxAge: "1h" });
    const receipt = client.track({ userId: "u", event: "e" });
    // Its ten attempts are over by now.
    await environment.advance(120_000);
    assert.ok(requests.length <= 4, `${requests.length} requests in two minutes`);
    assert.equal(client.stats().pending, 1);
    // The key may be mended; but not for ever.
    const outcome = await environment.until(receipt.delivered());
    assert.ok(outcome.status === "dropped" && outcome.reason === "expired", JSON.stringify(outcome));
    assert.equal(Math.floor(environment.time), 3_600_000);
    assert.ok(requests.length <= 40, `${requests.length} requests in an hour`);
    await environment.until(client.close());
  });

  test("others: a Retry-After is not waited for, and ends with 200 requests at one instant", async () => {
    const limited = 60_000;
    const { client, environment, requests } = start(
      (at) => (at < limited ? { status: 429, headers: { "retry-after": String((limited - at) / 1_000) } } : {}),
      { concurrency: 8, batchSize: 1 },
    );
    for (let i = 0; i < 200; i++) client.track({ userId: i, event: "e" });
    await environment.until(client.flush({ timeout: 600_000 }));
    assert.equal(client.stats().delivered, 200);

    const early = requests.filter(({ at }) => at < limited);
    assert.ok(early.length <= 8 && early.every(({ at }) => at < latency), "only those begun before the first answer");
    const [probe, ...later] = requests.slice(early.length);
    assert.equal(probe?.underWay, 0);
    assert.ok(
      later.every(({ at, underWay }) => at >= probe.at + latency && underWay < 8),
      "the others wait for the answer to the probe",
    );
    // The number grows with the answers, one by one.
    assert.deepEqual(
      later.slice(0, 3).map(({ underWay }) => underWay),
      [0, 0, 1],
    );
    await environment.until(client.close());
  });
});
