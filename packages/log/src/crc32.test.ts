import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32 as native } from "node:zlib";
import fc from "fast-check";
import { crc32, crc32Loop } from "./crc32.ts";

test("has the check value of CRC-32", () => {
  assert.equal(crc32Loop(Buffer.from("123456789"), 0, 9), 0xcbf43926);
  assert.equal(crc32(Buffer.from("123456789"), 0, 9), 0xcbf43926);
});

test("agrees with zlib on every part of any bytes, also when taken in two parts", () => {
  const parts = fc.uint8Array({ maxLength: 700 }).chain((bytes) => {
    const position = fc.nat({ max: bytes.length });
    return fc.tuple(fc.constant(bytes), position, position, position);
  });
  fc.assert(
    fc.property(parts, ([bytes, ...positions]) => {
      const [start, middle, end] = positions.sort((a, b) => a - b) as [number, number, number];
      const expected = native(bytes.subarray(start, end));
      assert.equal(crc32Loop(bytes, start, end), expected);
      assert.equal(crc32(bytes, middle, end, crc32(bytes, start, middle)), expected);
    }),
  );
});
