import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { statusOf } from "./status-line.ts";

const status = (text: string): number => statusOf([Buffer.from(text, "latin1")]);

test("a complete status line decides, whatever follows", () => {
  assert.equal(status("HTTP/1.1 200 OK\r\n"), 200);
  assert.equal(status("HTTP/1.0 503\r\nretry-after"), 503);
  assert.equal(status("HTTP/1.1 204 \n\0\0: \x01"), 204);
  assert.equal(status("\r\n\r\nHTTP/1.1 404 nicht gefunden \xfc\r\n\r\n"), 404);
});

test("informational answers are passed over, with their headers", () => {
  assert.equal(status("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\n"), 201);
  assert.equal(status("HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 102 x\n\nHTTP/1.1 500 x\r\n"), 500);
  assert.equal(status("HTTP/1.1 103 Early Hints\r\nlink: HTTP/1.1 200 OK\r\n"), 0);
});

test("a line that is cut, or none, decides nothing", () => {
  for (const text of ["", "\r\n", "HTTP/1.1 200", "HTTP/1.1 200 OK\r", "HTTP/1.1 20\r\n", "HTTP/1.1 2000 OK\r\n"])
    assert.equal(status(text), 0, JSON.stringify(text));
  for (const text of ["HTTP/1.1 200OK\r\n", "HTTP/2 200\r\n", "<html>\r\nHTTP/1.1 200 OK\r\n", "HTTP/1.1 099 x\r\n"])
    assert.equal(status(text), 0, JSON.stringify(text));
  assert.equal(status(`HTTP/1.1 200 ${"x".repeat(9000)}\r\n`), 0);
});

test("it is the same in whatever pieces the bytes come, and no other as more of them come", () => {
  const line = fc.constantFrom("HTTP/1.1 100 Continue", "HTTP/1.1 200 OK", "HTTP/1.0 404", "x: y", "", "HTTP/1.1 5");
  const text = fc.array(line).map((lines) => Buffer.from(lines.join("\r\n"), "latin1"));
  fc.assert(
    fc.property(text, fc.array(fc.nat(60), { maxLength: 5 }), (bytes, lengths) => {
      const pieces: Buffer[] = [];
      let at = 0;
      for (const length of lengths) {
        pieces.push(bytes.subarray(at, at + length));
        at += length;
      }
      pieces.push(bytes.subarray(at));
      const whole = statusOf([bytes]);
      assert.equal(statusOf(pieces), whole);
      for (let end = 0; end < bytes.length; end++) {
        const part = statusOf([bytes.subarray(0, end)]);
        assert.ok(part === 0 || part === whole, `${part} of ${end} bytes, ${whole} of all`);
      }
    }),
  );
});
