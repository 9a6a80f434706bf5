import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { FakeDataPlane } from "./fake-data-plane.ts";

const message = { type: "track", messageId: "m-1", userId: "u", event: "e" };

function post(
  plane: FakeDataPlane,
  body: string | Uint8Array<ArrayBuffer> = JSON.stringify({ batch: [message] }),
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  return fetch(`${plane.url}/v1/batch`, {
    method: "POST",
    body,
    redirect: "manual",
    headers: { Authorization: `Basic ${btoa("key:")}`, ...headers },
  });
}

describe("FakeDataPlane", () => {
  test("keeps requests, and the messages of those that it answered with 2xx", async () => {
    await using plane = await FakeDataPlane.start();
    plane.script(500, 204);
    assert.equal((await post(plane)).status, 500);
    assert.equal(plane.messages.length, 0);
    assert.equal((await post(plane)).status, 204);
    assert.deepEqual(plane.messages, [message]);
    assert.equal((await post(plane)).status, 200);
    assert.deepEqual(
      plane.requests.map(({ index, status, path, writeKey }) => ({ index, status, path, writeKey })),
      [500, 204, 200].map((status, index) => ({ index, status, path: "/v1/batch", writeKey: "key" })),
    );
  });

  test("unpacks gzip, and refuses what it cannot understand", async () => {
    await using plane = await FakeDataPlane.start();
    const packed = new Uint8Array(gzipSync(JSON.stringify({ batch: [message] })));
    assert.equal((await post(plane, packed, { "Content-Encoding": "gzip" })).status, 200);
    assert.deepEqual(plane.messages, [message]);
    assert.equal(plane.requests[0]?.wireBytes, packed.byteLength);
    assert.equal((await post(plane, packed)).status, 400);
    assert.equal((await post(plane, "{}")).status, 400);
    assert.equal((await post(plane, "x", { "Content-Encoding": "br" })).status, 400);
    assert.ok(plane.requests.slice(1).every(({ problem }) => problem !== undefined));
  });

  test("lets only its write key in", async () => {
    await using plane = await FakeDataPlane.start({ writeKey: "another" });
    plane.script(200);
    assert.equal((await post(plane)).status, 401);
    assert.equal(plane.messages.length, 0);
  });

  test("Retry-After is a number of seconds, or a date", async () => {
    await using plane = await FakeDataPlane.start();
    const date = new Date("2030-01-02T03:04:05Z");
    plane.script({ status: 429, retryAfter: 7 }, { status: 503, retryAfter: date });
    assert.equal((await post(plane)).headers.get("retry-after"), "7");
    assert.equal((await post(plane)).headers.get("retry-after"), "Wed, 02 Jan 2030 03:04:05 GMT");
  });

  test("hangs, resets and truncates", async () => {
    await using plane = await FakeDataPlane.start();
    plane.script("reset", { truncated: true, body: "OK" }, "hang");
    await assert.rejects(post(plane));
    const truncated = await post(plane);
    assert.equal(truncated.headers.get("content-length"), "12");
    await assert.rejects(truncated.text());
    const hanging = assert.rejects(post(plane));
    await plane.until(() => plane.requests.length === 3);
    await plane.refuse();
    await hanging;
    assert.equal(plane.messages.length, 0);
    assert.deepEqual(
      plane.requests.map(({ status }) => status),
      [undefined, 200, undefined],
    );
  });

  test("an answer may wait for a promise, and see the request", async () => {
    await using plane = await FakeDataPlane.start();
    let let200 = (): void => {};
    const allowed = new Promise<number>((resolve) => {
      let200 = () => resolve(200);
    });
    plane.script(({ messages }) => (messages.length === 1 ? () => allowed : 500));
    const answer = post(plane);
    await plane.until(() => plane.requests.length === 1);
    assert.equal(plane.messages.length, 0);
    let200();
    assert.equal((await answer).status, 200);
  });

  test("drips byte by byte", async () => {
    await using plane = await FakeDataPlane.start();
    plane.script({ drip: 1, body: "slowly" });
    assert.equal(await (await post(plane)).text(), "slowly");
  });

  test("refuses connections, and comes back on the same port", async () => {
    await using plane = await FakeDataPlane.start();
    const { url } = plane;
    await plane.refuse();
    await assert.rejects(post(plane));
    await plane.accept();
    assert.equal(plane.url, url);
    assert.equal((await post(plane)).status, 200);
  });

  test("/cluster-info tells the number of nodes, where there is one", async () => {
    await using plane = await FakeDataPlane.start();
    assert.equal((await fetch(`${plane.url}/cluster-info`)).status, 404);
    plane.nodes(3);
    assert.deepEqual(await (await fetch(`${plane.url}/cluster-info`)).json(), { nodeCount: 3 });
    assert.equal(plane.clusterRequests.length, 2);
    assert.equal(plane.requests.length, 0);
  });

  test("until rejects when its condition throws", async () => {
    await using plane = await FakeDataPlane.start();
    await assert.rejects(
      plane.until(() => {
        throw new Error("no");
      }),
      /no/,
    );
  });
});
