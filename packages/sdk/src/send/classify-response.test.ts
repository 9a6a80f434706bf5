import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { classifyResponse, type ResponseClass } from "./classify-response.ts";
import { isSuccess } from "./success.ts";

const now = Date.UTC(2026, 10, 23, 9, 0, 0);

function response(status: number, body = "", headers: Record<string, string> = {}, nodeAware = true): ResponseClass {
  return classifyResponse({ status, headers, body }, now, nodeAware);
}

test("the table of answers", () => {
  for (const status of [200, 201, 202, 204, 206, 299]) assert.ok(isSuccess(status), String(status));
  const table: Readonly<Record<ResponseClass["act"], readonly number[]>> = {
    retry: [408, 425, 429, 500, 502, 503, 504, 506, 507, 508, 511, 520, 524, 599],
    split: [400, 413],
    regroup: [451],
    hold: [
      100, 199, 300, 301, 302, 304, 307, 308, 401, 402, 403, 404, 405, 406, 409, 410, 411, 414, 415, 418, 422, 431, 501,
      505, 600, 999,
    ],
    misread: [],
  };
  for (const [act, statuses] of Object.entries(table)) {
    for (const status of statuses) {
      assert.equal(response(status).act, act, String(status));
      assert.equal(isSuccess(status), false, String(status));
    }
  }
});

test("nothing but 2xx is a success, and every other status has a meaning", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 999 }), fc.string(), (status, body) => {
      assert.equal(isSuccess(status), Math.floor(status / 100) === 2);
      assert.match(response(status, body).act, /^(retry|split|regroup|hold|misread)$/);
    }),
  );
});

test("451 is about nodes only for a client that knows of nodes", () => {
  assert.deepEqual(response(451, "no", {}, false), { act: "hold", words: "no" });
});

test("Retry-After counts for 429 and 503 alone", () => {
  const headers = { "retry-after": "7" };
  assert.deepEqual(response(429, "", headers), { act: "retry", after: 7_000 });
  assert.deepEqual(response(503, "", headers), { act: "retry", after: 7_000 });
  assert.deepEqual(response(503, "", { "retry-after": "Mon, 23 Nov 2026 09:01:00 GMT" }), {
    act: "retry",
    after: 60_000,
  });
  assert.deepEqual(response(503, "", { "retry-after": "soon" }), { act: "retry" });
  assert.deepEqual(response(500, "", headers), { act: "retry" });
});

test("words that are about the body as a whole", () => {
  const misread = [
    "failed to uncompress request body\n",
    "invalid json\n",
    "empty batch payload\n",
    "could not gunzip",
    "Unsupported Content-Encoding",
    "Malformed JSON in request body",
    "error parsing JSON: unexpected end",
    "Unexpected end of JSON input",
    "failed to read body from request",
  ];
  const aboutMessages = [
    "",
    "request neither has anonymousId nor userId\n",
    "event is not a valid rudder event\n",
    "message 7 is bad",
    "Bad Request",
    "event name must not be empty",
  ];
  for (const words of misread) assert.equal(response(400, words).act, "misread", words);
  for (const words of aboutMessages) assert.equal(response(400, words).act, "split", words);
  assert.equal(response(413, "invalid json").act, "split", "too large is about size, whatever the words");
});

test("the server's words are kept on one line, and cut", () => {
  assert.deepEqual(response(404, " source is\n disabled\n"), { act: "hold", words: "source is disabled" });
  const cut = response(404, "x".repeat(10_000));
  assert.ok(cut.act === "hold" && cut.words.length === 503);
});
