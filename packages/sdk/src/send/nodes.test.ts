import assert from "node:assert/strict";
import { test } from "node:test";
import { nodeHeaders } from "./node-headers.ts";
import { crc32, nodeOf, parseNodeCount } from "./nodes.ts";

test("CRC-32", () => {
  // The check value of the polynomial, and two more that Go's hash/crc32 (ChecksumIEEE) gives.
  assert.equal(crc32(new TextEncoder().encode("123456789")), 0xcbf43926);
  assert.equal(crc32(new Uint8Array()), 0);
  assert.equal(crc32(new TextEncoder().encode("The quick brown fox jumps over the lazy dog")), 0x414fa339);
});

test("the node is that of userId:anonymousId, an absent one empty", () => {
  const crc = (text: string): number => crc32(new TextEncoder().encode(text));
  assert.equal(nodeOf({ userId: "u", anonymousId: "a" }, 7), crc("u:a") % 7);
  assert.equal(nodeOf({ userId: "u" }, 7), crc("u:") % 7);
  assert.equal(nodeOf({ anonymousId: "a" }, 7), crc(":a") % 7);
  assert.equal(nodeOf({ userId: "u" }, 1), 0);
});

test("the headers", () => {
  assert.deepEqual(nodeHeaders(2, 3), { "RS-targetNode": "2", "RS-nodeCount": "3", "RS-userAgent": "serverSDK" });
});

test("the number of nodes", () => {
  const table: readonly (readonly [string, number | undefined])[] = [
    ['{"nodeCount":3}', 3],
    ['{"nodeCount":1,"more":true}', 1],
    ['{"nodeCount":0}', undefined],
    ['{"nodeCount":-1}', undefined],
    ['{"nodeCount":1.5}', undefined],
    ['{"nodeCount":"3"}', undefined],
    ['{"nodeCount":1e9}', undefined],
    ["{}", undefined],
    ["null", undefined],
    ["[]", undefined],
    ["", undefined],
    ["<html>", undefined],
  ];
  for (const [body, expected] of table) assert.equal(parseNodeCount(body), expected, body);
});
