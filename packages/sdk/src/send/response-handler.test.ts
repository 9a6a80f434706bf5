/**
 * The table of answers, as a client acts on it: what is sent again and when, what is split, held,
 * dropped.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { startVirtualClient as start, type VirtualAnswer } from "../simulation/virtual-client.ts";
import { longestRetryAfter } from "./answer-delays.ts";

/** Answers with these, one after the other, then with 200. */
function script(...answers: readonly ReturnType<VirtualAnswer>[]): VirtualAnswer {
  let asked = 0;
  return () => answers[asked++] ?? {};
}

/**
 * One message, first answered so, then with 200: how long until the second request, and how it
 * ended.
 */
async function secondAttempt(answer: ReturnType<VirtualAnswer>) {
  const { client, environment, requests } = start({ interval: 0 }, script(answer));
  const receipt = client.track({ userId: "u", event: "e" });
  const outcome = await environment.until(receipt.delivered());
  await environment.until(client.close());
  const [first, second] = requests;
  return { outcome, wait: (second?.at ?? Number.NaN) - (first?.at ?? Number.NaN), requests: requests.length };
}

describe("the table of answers, applied", () => {
  for (const status of [200, 201, 202, 204, 299]) {
    test(`${status} delivers`, async () => {
      const { outcome, requests } = await secondAttempt({ status });
      assert.deepEqual([outcome.status, requests], ["delivered", 1]);
    });
  }

  for (const answer of [
    "reset",
    { status: 408 },
    { status: 425 },
    { status: 429 },
    { status: 500 },
    { status: 502 },
    { status: 503 },
    { status: 504 },
    { status: 599 },
  ] as const) {
    test(`${answer === "reset" ? answer : answer.status} is tried again soon`, async () => {
      const { outcome, wait } = await secondAttempt(answer);
      assert.equal(outcome.status, "delivered");
      assert.ok(wait >= 250 && wait <= 501, `${wait} ms`);
    });
  }

  for (const status of [100, 301, 302, 304, 401, 403, 404, 405, 410, 415, 418, 501, 505]) {
    test(`${status} is held: tried again after long, and delivered once it is mended`, async () => {
      const { outcome, wait } = await secondAttempt({ status });
      assert.equal(outcome.status, "delivered");
      assert.ok(wait >= 15_000 && wait <= 30_001, `${wait} ms`);
    });
  }

  for (const status of [400, 413]) {
    test(`${status} to a single message drops it, in the server's words`, async () => {
      const { outcome, requests } = await secondAttempt({ status, body: "event name is reserved\n" });
      assert.ok(outcome.status === "dropped" && outcome.reason === "rejected");
      assert.equal(outcome.error.status, status);
      assert.match(outcome.error.message, /"event name is reserved"/);
      assert.equal(requests, 1);
    });
  }

  for (const status of [429, 503]) {
    for (const [asked, least] of [
      ["7", 7_000],
      ["100000", longestRetryAfter],
      ["Thu, 01 Jan 2026 00:01:00 GMT", 60_000],
    ] as const) {
      test(`${status} with Retry-After: ${asked} is not tried before`, async () => {
        const { outcome, wait } = await secondAttempt({ status, headers: { "retry-after": asked } });
        assert.equal(outcome.status, "delivered");
        assert.ok(wait >= least && wait <= least + Math.max(1_000, least / 10) + 1, `${wait} ms`);
      });
    }
  }

  test("Retry-After of any other status is not obeyed", async () => {
    const { wait } = await secondAttempt({ status: 500, headers: { "retry-after": "7" } });
    assert.ok(wait <= 501, `${wait} ms`);
  });
});

describe("splitting", () => {
  test("finds the messages at fault; the others are delivered, in order, once", async () => {
    const bad = new Set([0, 17, 18, 63]);
    const { client, environment, messages } = start({ batchSize: 64 }, ({ batch }) =>
      batch.some(({ properties }) => bad.has((properties as { n: number }).n))
        ? { status: 400, body: `bad ${batch.length}` }
        : {},
    );
    const outcomes = Array.from({ length: 64 }, (_, n) =>
      client.track({ userId: "u", event: "e", properties: { n } }).delivered(),
    );
    await environment.until(client.flush({ timeout: "1h" }));
    for (const [n, outcome] of (await Promise.all(outcomes)).entries()) {
      assert.equal(outcome.status, bad.has(n) ? "dropped" : "delivered", `${n}`);
    }
    assert.deepEqual(
      messages.map(({ properties }) => (properties as { n: number }).n),
      Array.from({ length: 64 }, (_, n) => n).filter((n) => !bad.has(n)),
    );
    await environment.until(client.close());
  });

  test("halves go one after the other", async () => {
    let underWay = 0;
    let most = 0;
    const { client, environment } = start({ batchSize: 16 }, ({ batch }) => ({ status: batch.length > 1 ? 413 : 200 }));
    const { transport } = environment;
    environment.transport = async (request) => {
      most = Math.max(most, ++underWay);
      await new Promise<void>((resolve) => environment.after(10, resolve));
      underWay--;
      return transport(request);
    };
    for (let n = 0; n < 16; n++) client.track({ userId: n, event: "e" });
    await environment.until(client.flush({ timeout: "1h" }));
    assert.equal(client.stats().delivered, 16);
    assert.equal(most, 1);
    await environment.until(client.close());
  });
});

describe("what looks like the server's own fault is held, not dropped", () => {
  test("three messages alone, refused alike with no success: all are kept, and delivered when it is mended", async () => {
    let isBroken = true;
    const { client, environment, requests } = start({ batchSize: 8 }, () =>
      isBroken ? { status: 400, body: "schema error" } : {},
    );
    for (let n = 0; n < 8; n++) client.track({ userId: "u", event: "e", properties: { n } });
    await environment.advance(1_000);
    const { pending, dropped } = client.stats();
    assert.deepEqual([pending, dropped.rejected], [8, 0]);
    const tried = requests.length;
    await environment.advance(10_000);
    assert.equal(requests.length, tried, "held: not tried for a long time");
    isBroken = false;
    await environment.until(client.flush({ timeout: "10m" }));
    assert.equal(client.stats().delivered, 8);
    await environment.until(client.close());
  });

  for (const body of ["invalid json\n", "failed to uncompress request body", "empty batch payload"]) {
    test(`words about the whole body (${body.trim()}) drop nothing while nothing else is accepted`, async () => {
      let isBroken = true;
      const { client, environment, requests } = start({ batchSize: 8, maxAge: "1d" }, () =>
        isBroken ? { status: 400, body } : {},
      );
      for (let n = 0; n < 8; n++) client.track({ userId: "u", event: "e", properties: { n } });
      await environment.advance(1_000);
      const tried = requests.length;
      await environment.advance(10_000);
      assert.equal(requests.length, tried, "held: not tried for a long time");
      await environment.advance(3_600_000);
      assert.equal(client.stats().pending, 8);
      isBroken = false;
      await environment.until(client.flush({ timeout: "10m" }));
      assert.equal(client.stats().delivered, 8);
      await environment.until(client.close());
    });
  }

  test("but a body that stays unreadable while others are read has something in it: that is found and dropped", async () => {
    const { client, environment } = start({ batchSize: 4, maxAge: "1d" }, ({ batch }) =>
      batch.some(({ event }) => event === "odd") ? { status: 400, body: "invalid json" } : {},
    );
    const odd = client.track({ userId: "u", event: "odd" });
    for (let n = 0; n < 20; n++) client.track({ userId: n, event: "e" });
    const outcome = await environment.until(odd.delivered());
    assert.ok(outcome.status === "dropped" && outcome.reason === "rejected", JSON.stringify(outcome));
    await environment.until(client.flush({ timeout: "1h" }));
    assert.equal(client.stats().delivered, 20);
    await environment.until(client.close());
  });
});

describe("one message that the server calls invalid JSON", () => {
  const isOdd = ({ properties }: { readonly properties?: unknown }) => (properties as { odd?: boolean }).odd === true;
  const judge: VirtualAnswer = ({ batch }) => (batch.some(isOdd) ? { status: 400, body: "invalid json" } : {});

  test("is found and dropped, wherever it stands; the others of its user are delivered, in order", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 2, max: 60 }),
        fc.nat(),
        fc.integer({ min: 1, max: 40 }),
        async (count, at, batchSize) => {
          const { client, environment, messages } = start({ batchSize }, judge);
          const odd = at % count;
          const receipts = Array.from({ length: count }, (_, n) =>
            client.track({ userId: "u", event: "e", properties: { n, odd: n === odd } }),
          );
          // The last one of all would wait for another one: it could as well be the server's fault.
          client.track({ userId: "u", event: "e", properties: { n: count } });
          const flushed = await environment.until(client.flush({ timeout: "2m" }));
          const own = messages.map(({ properties }) => (properties as { n: number }).n);
          assert.deepEqual(
            own,
            [...receipts.keys(), count].filter((n) => n !== odd),
          );
          assert.deepEqual(flushed, { delivered: count, dropped: 1, pending: 0 });
          const outcome = await receipts[odd]!.delivered();
          assert.ok(outcome.status === "dropped" && outcome.reason === "rejected");
          await environment.until(client.close());
        },
      ),
      { numRuns: 100 },
    );
  });

  test("and is alone in its batch is found by the message behind it", async () => {
    const { client, environment, messages } = start({ interval: 0 }, judge);
    const odd = client.track({ userId: "u", event: "e", properties: { odd: true } });
    await environment.advance(1_000);
    assert.equal(client.stats().pending, 1, "it may be the server's fault");
    const next = client.track({ userId: "u", event: "e", properties: { n: 1 } });
    await environment.advance(60_000);
    assert.deepEqual((await odd.delivered()).status, "dropped");
    assert.deepEqual((await next.delivered()).status, "delivered");
    assert.equal(messages.length, 1);
    await environment.until(client.close());
  });

  test("several of them in a row are found, too, with more tries each time", async () => {
    const { client, environment } = start({ batchSize: 20 }, judge);
    for (let n = 0; n < 20; n++) client.track({ userId: "u", event: "e", properties: { n, odd: n >= 2 && n < 10 } });
    await environment.until(client.flush({ timeout: "10m" }));
    const { delivered, dropped, pending } = client.stats();
    assert.deepEqual([delivered, dropped.rejected, pending], [12, 8, 0]);
    await environment.until(client.close());
  });

  test("a server that is wrong about everything is not asked without end, and nothing is dropped but by age", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 50 }), async (count, users) => {
        const { client, environment, requests } = start({ batchSize: 50 }, () => ({
          status: 400,
          body: "invalid json",
        }));
        for (let n = 0; n < count; n++) client.track({ userId: n % users, event: "e", properties: { n } });
        await environment.advance(10_000);
        assert.ok(requests.length <= 60, `${requests.length} requests in the first seconds`);
        await environment.advance(3_600_000);
        assert.ok(requests.length <= 1_000, `${requests.length} requests in an hour`);
        const { dropped, pending } = client.stats();
        assert.deepEqual([dropped.expired + pending, dropped.rejected], [count, 0]);
        await environment.until(client.close({ timeout: 0 }));
      }),
      { numRuns: 20 },
    );
  });
});

test("what is held is dropped as expired at maxAge", async () => {
  const { client, environment } = start({ maxAge: "1h" }, () => ({ status: 401 }));
  const outcome = await environment.until(client.track({ userId: "u", event: "e" }).delivered());
  assert.ok(outcome.status === "dropped" && outcome.reason === "expired");
  assert.equal(Math.floor(environment.time), 3_600_000);
  await environment.until(client.close());
});

test("451 is answered by asking for the nodes, which close interrupts", async () => {
  const { client, environment } = start({ interval: 0 });
  const asked: string[] = [];
  let aborted = false;
  environment.transport = ({ method, url, signal }) => {
    asked.push(`${method} ${new URL(url).pathname}`);
    if (method === "POST") return Promise.resolve({ status: 451, headers: {}, body: "" });
    return new Promise((_, reject) => {
      signal.addEventListener("abort", () => {
        aborted = true;
        reject(new Error("aborted"));
      });
    });
  };
  client.track({ userId: "u", event: "e" });
  await environment.advance(100);
  assert.deepEqual(asked, ["POST /v1/batch", "GET /cluster-info"]);
  const closed = await environment.until(client.close({ timeout: 500 }));
  assert.deepEqual(closed, { delivered: 0, dropped: 1, pending: 0 });
  assert.equal(environment.time, 600);
  assert.ok(aborted);
  assert.equal(environment.timers, 0);
});
