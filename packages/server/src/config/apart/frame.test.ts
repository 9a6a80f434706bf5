import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ConfigFrameReader, encodeFrame } from "./frame.ts";

test("a value comes out as it went in, in whatever pieces it arrives, and whatever comes behind it", () => {
  fc.assert(
    fc.property(fc.anything(), fc.array(fc.integer({ min: 1, max: 7 })), fc.uint8Array(), (value, sizes, behind) => {
      const bytes = Buffer.concat([encodeFrame(value), behind]);
      const reader = new ConfigFrameReader();
      assert.equal(reader.hasBegun, false);
      let at = 0;
      let found: { readonly value: unknown } | undefined;
      for (let piece = 0; at < bytes.length && found === undefined; piece++) {
        const size = sizes[piece] ?? bytes.length;
        found = reader.take(bytes.subarray(at, at + size));
        at += size;
      }
      assert.ok(found !== undefined);
      assert.deepEqual(found.value, value);
    }),
  );
});
