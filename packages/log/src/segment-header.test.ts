import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { crc32 } from "./crc32.ts";
import { LogError } from "./errors.ts";
import { decodeSegmentHeader, encodeSegmentHeader, segmentHeaderBytes } from "./segment-header.ts";

const u64 = fc.maxSafeNat();
const plain = { noNullPrototype: true };
const previous = fc.record({ sequence: u64, end: u64, next: u64, time: u64 }, plain);
const headers = fc.record(
  {
    epoch: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
    sequence: u64,
    base: u64,
    created: u64,
    capacity: u64,
    previous,
    isOneOfSeveral: fc.boolean(),
  },
  plain,
);

test("every header comes back as it was, and any change of a bit is noticed", () => {
  fc.assert(
    fc.property(headers, fc.nat({ max: segmentHeaderBytes * 8 - 1 }), (header, bit) => {
      const bytes = encodeSegmentHeader(header);
      assert.equal(bytes.byteLength, segmentHeaderBytes);
      assert.deepEqual(decodeSegmentHeader(bytes, header.sequence, "f"), header);
      bytes[bit >>> 3]! ^= 1 << (bit & 7);
      assert.equal(decodeSegmentHeader(bytes, header.sequence, "f"), undefined);
    }),
  );
});

test("a header under another file's name is not accepted", () => {
  const header = {
    epoch: 1,
    sequence: 7,
    base: 0,
    created: 0,
    capacity: 0,
    previous: { sequence: 0, end: 0, next: 0, time: 0 },
    isOneOfSeveral: false,
  };
  assert.equal(decodeSegmentHeader(encodeSegmentHeader(header), 8, "f"), undefined);
});

test("a newer version and an unknown required feature are refused by name, an unknown optional feature is not", () => {
  const header = {
    epoch: 1,
    sequence: 7,
    base: 0,
    created: 0,
    capacity: 0,
    previous: { sequence: 0, end: 0, next: 0, time: 0 },
    isOneOfSeveral: false,
  };
  const changed = (position: number, value: number): Uint8Array => {
    const bytes = encodeSegmentHeader(header);
    const view = new DataView(bytes.buffer);
    view.setUint8(position, value);
    view.setUint32(124, crc32(bytes, 0, 124), true);
    return bytes;
  };
  const refused = (message: RegExp) => (error: unknown) =>
    error instanceof LogError && error.code === "PINTLE_LOG_NEWER_FORMAT" && message.test(error.message);
  assert.throws(
    () => decodeSegmentHeader(changed(8, 2), 7, "/d/0000000007.seg"),
    refused(/0000000007\.seg has format version 2.*up to 1/),
  );
  assert.throws(() => decodeSegmentHeader(changed(12, 4), 7, "/d/x.seg"), refused(/x\.seg needs the features 0x4/));
  assert.deepEqual(decodeSegmentHeader(changed(16, 4), 7, "f"), header);
});
