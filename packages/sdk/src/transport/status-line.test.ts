import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { StatusLine } from "./status-line.ts";

const encoder = new TextEncoder();

function read(text: string, size = text.length || 1): StatusLine {
  const line = new StatusLine();
  const bytes = encoder.encode(text);
  for (let at = 0; at < bytes.length; at += size) line.push(bytes.subarray(at, at + size));
  return line;
}

test("the status is that of the first final answer", () => {
  const cases: readonly (readonly [string, number | undefined])[] = [
    ["HTTP/1.1 200 OK\r\nX: 1\r\n", 200],
    ["HTTP/1.0 503\r\n", 503],
    ["HTTP/1.1 204 \n", 204],
    ["HTTP/1.1 200 OK", undefined],
    ["HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\n", 201],
    ["HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\n", 200],
    ["HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n", undefined],
    ["HTTP/1.1 2000 OK\r\n", undefined],
    ["SSH-2.0-OpenSSH_9.2\r\n", undefined],
    ["", undefined],
  ];
  for (const [text, status] of cases) {
    for (const size of [1, 3, 1000]) assert.equal(read(text, size).status, status, text);
  }
  assert.equal(read("").isEmpty, true);
  assert.equal(read("H").isEmpty, false);
});

test("how the bytes come makes no difference", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.integer({ min: 1, max: 9 }), (text, size) => {
      assert.equal(read(`HTTP/1.1 200 OK\r\n${text}`, size).status, 200);
      assert.equal(read(text, size).status, read(text).status);
    }),
    { numRuns: 50 },
  );
});
